/** What a row is worth within a budget, of the accuracy that is foreseen after so many epochs and the seconds of one. */
import { epochGrid, mostEpochs } from './view.ts';

/** Deviations at which the normal distribution of the seconds is looked at. */
const nodes = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2];
/** A run that fits is worth more than one that does not, however badly it is thought of. */
const leastWorth = 1e-3;

/** A whole number of epochs is not lost to the last digit. */
const rounding = 1e-9;

/** Epochs that fit into a budget, of so many seconds each; the table's rows have no more than `mostEpochs`. */
export const epochsWithin = (budget: number, logSeconds: number): number =>
  Math.min(mostEpochs, Math.floor(budget / Math.exp(logSeconds) + rounding));

/** Expected worth within a budget: nothing where not even one epoch fits. `curve`: at the epochs of `epochGrid`. */
export function worth(curve: readonly number[], logSeconds: number, deviation: number, budget: number): number {
  let [sum, weights] = [0, 0];
  for (const z of nodes) {
    const weight = Math.exp((-z * z) / 2);
    const epochs = epochsWithin(budget, logSeconds + z * deviation);
    weights += weight;
    if (epochs >= 1) sum += weight * Math.max(leastWorth, interpolated(curve, epochs));
  }
  return sum / weights;
}

/** Over the logarithm of the epochs. */
function interpolated(curve: readonly number[], epochs: number): number {
  const after = Math.max(
    1,
    epochGrid.findIndex((point) => point >= epochs),
  );
  const [low, high] = [epochGrid[after - 1] as number, epochGrid[after] as number];
  const share = Math.log(epochs / low) / Math.log(high / low);
  return (1 - share) * (curve[after - 1] as number) + share * (curve[after] as number);
}
