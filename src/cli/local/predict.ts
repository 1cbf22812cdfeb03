import { Session } from '../../graph/session.ts';
import { InputError } from '../../lib/errors.ts';
import { servingSignature } from '../../nas/serving-graph.ts';
import { DamagedImage, decodeSquare } from '../../train/decode.ts';
import { readModelInfo } from '../../train/export.ts';
import { softmax } from '../../train/metrics.ts';
import type { CommandContext } from '../context.ts';
import type { ImagePrediction, PredictRequest } from '../requests.ts';

/** Classifies the images in their order; one that cannot be read gets an error in its place. */
export async function predictLocally(
  request: PredictRequest,
  context: CommandContext,
): Promise<readonly ImagePrediction[]> {
  const { folder, info } = await readModelInfo(request.model);
  const session = await Session.load(folder, servingSignature).catch((cause: unknown) => {
    throw new InputError(`The model in "${folder}" cannot be loaded.`, 'Export it again with `nasoa tune`.', { cause });
  });
  const { inputSize, classes } = info;
  const predictions: ImagePrediction[] = [];
  try {
    for (const image of request.images) {
      context.reporter.progress({ phase: 'predict', done: predictions.length, total: request.images.length });
      try {
        const pixels = Int32Array.from(await decodeSquare(image, inputSize));
        const fetched = session.run(servingSignature, {
          images: { data: pixels, shape: [1, inputSize, inputSize, 3] },
        });
        const logits = fetched['logits']?.data;
        if (!(logits instanceof Float32Array) || logits.length !== classes.length) throw notOfItsClasses(folder);
        const probabilities = softmax(logits);
        const ranked = classes
          .map((name, i) => ({ class: name, probability: probabilities[i] as number }))
          .sort((a, b) => b.probability - a.probability);
        predictions.push({ image, predictions: ranked.slice(0, request.top) });
      } catch (error) {
        if (!(error instanceof DamagedImage)) throw error;
        predictions.push({ image, error: error.message });
      }
    }
  } finally {
    session.close();
  }
  return predictions;
}

const notOfItsClasses = (folder: string): InputError =>
  new InputError(
    `The model in "${folder}" has other classes than its model.json names.`,
    'Export it again with `nasoa tune`.',
  );
