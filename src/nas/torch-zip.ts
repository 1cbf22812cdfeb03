import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { InputError } from '../lib/errors.ts';
import { openZip } from '../lib/open-zip.ts';
import { dtypes } from './host-tensor.ts';
import { unpickle } from './pickle.ts';
import type { TorchFile } from './torch-pickle.ts';
import { storageData, storageOf, torchGlobals } from './torch-tensor.ts';

const remedy = 'Get the file again, or save the weights anew with torch.save(model.state_dict(), "weights.pth").';

/** A state dict has a few hundred bytes a tensor. */
const longestPickle = 64 * 1024 * 1024;

/** Reads the zip format of torch >= 1.6: `NAME/data.pkl` beside the storages `NAME/data/KEY`, all uncompressed. */
export async function readZip(path: string): Promise<TorchFile> {
  const zip = await damageNamed(path, () => openZip(path));
  const read = (entry: Entry): Promise<Uint8Array> => damageNamed(path, () => entryBytes(zip, entry));
  try {
    const entries = await damageNamed(path, () => entriesByName(zip));
    const pickleName = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
    const pickle = entries.get(pickleName ?? '');
    if (pickleName === undefined || pickle === undefined) {
      throw new InputError(`${path} is a zip archive, but none that torch.save wrote: it has no data.pkl.`, remedy);
    }
    const folder = pickleName.slice(0, -'data.pkl'.length);
    await checkKind(path, entries, folder, read);
    checkPlain(path, pickle);
    if (pickle.uncompressedSize > longestPickle) {
      throw new InputError(`${path} is no state dict: its data.pkl has ${pickle.uncompressedSize} bytes.`, remedy);
    }
    const { value } = unpickle(await read(pickle), 0, { globals: torchGlobals, persistent: storageOf, what: path });
    const storage: TorchFile['storage'] = async (ref) => {
      const entry = entries.get(`${folder}data/${ref.key}`);
      if (entry === undefined) throw new InputError(`${path} lacks the values of a tensor (data/${ref.key}).`, remedy);
      checkPlain(path, entry);
      const bytes = ref.elements * dtypes[ref.dtype].bytes;
      if (entry.uncompressedSize < bytes) {
        const message = `${path} is damaged: data/${ref.key} should have ${bytes} bytes and has ${entry.uncompressedSize}.`;
        throw new InputError(message, remedy);
      }
      return storageData(ref, await read(entry));
    };
    return { root: value, storage, close: () => zip.close() };
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** TorchScript archives look alike but hold a program; big-endian ones would need their values turned round. */
async function checkKind(
  path: string,
  entries: ReadonlyMap<string, Entry>,
  folder: string,
  read: (entry: Entry) => Promise<Uint8Array>,
): Promise<void> {
  if (entries.has(`${folder}constants.pkl`)) {
    throw new InputError(`${path} is a TorchScript program, not a state dict.`, remedy);
  }
  const order = entries.get(`${folder}byteorder`);
  if (order === undefined) return;
  checkPlain(path, order);
  if (order.uncompressedSize > 16 || Buffer.from(await read(order)).toString() !== 'little') {
    throw new InputError(`${path} was written on a big-endian machine.`, 'Save it anew on a little-endian one.');
  }
}

/** torch.save stores its entries as they are; anything compressed came from elsewhere and may grow without bound. */
function checkPlain(path: string, entry: Entry): void {
  if (entry.compressionMethod === 0 && !entry.isEncrypted()) return;
  throw new InputError(`${path} is a zip archive, but none that torch.save wrote: its entries are compressed.`, remedy);
}

async function entriesByName(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw new Error(`it has ${entry.fileName} twice`);
    entries.set(entry.fileName, entry);
  }
  return entries;
}

async function entryBytes(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  if (entry.uncompressedSize > zip.fileSize) throw new Error(`${entry.fileName} is larger than the file`);
  const bytes = new Uint8Array(entry.uncompressedSize);
  let at = 0;
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at !== bytes.length) throw new Error(`${entry.fileName} is cut off`);
  if (crc32(bytes) !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} is wrong`);
  return bytes;
}

async function damageNamed<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${path} is damaged or cut off: ${why}.`, remedy, { cause });
  }
}
