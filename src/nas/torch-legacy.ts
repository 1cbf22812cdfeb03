import { readFile, stat } from 'node:fs/promises';
import { InputError } from '../lib/errors.ts';
import { dtypes, type TensorData } from './host-tensor.ts';
import { type PickleHost, PyDict, unpickle } from './pickle.ts';
import type { TorchFile } from './torch-pickle.ts';
import { type StorageRef, storageData, storageOf, torchGlobals } from './torch-tensor.ts';

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;
const longestFile = 2 ** 31 - 1;
const remedy = 'Save the weights with torch.save(model.state_dict(), "weights.pth"), or convert them to safetensors.';

/**
 * Reads the format of torch < 1.6: five pickles (magic number, version, facts of the machine, the object, the keys of
 * its storages), then for each key its number of elements (8 bytes) and the elements.
 */
export async function readLegacy(path: string): Promise<TorchFile> {
  if ((await stat(path)).size > longestFile) {
    throw new InputError(`${path} is larger than 2 GiB, too large for PyTorch's old format.`, remedy);
  }
  const bytes = await readFile(path);
  // a file that is no pickle at all should not be blamed for a strange instruction
  if (bytes[0] !== 0x80)
    throw new InputError(`${path} is neither a safetensors file nor a PyTorch state dict.`, remedy);
  const used = new Map<string, StorageRef>();
  const host: PickleHost = {
    globals: torchGlobals,
    persistent: (id, fail) => {
      const ref = storageOf(id, fail);
      const known = used.get(ref.key);
      if (known !== undefined && (known.dtype !== ref.dtype || known.elements !== ref.elements)) {
        throw fail(`it describes the storage ${ref.key} in two ways`);
      }
      used.set(ref.key, ref);
      return ref;
    },
    what: path,
  };
  let at = 0;
  const next = (): unknown => {
    const { value, end } = unpickle(bytes, at, host);
    at = end;
    return value;
  };
  if (next() !== magicNumber) throw new InputError(`${path} is a pickle, but none that torch.save wrote.`, remedy);
  if (next() !== protocolVersion) throw new InputError(`${path} has an unknown version of PyTorch's format.`, remedy);
  const machine = next();
  if (machine instanceof PyDict && machine.entries.get('little_endian') === false) {
    throw new InputError(`${path} was written on a big-endian machine.`, 'Save it anew on a little-endian one.');
  }
  const root = next();
  const storages = readStorages(path, bytes, next(), () => at, used);
  const storage = async (ref: StorageRef): Promise<TensorData> => {
    const data = storages.get(ref.key);
    if (data === undefined) throw new InputError(`${path} lacks the values of a tensor (${ref.key}).`, remedy);
    return data;
  };
  return { root, storage, close: () => {} };
}

function readStorages(
  path: string,
  bytes: Buffer,
  keys: unknown,
  start: () => number,
  used: ReadonlyMap<string, StorageRef>,
): Map<string, TensorData> {
  if (!Array.isArray(keys)) throw new InputError(`${path} has no list of its storages.`, remedy);
  const storages = new Map<string, TensorData>();
  let at = start();
  for (const key of keys) {
    const ref = used.get(String(key));
    if (ref === undefined) throw new InputError(`${path} has values that belong to no tensor.`, remedy);
    const length = ref.elements * dtypes[ref.dtype].bytes;
    if (at + 8 + length > bytes.length) {
      throw new InputError(`${path} is cut off: ${length} bytes of values should start at byte ${at + 8}.`, remedy);
    }
    if (Number(bytes.readBigUInt64LE(at)) !== ref.elements) {
      throw new InputError(`${path} is damaged: the storage at byte ${at} has another length than its tensor.`, remedy);
    }
    storages.set(ref.key, storageData(ref, new Uint8Array(bytes.subarray(at + 8, at + 8 + length))));
    at += 8 + length;
  }
  return storages;
}
