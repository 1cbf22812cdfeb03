/** Element types of safetensors files and PyTorch storages that are read here, in their safetensors names. */
export const dtypes = {
  BOOL: { bytes: 1, array: Uint8Array },
  U8: { bytes: 1, array: Uint8Array },
  I8: { bytes: 1, array: Int8Array },
  I16: { bytes: 2, array: Int16Array },
  U16: { bytes: 2, array: Uint16Array },
  F16: { bytes: 2, array: Uint16Array },
  BF16: { bytes: 2, array: Uint16Array },
  I32: { bytes: 4, array: Int32Array },
  U32: { bytes: 4, array: Uint32Array },
  F32: { bytes: 4, array: Float32Array },
  F64: { bytes: 8, array: Float64Array },
  I64: { bytes: 8, array: BigInt64Array },
  U64: { bytes: 8, array: BigUint64Array },
} as const;
export type Dtype = keyof typeof dtypes;

export type TensorData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor in this process's memory, row-major. F16 and BF16 keep their bits in a Uint16Array. */
export interface HostTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export const isDtype = (name: unknown): name is Dtype => typeof name === 'string' && Object.hasOwn(dtypes, name);

export const elementsOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A float tensor over `data`, which must have as many elements as the shape. */
export function float32Tensor(shape: readonly number[], data: Float32Array): HostTensor {
  if (data.length !== elementsOf(shape)) throw new Error(`${data.length} values for the shape [${shape}]`);
  return { dtype: 'F32', shape, data };
}

/** Numbers of the tensor as float32; the tensor's own array where it is float32 already. */
export function toFloat32(tensor: HostTensor): Float32Array {
  const { data, dtype } = tensor;
  if (data instanceof Float32Array) return data;
  const out = new Float32Array(data.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < out.length; i++) out[i] = Number(data[i]);
  } else if (dtype === 'F16') {
    for (let i = 0; i < out.length; i++) out[i] = fromHalf(data[i] ?? 0);
  } else if (dtype === 'BF16') {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < out.length; i++) bits[i] = ((data[i] ?? 0) << 16) >>> 0;
  } else {
    out.set(data);
  }
  return out;
}

/** The tensor in IEEE half precision, rounded to nearest, ties to even; beyond 65504 it becomes infinite. */
export function toHalf(tensor: HostTensor): HostTensor {
  const values = toFloat32(tensor);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const data = new Uint16Array(values.length);
  for (let i = 0; i < data.length; i++) data[i] = halfBits(bits[i] ?? 0);
  return { dtype: 'F16', shape: tensor.shape, data };
}

/** Value of the half with these 16 bits. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bits of the half nearest to the float32 with these 32 bits. */
function halfBits(float: number): number {
  const sign = (float >>> 16) & 0x8000;
  const magnitude = float & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520, halfway from the largest half to the next power, and all above
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // below 2^-14: a multiple of 2^-24, of which the float's significand is a larger or smaller fraction
    const shift = 126 - (magnitude >>> 23);
    if (shift > 24) return sign;
    const significand = (magnitude & 0x7fffff) | 0x800000;
    return sign | roundedShift(significand, shift);
  }
  // a carry out of the fraction runs into the exponent, as it should
  return sign | roundedShift(magnitude - 0x38000000, 13);
}

/** `value` / 2^`shift`, rounded to nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const down = value >>> shift;
  const rest = value - down * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (down & 1) === 1) ? down + 1 : down;
}
