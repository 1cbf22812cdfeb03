import type { HostTensor } from '../nas/host-tensor.ts';
import type { Network } from '../nas/layers.ts';
import { TrainingModel } from '../nas/training-model.ts';
import { evalBatches } from './batches.ts';
import type { ImageStore } from './image-cache.ts';
import { accuracyOf } from './metrics.ts';

const batchSize = 50;

/** Accuracy of a network with given weights, head included, on the validation split. Rejects with the signal's reason. */
export async function evaluateOn(
  store: ImageStore,
  network: Network,
  weights: ReadonlyMap<string, HostTensor>,
  signal: AbortSignal,
): Promise<number> {
  const inputSize = store.side;
  const { count, labels } = store.val;
  const model = await openForAnswers(network, weights, inputSize);
  const stream = evalBatches(store, 'val', { batchSize, inputSize });
  try {
    const logits = new Float32Array(count * network.classes);
    for (let at = 0, batch = await stream.next(); batch; batch = await stream.next()) {
      signal.throwIfAborted();
      logits.set(model.logits(batch.images, batch.rows.length), at * network.classes);
      at += batch.rows.length;
    }
    return accuracyOf(logits, labels, network.classes);
  } finally {
    await stream.close();
    model.close();
  }
}

/** A model that answers and does not learn; the caller closes it. */
export async function openForAnswers(
  network: Network,
  weights: ReadonlyMap<string, HostTensor>,
  inputSize: number,
): Promise<TrainingModel> {
  const model = await TrainingModel.open(network, {
    ...{ inputSize, batchSize: 1, frozenStages: 0, optimizer: 'sgd', weightDecay: 0, labelSmoothing: 0 },
    ...{ clipNorm: 0, average: false, precision: 'fp32', cachedFeatures: false },
  });
  model.start(weights, 0);
  return model;
}
