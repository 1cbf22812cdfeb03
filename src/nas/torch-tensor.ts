import { type Dtype, dtypes, elementsOf, type HostTensor, type TensorData } from './host-tensor.ts';
import { type PickleFail, type PickleGlobal, PyDict, PyTuple } from './pickle.ts';

/** A run of elements that tensors look into; its bytes stand elsewhere in the file. */
export class StorageRef {
  readonly key: string;
  readonly dtype: Dtype;
  readonly elements: number;
  constructor(key: string, dtype: Dtype, elements: number) {
    this.key = key;
    this.dtype = dtype;
    this.elements = elements;
  }
}

/** A tensor as PyTorch pickles it: a strided view into a storage. Offset and strides count elements. */
export class TensorRef {
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: StorageRef, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

const storageTypes: Readonly<Record<string, Dtype>> = {
  FloatStorage: 'F32',
  DoubleStorage: 'F64',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** Everything that a state dict may call or name. */
export const torchGlobals: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    { name: 'collections.OrderedDict', call: orderedDict },
    { name: 'torch._utils._rebuild_tensor', call: rebuildTensor },
    { name: 'torch._utils._rebuild_tensor_v2', call: rebuildTensor },
    { name: 'torch._utils._rebuild_parameter', call: (args: readonly unknown[]) => args[0] },
    { name: 'torch._utils._rebuild_parameter_with_state', call: (args: readonly unknown[]) => args[0] },
    { name: 'torch.Size', call: (args: readonly unknown[]) => args[0] },
    ...Object.keys(storageTypes).map((type): PickleGlobal => ({ name: `torch.${type}` })),
  ].map((entry) => [entry.name, entry]),
);

/**
 * The storage that a persistent id names: ('storage', type, key, device, elements), which older files end with
 * (key, offset, elements) of a part of it, or None.
 */
export function storageOf(id: unknown, fail: PickleFail): StorageRef {
  const [tag, type, key, , elements, part = null] = id instanceof PyTuple ? id.items : [];
  const typeName = typeof type === 'object' && type !== null && 'name' in type ? String(type.name) : '';
  const dtype = storageTypes[typeName.replace(/^torch\./, '')];
  if (tag !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(elements) || part !== null) {
    throw fail('it describes a storage in an unknown way');
  }
  return new StorageRef(key, dtype, elements);
}

function orderedDict(args: readonly unknown[], fail: PickleFail): PyDict {
  const dict = new PyDict();
  const [pairs = []] = args;
  if (!Array.isArray(pairs)) throw fail('it has a dictionary of an unknown form');
  for (const pair of pairs) {
    const items: unknown = pair instanceof PyTuple ? pair.items : pair;
    if (!Array.isArray(items) || items.length !== 2) throw fail('it has a dictionary of an unknown form');
    dict.entries.set(items[0], items[1]);
  }
  return dict;
}

function rebuildTensor(args: readonly unknown[], fail: PickleFail): TensorRef {
  const [storage, offset, size, stride] = args;
  const [shape, strides] = [countsOf(size), countsOf(stride)];
  if (!(storage instanceof StorageRef) || !isCount(offset) || shape === undefined || strides === undefined) {
    throw fail('it describes a tensor in an unknown way');
  }
  if (shape.length !== strides.length) throw fail(`a tensor of shape [${shape}] has the strides [${strides}]`);
  const elements = elementsOf(shape);
  const last = shape.reduce((at, n, i) => at + (n - 1) * (strides[i] ?? 0), offset);
  // an expanded tensor could ask for any amount of memory from a few bytes
  if (elements > storage.elements || (elements > 0 && last >= storage.elements)) {
    throw fail(`a tensor of shape [${shape}] reaches beyond its ${storage.elements} stored values`);
  }
  return new TensorRef(storage, offset, shape, strides);
}

/** The storage's bytes (which must start their own buffer) as numbers. */
export function storageData(storage: StorageRef, bytes: Uint8Array): TensorData {
  const { array: TypedArray } = dtypes[storage.dtype];
  return new TypedArray(bytes.buffer as ArrayBuffer, bytes.byteOffset, storage.elements);
}

/** The tensor in row-major order: a view of the storage where it lies so, else a copy. */
export function materialise({ storage, offset, shape, strides }: TensorRef, data: TensorData): HostTensor {
  const elements = elementsOf(shape);
  if (isContiguous(shape, strides))
    return { dtype: storage.dtype, shape, data: data.subarray(offset, offset + elements) };
  const { array: TypedArray, bytes: width } = dtypes[storage.dtype];
  const out = new TypedArray(elements);
  copyStrided(bytesOf(data), bytesOf(out), width, { offset, shape, strides });
  return { dtype: storage.dtype, shape, data: out };
}

const bytesOf = (data: TensorData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Copies a view's elements of `width` bytes in row-major order. */
function copyStrided(
  source: Uint8Array,
  target: Uint8Array,
  width: number,
  { offset, shape, strides }: Pick<TensorRef, 'offset' | 'shape' | 'strides'>,
): void {
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < target.length; to += width) {
    for (let byte = 0; byte < width; byte++) target[to + byte] = source[from * width + byte] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [n, step, i] = [shape[axis] ?? 1, strides[axis] ?? 0, (index[axis] ?? 0) + 1];
      from += step;
      index[axis] = i;
      if (i < n) break;
      from -= step * n;
      index[axis] = 0;
    }
  }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis] ?? 1;
    // the stride of an axis of one element is never used
    if (n !== 1 && strides[axis] !== expected) return false;
    expected *= n;
  }
  return true;
}

const isCount = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;

function countsOf(value: unknown): readonly number[] | undefined {
  const items: unknown = value instanceof PyTuple ? value.items : value;
  return Array.isArray(items) && items.every(isCount) ? items : undefined;
}
