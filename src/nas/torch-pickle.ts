import { open } from 'node:fs/promises';
import { hasCode, InputError } from '../lib/errors.ts';
import type { HostTensor, TensorData } from './host-tensor.ts';
import { PyDict } from './pickle.ts';
import { readLegacy } from './torch-legacy.ts';
import { materialise, type StorageRef, TensorRef } from './torch-tensor.ts';
import { readZip } from './torch-zip.ts';

/** What a `.pth` file holds once its pickle is read: the object saved, and the way to its storages. */
export interface TorchFile {
  readonly root: unknown;
  readonly storage: (ref: StorageRef) => Promise<TensorData>;
  readonly close: () => void;
}

const remedy = 'Save the weights with torch.save(model.state_dict(), "weights.pth"), or convert them to safetensors.';

/** Where training scripts keep the state dict in a checkpoint. */
const nestedUnder = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'module'];

/**
 * The tensors of a PyTorch `.pth` or `.pt` state dict by name, without running any code of the file: both the zip
 * format of torch >= 1.6 and the older one. A state dict inside a checkpoint is found, `module.` prefixes are dropped.
 * Throws InputError for a file that is cut off, damaged, no state dict, or that holds code.
 */
export async function readTorchStateDict(path: string): Promise<Map<string, HostTensor>> {
  const file = (await firstBytes(path)).startsWith('PK') ? await readZip(path) : await readLegacy(path);
  try {
    const named = stateDictOf(file.root, path);
    const storages = new Map<string, TensorData>();
    const tensors = new Map<string, HostTensor>();
    for (const [name, ref] of named) {
      const key = `${ref.storage.key} ${ref.storage.dtype} ${ref.storage.elements}`;
      const data = storages.get(key) ?? (await file.storage(ref.storage));
      storages.set(key, data);
      tensors.set(name, materialise(ref, data));
    }
    return tensors;
  } finally {
    file.close();
  }
}

/** Tensors by name out of what was saved: the state dict itself, or a checkpoint that holds one. */
function stateDictOf(root: unknown, path: string): Map<string, TensorRef> {
  const named = tensorsIn(root);
  if (named.size > 0) return withoutModulePrefix(named);
  if (root instanceof PyDict) {
    for (const key of nestedUnder) {
      const inner = tensorsIn(root.entries.get(key));
      if (inner.size > 0) return withoutModulePrefix(inner);
    }
  }
  throw new InputError(`${path} holds no state dict: no tensors under names were found in it.`, remedy);
}

function tensorsIn(value: unknown): Map<string, TensorRef> {
  const named = new Map<string, TensorRef>();
  if (!(value instanceof PyDict)) return named;
  for (const [name, item] of value.entries) {
    if (typeof name === 'string' && item instanceof TensorRef) named.set(name, item);
  }
  return named;
}

/** DataParallel puts `module.` before every name. */
function withoutModulePrefix(named: Map<string, TensorRef>): Map<string, TensorRef> {
  const prefix = 'module.';
  if (![...named.keys()].every((name) => name.startsWith(prefix))) return named;
  return new Map([...named].map(([name, ref]) => [name.slice(prefix.length), ref]));
}

/** The first bytes of a file, as latin1. Throws InputError when there is no such file. */
export async function firstBytes(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) throw new InputError(`There is no file ${path}.`, 'Check the path.', { cause });
    if (hasCode(cause, 'EISDIR')) throw new InputError(`${path} is a folder.`, 'Give the path of a file.', { cause });
    throw new InputError(`The file ${path} cannot be read.`, 'Check its permissions.', { cause });
  }
}
