/** Taps of one target pixel along an axis: `weights[t * most + k]` for source pixel `first[t] + k`. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: Float32Array;
  readonly most: number;
}

const kept = new Map<string, Taps>();
const mostKept = 256;

/**
 * Scales the shorter side of a small RGB image (bytes, HWC) to `side` and crops the middle: `side * side * 3` bytes.
 * Cubic (Catmull-Rom), widened when it shrinks, so that fine patterns do not alias. For images of the size of icons
 * and thumbnails a general library spends ten times longer on setting up its pipeline than on the pixels.
 */
export function scaleSquare(pixels: Uint8Array, width: number, height: number, side: number): Uint8Array {
  if (width === side && height === side) return pixels;
  const square = Math.min(width, height);
  const across = tapsOf(width, square, side);
  const down = tapsOf(height, square, side);
  const narrow = new Float32Array(height * side * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < side; x++) {
      const at = 3 * (y * width + (across.first[x] as number));
      const weight = x * across.most;
      let [r, g, b] = [0, 0, 0];
      for (let k = 0; k < across.most; k++) {
        const w = across.weights[weight + k] as number;
        r += w * (pixels[at + 3 * k] as number);
        g += w * (pixels[at + 3 * k + 1] as number);
        b += w * (pixels[at + 3 * k + 2] as number);
      }
      const out = 3 * (y * side + x);
      narrow[out] = r;
      narrow[out + 1] = g;
      narrow[out + 2] = b;
    }
  }
  // rounds and clamps: cubic weights overshoot at edges
  const out = new Uint8ClampedArray(side * side * 3);
  const row = side * 3;
  for (let y = 0; y < side; y++) {
    const from = (down.first[y] as number) * row;
    for (let i = 0; i < row; i++) {
      let sum = 0;
      for (let k = 0; k < down.most; k++) {
        sum += (down.weights[y * down.most + k] as number) * (narrow[from + k * row + i] as number);
      }
      out[y * row + i] = sum;
    }
  }
  return new Uint8Array(out.buffer);
}

/** Taps for the middle `square` pixels of an axis of `length`, scaled to `side`. */
function tapsOf(length: number, square: number, side: number): Taps {
  const key = `${length} ${square} ${side}`;
  const known = kept.get(key);
  if (known) return known;
  if (kept.size >= mostKept) kept.clear();
  const taps = computeTaps(length, square, side);
  kept.set(key, taps);
  return taps;
}

function computeTaps(length: number, square: number, side: number): Taps {
  const scale = square / side;
  const widen = Math.max(1, scale);
  const most = Math.min(length, Math.ceil(4 * widen) + 1);
  const first = new Int32Array(side);
  const weights = new Float32Array(side * most);
  for (let t = 0; t < side; t++) {
    const centre = (length - square) / 2 + (t + 0.5) * scale - 0.5;
    const start = Math.min(length - most, Math.max(0, Math.floor(centre - 2 * widen) + 1));
    let sum = 0;
    for (let k = 0; k < most; k++) {
      const w = catmullRom((start + k - centre) / widen);
      weights[t * most + k] = w;
      sum += w;
    }
    first[t] = start;
    // taps beyond the edge are left out, and the others make up for them
    for (let k = 0; k < most; k++) weights[t * most + k] = (weights[t * most + k] as number) / sum;
  }
  return { first, weights, most };
}

function catmullRom(x: number): number {
  const d = Math.abs(x);
  if (d >= 2) return 0;
  return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : ((-0.5 * d + 2.5) * d - 4) * d + 2;
}
