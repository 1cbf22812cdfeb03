/** The only file that loads the native TensorFlow: writes a graph as a SavedModel and runs its signatures. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import util from 'node:util';
import type * as tfjs from '@tensorflow/tfjs-node-gpu';
import { RunError } from '../lib/errors.ts';
import { type GraphBuilder, noOwnKernels, type OwnKernels } from './builder.ts';
import { encodeSavedModel } from './proto.ts';

/** Values to feed: float32 or int32 in row-major order, with their shape. */
export interface Feed {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}
export interface Fetched {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Beside the binding of tfjs-node-gpu. */
const kernelsFile = 'nasoa_kernels.node';

type TensorFlow = typeof tfjs;
type Signature = Awaited<ReturnType<TensorFlow['node']['loadSavedModel']>>;

let loading: Promise<TensorFlow> | undefined;

/** The native library, loaded once; RunError with the way to mend it where it is not set up. */
export function tensorflow(): Promise<TensorFlow> {
  loading ??= load();
  return loading;
}

async function load(): Promise<TensorFlow> {
  // tfjs 4.22 calls this function, which Node 23 removed
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // by default TensorFlow uses oneDNN on CPUs with AVX-512 VNNI alone; on AVX2 it is faster as well (make bench-step)
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  try {
    const module = await import('@tensorflow/tfjs-node-gpu');
    return 'default' in module ? (module.default as TensorFlow) : module;
  } catch (error) {
    throw new RunError(
      'The native TensorFlow library cannot be loaded.',
      'Run `make setup` once in the checkout of nasoa.',
      {
        cause: error,
      },
    );
  }
}

let loadingKernels: Promise<OwnKernels> | undefined;

/** nasoa's own kernels as far as this machine's processor can run them; none where TensorFlow uses a GPU. */
export function ownKernels(): Promise<OwnKernels> {
  loadingKernels ??= loadKernels();
  return loadingKernels;
}

async function loadKernels(): Promise<OwnKernels> {
  const backend = (await tensorflow()).backend();
  // they are kernels for the CPU
  if ('isUsingGpuDevice' in backend && backend.isUsingGpuDevice) return noOwnKernels;
  const require = createRequire(import.meta.url);
  const library = join(
    dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')),
    'lib',
    'napi-v8',
    kernelsFile,
  );
  return require(library) as OwnKernels;
}

/** A loaded graph with its variables. Every call is synchronous: the event loop waits for it. */
export class Session {
  readonly #tf: TensorFlow;
  readonly #signatures: ReadonlyMap<string, Signature>;
  private constructor(tf: TensorFlow, signatures: ReadonlyMap<string, Signature>) {
    this.#tf = tf;
    this.#signatures = signatures;
  }

  /** Loads the graph that `g` holds; the files on disk are gone when this returns. */
  static async open(g: GraphBuilder): Promise<Session> {
    const tf = await tensorflow();
    // a folder of its own for each session: sessions of one path would share their variables
    const folder = await mkdtemp(join(tmpdir(), 'nasoa-graph-'));
    try {
      await writeFile(join(folder, 'saved_model.pb'), encodeSavedModel(g.nodes, g.signatures, 'serve'));
      const signatures = new Map<string, Signature>();
      for (const name of Object.keys(g.signatures)) {
        signatures.set(name, await tf.node.loadSavedModel(folder, ['serve'], name));
      }
      return new Session(tf, signatures);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Opens an exported SavedModel on disk. */
  static async load(folder: string, signature = 'serving_default'): Promise<Session> {
    const tf = await tensorflow();
    return new Session(tf, new Map([[signature, await tf.node.loadSavedModel(folder, ['serve'], signature)]]));
  }

  /** Runs one signature; its numeric outputs. Throws RunError with TensorFlow's own words when it fails. */
  run(signature: string, feeds: Readonly<Record<string, Feed>> = {}): Record<string, Fetched> {
    const loaded = this.#signatures.get(signature);
    if (!loaded) throw new Error(`no signature ${signature}`);
    const tf = this.#tf;
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([key, { data, shape }]) => [
        key,
        tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
      ]),
    );
    try {
      const outputs = loaded.predict(inputs) as tfjs.NamedTensorMap;
      const fetched = Object.entries(outputs).flatMap(([key, t]) => {
        const { shape, dtype } = t;
        const data = dtype === 'string' ? undefined : (t.dataSync() as Float32Array | Int32Array);
        t.dispose();
        return data ? [[key, { data, shape }] as const] : [];
      });
      return Object.fromEntries(fetched);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new RunError(
        `TensorFlow could not run ${signature}: ${words}`,
        'Use a smaller batch or input if memory ran out.',
        {
          cause: error,
        },
      );
    } finally {
      for (const t of Object.values(inputs)) t.dispose();
    }
  }

  close(): void {
    for (const signature of this.#signatures.values()) signature.dispose();
  }
}

/** Version of the native library, such as 2.21.0. */
export async function tensorflowVersion(): Promise<string> {
  const backend = (await tensorflow()).backend();
  const binding = 'binding' in backend ? (backend.binding as { TF_Version?: unknown }) : {};
  return String(binding.TF_Version ?? 'unknown');
}
