/** Takes over the weights of a network that exists already: fetched, checked, and measured on this node. */
import { basename } from 'node:path';
import type { PretrainingJob, TrainerMessage, TrainerPlace } from '../../crds/trainer-job.ts';
import { familyOf } from '../../nas/families/table.ts';
import type { HostTensor } from '../../nas/host-tensor.ts';
import type { Network } from '../../nas/layers.ts';
import { encodeSafetensors } from '../../nas/safetensors.ts';
import { checkWeights, readWeights } from '../../nas/weights.ts';
import type { Dataset } from '../../train/dataset.ts';
import { evaluateOn } from '../../train/evaluate-on.ts';
import { assumedAccuracy } from '../local/zoo-import.ts';
import { networkFor } from '../local/zoo-verify.ts';
import type { PodContext } from './context.ts';
import { during } from './failures.ts';
import { publishMember } from './member-output.ts';
import { measureMember } from './member-steps.ts';
import type { PodOutput } from './output.ts';
import { localFile, openPodData } from './places.ts';
import { decodeImages } from './zoo-training.ts';

export type ImportJob = PretrainingJob & { readonly weights: TrainerPlace };

const at = { step: 0, steps: 0 };

/** That of the family where none is told; a wrong encoding is refused where the weights are read. */
const nativeSizeOf = ({ nativeSize, encoding }: ImportJob): number =>
  nativeSize ?? familyOf(encoding).nativeSize(encoding);

export async function importMember(job: ImportJob, output: PodOutput, context: PodContext): Promise<TrainerMessage> {
  const { encoding } = job;
  const startedSeconds = context.activity.begin(job.spentSeconds);
  const { network, tensors, file } = await during('zoo', () => fetchWeights(job, context));
  const nativeSize = nativeSizeOf(job);
  const accuracy = job.accuracy ?? (await accuracyOf(job, network, tensors, startedSeconds, context));
  const measured = await during('run', () => measureMember(network, nativeSize, job.memoryPlan, context, at));
  const weights = encodeSafetensors(tensors, { encoding, classes: String(network.classes) });
  const recipe = `imported from ${file}`;
  const origin = {
    pretraining: { data: 'unknown', recipe, epochs: 0, accuracy: accuracy ?? assumedAccuracy },
    licence: 'unknown',
    provenance: recipe,
  };
  const member = { job, network, nativeSize, measured, weights, origin };
  return await during('output', () => publishMember(member, output, context));
}

/** Throws InputError where the weights are not there, damaged, or of another network. */
async function fetchWeights({ weights, encoding, member }: ImportJob, context: PodContext) {
  const path = await localFile(weights, 'weights', context);
  const file = basename(path);
  const tensors = await readWeights(path);
  const network = networkFor(encoding, tensors, file);
  const { variables } = checkWeights(network, tensors, { what: `The file "${file}" of the member "${member}"` });
  return { network, tensors: variables, file };
}

/**
 * On the zoo's data where the head has as many classes; undefined where it has not, or where the answers are little better
 * than chance: then its classes are others.
 */
async function accuracyOf(
  job: ImportJob,
  network: Network,
  tensors: ReadonlyMap<string, HostTensor>,
  startedSeconds: number,
  context: PodContext,
): Promise<number | undefined> {
  const { data } = job;
  const inputSize = nativeSizeOf(job);
  if (data === undefined) return undefined;
  const dataset = await during('data', () => openPodData(data, job.seed, context));
  try {
    if (dataset.classes.length !== network.classes) return undefined;
    const request = { job, inputSize, startedSeconds, at };
    const store = await during('data', () => decodeImages(validationAlone(dataset), request, context));
    try {
      const accuracy = await during('run', () => evaluateOn(store, network, tensors, context.signal));
      return accuracy > 2 / network.classes ? accuracy : undefined;
    } finally {
      store.close();
    }
  } finally {
    await dataset.close();
  }
}

/** One training image of each class stays: none at all would be no data set. */
function validationAlone(dataset: Dataset): Dataset {
  const first = new Map(dataset.train.toReversed().map((item) => [item.label, item]));
  return { ...dataset, train: [...first.values()] };
}
