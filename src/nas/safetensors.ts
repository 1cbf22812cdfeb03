import { type FileHandle, open } from 'node:fs/promises';
import { hasCode, InputError } from '../lib/errors.ts';
import { type Dtype, dtypes, elementsOf, type HostTensor, isDtype, type TensorData, toHalf } from './host-tensor.ts';
import { topLevelKeys } from './json-keys.ts';

/**
 * The safetensors format: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes.
 * A file is validated in full before a tensor is read: it may come from anywhere, and be cut off.
 */
export interface SafetensorsFile {
  readonly tensors: Map<string, HostTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own bound on its header. */
const longestHeader = 100_000_000;
const remedy = 'Get the file again, or write it anew with a safetensors library.';

/** The tensors of a file by name. Throws InputError that names the file, and the tensor where it is one's fault. */
export async function readSafetensors(path: string): Promise<Map<string, HostTensor>> {
  return (await readSafetensorsFile(path)).tensors;
}

/** As `readSafetensors`, with the file's metadata. */
export async function readSafetensorsFile(path: string): Promise<SafetensorsFile> {
  const file = await openForReading(path);
  try {
    const { size } = await file.stat();
    const read = (at: number, length: number): Promise<Uint8Array> => readExactly(file, at, length, path);
    const headerLength = headerLengthOf(await read(0, Math.min(8, size)), size, path);
    const dataStart = 8 + headerLength;
    const { entries, metadata } = parseHeader(await read(8, headerLength), size - dataStart, path);
    const tensors = new Map<string, HostTensor>();
    for (const entry of entries) {
      tensors.set(entry.name, tensorOf(entry, await read(dataStart + entry.begin, entry.end - entry.begin)));
    }
    return { tensors, metadata };
  } finally {
    await file.close();
  }
}

/** As `readSafetensorsFile`, for bytes in memory; `what` names them in errors. The tensors are copies. */
export function decodeSafetensors(bytes: Uint8Array, what: string): SafetensorsFile {
  const dataStart = 8 + headerLengthOf(bytes.subarray(0, 8), bytes.length, what);
  const { entries, metadata } = parseHeader(bytes.subarray(8, dataStart), bytes.length - dataStart, what);
  const copy = ({ begin, end }: Entry): Uint8Array =>
    new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
  return { tensors: new Map(entries.map((entry) => [entry.name, tensorOf(entry, copy(entry))])), metadata };
}

/** The bytes of a safetensors file. With `dtype: 'F16'` float32 tensors are rounded to half precision. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
  options: { readonly dtype?: 'F16' } = {},
): Uint8Array {
  const halve = (t: HostTensor): HostTensor => (options.dtype === 'F16' && t.dtype === 'F32' ? toHalf(t) : t);
  // wide elements first keeps every tensor aligned to its element size
  const ordered = [...tensors]
    .map(([name, tensor]) => [name, halve(tensor)] as const)
    .toSorted(([, a], [, b]) => dtypes[b.dtype].bytes - dtypes[a.dtype].bytes);
  const header: Array<[string, unknown]> = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let at = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === '__metadata__') throw new Error('a tensor cannot be named __metadata__');
    if (elementsOf(shape) !== data.length)
      throw new Error(`${name} has ${data.length} values for the shape [${shape}]`);
    header.push([name, { dtype, shape, data_offsets: [at, at + data.byteLength] }]);
    at += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const dataStart = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(dataStart + at).fill(0x20, 8, dataStart);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  bytes.set(json, 8);
  at = dataStart;
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function headerLengthOf(first: Uint8Array, size: number, what: string): number {
  if (size < 8) throw new InputError(`${what} is no safetensors file: it has only ${size} bytes.`, remedy);
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(longestHeader)) {
    throw new InputError(`${what} is no safetensors file: its first bytes are no header length.`, remedy);
  }
  if (Number(length) > size - 8) {
    const message = `${what} is cut off: its header should have ${length} bytes, ${size - 8} are there.`;
    throw new InputError(message, remedy);
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array, dataLength: number, what: string): Header {
  const broken = (why: string): InputError => new InputError(`${what} is no sound safetensors file: ${why}.`, remedy);
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch {
    throw broken('its header is no JSON');
  }
  if (!isRecord(json)) throw broken('its header is no JSON object');
  const twice = firstTwice(topLevelKeys(text));
  if (twice !== undefined) throw broken(`it names ${quote(twice)} twice`);
  const { __metadata__: metadata = {}, ...raw } = json;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw broken('its metadata is no table of strings');
  }
  const entries = Object.entries(raw).map(([name, value]) => parseEntry(name, value, broken));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(entries, dataLength, broken, what);
  return { entries, metadata: metadata as Record<string, string> };
}

function parseEntry(name: string, value: unknown, broken: (why: string) => InputError): Entry {
  const tensor = `the tensor ${quote(name)}`;
  if (!isRecord(value)) throw broken(`${tensor} has no description`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) throw broken(`${tensor} has the element type ${quote(dtype)}, which is not read here`);
  if (!isSizes(shape)) throw broken(`${tensor} has no shape of whole numbers`);
  if (!isSizes(offsets) || offsets.length !== 2) throw broken(`${tensor} has no pair of data offsets`);
  const [begin = 0, end = 0] = offsets;
  if (begin > end) throw broken(`${tensor} ends at byte ${end}, before its start at ${begin}`);
  const bytes = elementsOf(shape) * dtypes[dtype].bytes;
  if (!Number.isSafeInteger(bytes)) throw broken(`${tensor} has the impossible shape [${shape}]`);
  if (bytes !== end - begin) {
    throw broken(`${tensor} of shape [${shape}] and type ${dtype} needs ${bytes} bytes and has ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

/** The format wants the data covered without holes and overlaps. */
function checkLayout(entries: readonly Entry[], dataLength: number, broken: (why: string) => InputError, what: string) {
  let at = 0;
  for (const { name, begin, end } of entries) {
    const tensor = `the tensor ${quote(name)}`;
    if (begin < at) throw broken(`${tensor} overlaps another one at byte ${begin}`);
    if (begin > at) throw broken(`bytes ${at} to ${begin} before ${tensor} belong to no tensor`);
    if (end > dataLength) {
      const message = `${what} is cut off: ${tensor} ends at byte ${end} of the data, ${dataLength} bytes are there.`;
      throw new InputError(message, remedy);
    }
    at = end;
  }
  if (at !== dataLength) throw broken(`${dataLength - at} bytes at its end belong to no tensor`);
}

function tensorOf({ dtype, shape }: Entry, bytes: Uint8Array): HostTensor {
  return { dtype, shape, data: typedData(dtype, bytes) };
}

/** The bytes, which must start their own buffer, as numbers of that type; hosts are little-endian as the file is. */
function typedData(dtype: Dtype, bytes: Uint8Array): TensorData {
  const { array: TypedArray, bytes: width } = dtypes[dtype];
  return new TypedArray(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / width);
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) throw new InputError(`There is no file ${path}.`, 'Check the path.', { cause });
    throw new InputError(`The file ${path} cannot be read.`, 'Check its permissions.', { cause });
  }
  throw new InputError(`${path} is no file.`, 'Give the path of a file of weights.');
}

async function readExactly(file: FileHandle, at: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    // one read may take at most 2 GiB
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), at + done);
    if (bytesRead === 0) throw new InputError(`${path} became shorter while it was read.`, 'Try again.');
    done += bytesRead;
  }
  return bytes;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

const quote = (value: unknown): string => JSON.stringify(value)?.slice(0, 200) ?? 'none';

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
