/** Part of the source that is shown, in source pixels; may reach over the edge. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Colour change as one affine map: `value * own + grey * gray + bias`. */
export interface Colour {
  readonly own: number;
  readonly gray: number;
  readonly bias: number;
}

/** Neighbours and weights along one axis, for every target pixel. */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

const newAxis = (side: number): Axis => ({
  low: new Int32Array(side),
  high: new Int32Array(side),
  weight: new Float32Array(side),
});

/** Mirrors an index at the edges: -1 is 0, `side` is `side - 1`. */
function mirror(index: number, side: number): number {
  if (index < 0) return Math.min(side - 1, -index - 1);
  return index < side ? index : Math.max(0, 2 * side - 1 - index);
}

/** Pixel centres: target t lies at `start + (t + 0.5) * length / count - 0.5`. Returns whether all weights are zero. */
function fillAxis(axis: Axis, start: number, length: number, side: number, isMirrored: boolean): boolean {
  const count = axis.low.length;
  let isExact = true;
  for (let t = 0; t < count; t++) {
    const at = start + ((isMirrored ? count - 1 - t : t) + 0.5) * (length / count) - 0.5;
    const low = Math.floor(at);
    axis.low[t] = mirror(low, side);
    axis.high[t] = mirror(low + 1, side);
    axis.weight[t] = at - low;
    if (at !== low) isExact = false;
  }
  return isExact;
}

/** Writes one image: bytes HWC at `sourceOffset` in, integers 0 to 255 HWC at `targetOffset` out. */
export type Resample = (
  source: Uint8Array,
  sourceOffset: number,
  target: Int32Array,
  targetOffset: number,
  window: Window,
  isMirrored: boolean,
  colour: Colour | undefined,
) => void;

/** Crop, mirror, bilinear scaling and colour in one pass over the target; two blends a value instead of three. */
export function createResampler(sourceSide: number, targetSide: number): Resample {
  const columns = newAxis(targetSide);
  const rows = newAxis(targetSide);
  const line = new Float32Array(sourceSide * 3);
  const stride = sourceSide * 3;
  return (source, sourceOffset, target, targetOffset, window, isMirrored, colour) => {
    const exactX = fillAxis(columns, window.x, window.width, sourceSide, isMirrored);
    const exactY = fillAxis(rows, window.y, window.height, sourceSide, false);
    const isExact = exactX && exactY && colour === undefined;
    for (let y = 0; y < targetSide; y++) {
      const upper = sourceOffset + (rows.low[y] as number) * stride;
      const out = targetOffset + y * targetSide * 3;
      if (isExact) {
        copyLine(source, upper, target, out, columns.low);
        continue;
      }
      const lower = sourceOffset + (rows.high[y] as number) * stride;
      const weight = rows.weight[y] as number;
      for (let i = 0; i < stride; i++) {
        const a = source[upper + i] as number;
        line[i] = a + ((source[lower + i] as number) - a) * weight;
      }
      blendLine(line, target, out, columns, colour ?? unchanged);
    }
  };
}

const unchanged: Colour = { own: 1, gray: 0, bias: 0 };

function copyLine(source: Uint8Array, from: number, target: Int32Array, to: number, columns: Int32Array): void {
  for (let x = 0; x < columns.length; x++) {
    const at = from + 3 * (columns[x] as number);
    const out = to + 3 * x;
    target[out] = source[at] as number;
    target[out + 1] = source[at + 1] as number;
    target[out + 2] = source[at + 2] as number;
  }
}

function blendLine(line: Float32Array, target: Int32Array, to: number, columns: Axis, colour: Colour): void {
  const { low, high, weight } = columns;
  const { own, gray, bias } = colour;
  for (let x = 0; x < low.length; x++) {
    const a = 3 * (low[x] as number);
    const b = 3 * (high[x] as number);
    const w = weight[x] as number;
    const r0 = line[a] as number;
    const g0 = line[a + 1] as number;
    const b0 = line[a + 2] as number;
    const red = r0 + ((line[b] as number) - r0) * w;
    const green = g0 + ((line[b + 1] as number) - g0) * w;
    const blue = b0 + ((line[b + 2] as number) - b0) * w;
    const rest = (0.299 * red + 0.587 * green + 0.114 * blue) * gray + bias;
    const out = to + 3 * x;
    target[out] = toByte(red * own + rest);
    target[out + 1] = toByte(green * own + rest);
    target[out + 2] = toByte(blue * own + rest);
  }
}

function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}
