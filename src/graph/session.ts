/** The only file that loads the native TensorFlow: writes a graph as a SavedModel and runs its signatures. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import util from 'node:util';
import type * as tfjs from '@tensorflow/tfjs-node-gpu';
import { RunError } from '../lib/errors.ts';
import { type GraphBuilder, type KernelChoice, portableKernels } from './builder.ts';
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

/** What of a signature a call needs: the tensors' names in the graph, by the keys under which they are fed and fetched. */
interface Signature {
  readonly inputs: Readonly<Record<string, { readonly name: string; readonly tfDtype?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly name: string }>>;
}

/**
 * The part of tfjs's backend that its SavedModels are made of. `tf.node.loadSavedModel` reads and parses the whole file
 * for each signature, which takes longer than TensorFlow's own loading; here it is loaded once for all of them.
 */
interface Backend {
  loadSavedModelMetaGraph(path: string, tags: string): number;
  runSavedModel(
    id: number,
    inputs: readonly tfjs.Tensor[],
    inputNames: readonly Signature['inputs'][string][],
    outputNames: readonly string[],
  ): readonly tfjs.Tensor[];
  deleteSavedModel(id: number): void;
}

const tag = 'serve';

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
  // several processes may share a GPU: none takes all of its memory at once
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
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

let loadingKernels: Promise<KernelChoice> | undefined;

/** What suits this machine's processor; where TensorFlow uses a GPU, what suits any. */
export function kernelsHere(): Promise<KernelChoice> {
  loadingKernels ??= loadKernels();
  return loadingKernels;
}

/** Whether TensorFlow found a GPU that it uses. */
export async function usesGpu(): Promise<boolean> {
  const backend = (await tensorflow()).backend();
  return 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true;
}

async function loadKernels(): Promise<KernelChoice> {
  // they are kernels for the CPU
  if (await usesGpu()) return portableKernels;
  const require = createRequire(import.meta.url);
  const library = join(
    dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')),
    'lib',
    'napi-v8',
    kernelsFile,
  );
  return require(library) as KernelChoice;
}

/** A loaded graph with its variables. Every call is synchronous: the event loop waits for it. */
export class Session {
  readonly #tf: TensorFlow;
  readonly #id: number;
  readonly #signatures: Readonly<Record<string, Signature>>;
  private constructor(tf: TensorFlow, folder: string, signatures: Readonly<Record<string, Signature>>) {
    this.#tf = tf;
    this.#id = backendOf(tf).loadSavedModelMetaGraph(folder, tag);
    this.#signatures = signatures;
  }

  /** Loads the graph that `g` holds; the files on disk are gone when this returns. */
  static async open(g: GraphBuilder): Promise<Session> {
    const tf = await tensorflow();
    const folder = await mkdtemp(join(tmpdir(), 'nasoa-graph-'));
    try {
      await writeFile(join(folder, 'saved_model.pb'), encodeSavedModel(g.nodes, g.signatures, tag));
      return new Session(tf, folder, g.signatures);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Opens an exported SavedModel on disk. Throws RunError where it has no such signature. */
  static async load(folder: string, signature: string): Promise<Session> {
    const tf = await tensorflow();
    const [metaGraph] = await tf.node.getMetaGraphsFromSavedModel(folder);
    const signatures = metaGraph?.signatureDefs ?? {};
    if (signatures[signature] === undefined) {
      throw new RunError(`The graph in "${folder}" has no signature ${signature}.`, 'Use a model that nasoa exported.');
    }
    return new Session(tf, folder, signatures);
  }

  /** Runs one signature; its numeric outputs. Throws RunError with TensorFlow's own words when it fails. */
  run(signature: string, feeds: Readonly<Record<string, Feed>> = {}): Record<string, Fetched> {
    const loaded = this.#signatures[signature];
    if (!loaded) throw new Error(`no signature ${signature}`);
    const tf = this.#tf;
    const names = Object.entries(loaded.inputs);
    const inputs = names.map(([key]) => {
      const feed = feeds[key];
      if (!feed) throw new Error(`${signature} needs ${key}`);
      return tf.tensor(feed.data, [...feed.shape], feed.data instanceof Int32Array ? 'int32' : 'float32');
    });
    const keys = Object.keys(loaded.outputs);
    try {
      const outputs = backendOf(tf).runSavedModel(
        this.#id,
        inputs,
        names.map(([, info]) => info),
        Object.values(loaded.outputs).map(({ name }) => name),
      );
      const fetched = outputs.flatMap((t, i) => {
        const { shape, dtype } = t;
        const data = dtype === 'string' ? undefined : (t.dataSync() as Float32Array | Int32Array);
        t.dispose();
        return data ? [[keys[i] as string, { data, shape }] as const] : [];
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
      for (const t of inputs) t.dispose();
    }
  }

  close(): void {
    backendOf(this.#tf).deleteSavedModel(this.#id);
  }
}

const backendOf = (tf: TensorFlow): Backend => tf.backend() as unknown as Backend;

/** Version of the native library, such as 2.21.0. */
export async function tensorflowVersion(): Promise<string> {
  const backend = (await tensorflow()).backend();
  const binding = 'binding' in backend ? (backend.binding as { TF_Version?: unknown }) : {};
  return String(binding.TF_Version ?? 'unknown');
}
