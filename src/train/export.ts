/** Writes a trained model as users take it away: SavedModel, safetensors, labels and a model card in one folder. */
import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeSavedModel } from '../graph/proto.ts';
import { hasCode, InputError } from '../lib/errors.ts';
import type { HostTensor } from '../nas/host-tensor.ts';
import type { Network } from '../nas/layers.ts';
import { encodeSafetensors } from '../nas/safetensors.ts';
import { servingGraph } from '../nas/serving-graph.ts';

export interface ExportOptions {
  readonly folder: string;
  readonly network: Network;
  readonly weights: ReadonlyMap<string, HostTensor>;
  readonly inputSize: number;
  readonly classes: readonly string[];
  readonly card: string;
  readonly accuracy: number;
}

/** `model.json`: what `nasoa predict` and other programs need besides the graph. */
export interface ModelInfo {
  readonly format: 'nasoa-model';
  readonly version: 1;
  readonly encoding: string;
  readonly inputSize: number;
  readonly classes: readonly string[];
  /** Top-1 on the validation split, 0 to 1. */
  readonly accuracy: number;
}

/** Writes everything beside and swaps it in whole: there is never half a model. */
export async function exportModel(o: ExportOptions): Promise<void> {
  const beside = `${o.folder}.${randomUUID().slice(0, 8)}.part`;
  const old = `${o.folder}.${randomUUID().slice(0, 8)}.old`;
  const { encoding } = o.network;
  const info: ModelInfo = {
    format: 'nasoa-model',
    version: 1,
    encoding,
    inputSize: o.inputSize,
    classes: o.classes,
    accuracy: o.accuracy,
  };
  try {
    await mkdir(beside, { recursive: true });
    const g = servingGraph(o.network, o.weights, o.inputSize, o.classes);
    const write = (name: string, content: string | Uint8Array) =>
      writeFile(join(beside, name), content, { flush: true });
    await write('saved_model.pb', encodeSavedModel(g.nodes, g.signatures, 'serve'));
    await write('weights.safetensors', encodeSafetensors(o.weights, { encoding, inputSize: String(o.inputSize) }));
    await write('model.json', `${JSON.stringify(info, null, 2)}\n`);
    await write('labels.txt', `${o.classes.join('\n')}\n`);
    await write('README.md', o.card);
    await mkdir(dirname(o.folder), { recursive: true });
    await rename(o.folder, old).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
    await rename(beside, o.folder);
  } catch (error) {
    // whatever went wrong, the model that was there is there again
    if (await isThere(old)) await rename(old, o.folder);
    throw error;
  } finally {
    await rm(beside, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Reads `model.json` of a model folder, or of the output folder around it; with the folder that holds the graph. */
export async function readModelInfo(path: string): Promise<{ readonly folder: string; readonly info: ModelInfo }> {
  for (const folder of [path, join(path, 'model')]) {
    const text = await readFile(join(folder, 'model.json'), 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
      const file = join(folder, 'model.json');
      throw new InputError(
        `The model description "${file}" cannot be read.`,
        'Check what it is, and its permissions.',
        {
          cause: error,
        },
      );
    });
    if (text !== undefined) return { folder, info: parseModelInfo(text, join(folder, 'model.json')) };
  }
  throw new InputError(
    `There is no model in "${path}".`,
    'Give the model folder that `nasoa tune` wrote, or its output folder.',
  );
}

function parseModelInfo(text: string, file: string): ModelInfo {
  const wrong = (cause?: unknown) =>
    new InputError(`The model description "${file}" is damaged.`, 'Export the model again with `nasoa tune`.', {
      cause,
    });
  let raw: Partial<ModelInfo>;
  try {
    raw = JSON.parse(text) as Partial<ModelInfo>;
  } catch (error) {
    throw wrong(error);
  }
  const { format, version, encoding, inputSize, classes, accuracy } = raw ?? {};
  if (format !== 'nasoa-model' || version !== 1) throw wrong();
  if (typeof encoding !== 'string' || typeof inputSize !== 'number' || typeof accuracy !== 'number') throw wrong();
  if (!Number.isInteger(inputSize) || inputSize < 1) throw wrong();
  if (!Array.isArray(classes) || classes.length === 0 || !classes.every((c) => typeof c === 'string')) throw wrong();
  return { format, version, encoding, inputSize, classes, accuracy };
}
