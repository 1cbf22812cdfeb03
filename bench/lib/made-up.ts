import type { Rng } from '../../src/lib/rng.ts';
import { elementsOf } from '../../src/nas/host-tensor.ts';

/** A tensor to feed whose values, evenly between -.5 and .5, change no time. */
export const madeUp = (shape: readonly number[], rng: Rng) => ({
  shape,
  data: Float32Array.from({ length: elementsOf(shape) }, () => rng.next() - 0.5),
});
