/** Evaluates one candidate of a search: how long its training step takes, and how far a short training brings it. */
import type { CandidateJob, TrainerMessage } from '../../crds/trainer-job.ts';
import { InputError } from '../../lib/errors.ts';
import { costOf, smallestSize } from '../../nas/cost.ts';
import { networkOf } from '../../nas/families/table.ts';
import type { Network } from '../../nas/layers.ts';
import { proxyInputSize } from '../../nas/search.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import type { Dataset } from '../../train/dataset.ts';
import { Diverged } from '../../train/loop.ts';
import { proxyImages, proxyRegime } from '../../train/pretraining.ts';
import { comparedStep } from '../../train/step-time.ts';
import { proxyPart } from '../local/visited-images.ts';
import type { PodContext } from './context.ts';
import { during } from './failures.ts';
import { openOutput, type PodOutput } from './output.ts';
import { openPodData } from './places.ts';
import { decodeImages, type Interrupted, type Trained, takeOver, trainInPod } from './zoo-training.ts';

/** Parameters are counted with a small head, as the search counts them: heads are replaced for each task. */
const countedClasses = 10;

export async function runCandidate(job: CandidateJob, context: PodContext): Promise<TrainerMessage> {
  const { encoding, candidate } = job;
  const { parameters, macs } = await during('job', () => checkedCost(encoding));
  const output = await during('output', () => openOutput(job, context));
  const finished = await during('output', () => output.finished());
  // an earlier pod came to its end, but its last word was lost with it; another search may have used the folder since
  if (finished?.kind === 'candidate' && finished.encoding === encoding) return { ...finished, candidate };
  const checkpoint = await during('output', () => takeOver(output, context));
  const startedSeconds = context.activity.begin(Math.max(job.spentSeconds, checkpoint?.progress.activeSeconds ?? 0));
  const data = await during('data', () => openPodData(job.data, job.seed, context));
  try {
    const network = networkOf(encoding, { classes: data.classes.length });
    const { memoryPlan } = job;
    const step = await during('run', () => comparedStep(network, proxyInputSize, memoryPlan, context));
    const trained = await trainBriefly({ job, network, data, output, checkpoint, startedSeconds }, context);
    if (trained.kind === 'interrupted') return trained;
    const message: TrainerMessage = {
      kind: 'candidate',
      ...{ candidate, encoding, accuracy: trained.evaluation.accuracy, stepSeconds: step.comparedSeconds },
      ...{ parametersM: parameters / 1e6, macsM: macs / 1e6, activeSeconds: context.activity.seconds() },
    };
    await during('output', async () => {
      await output.writeFinished(message);
      await output.removeCheckpoint();
    });
    return message;
  } finally {
    await data.close();
  }
}

/** Throws InputError for what is no architecture, or one that is not for images of the proxy's size. */
function checkedCost(encoding: string) {
  const network = networkOf(encoding, { classes: countedClasses });
  if (smallestSize(network) <= proxyInputSize) return costOf(network, proxyInputSize);
  throw new InputError(
    `The architecture ${encoding} needs images of ${smallestSize(network)} px.`,
    `Candidates are trained on images of ${proxyInputSize} px.`,
  );
}

interface BriefTraining {
  readonly job: CandidateJob;
  readonly network: Network;
  readonly data: Dataset;
  readonly output: PodOutput;
  readonly checkpoint: Checkpoint | undefined;
  readonly startedSeconds: number;
}

/** Equal seeds see equal images in equal order, so that what differs between candidates is the architecture. */
async function trainBriefly(t: BriefTraining, context: PodContext): Promise<Trained | Interrupted> {
  const { job, output, startedSeconds } = t;
  const dataset = proxyPart(t.data, proxyImages.visits, job.seed);
  const at = { step: 0, steps: proxyRegime(dataset.train.length).steps };
  const request = { job, inputSize: proxyInputSize, startedSeconds, at };
  const store = await during('data', () => decodeImages(dataset, request, context));
  try {
    const regime = proxyRegime(store.train.count);
    return await during('run', () => trainInPod({ ...t, regime, store, evaluations: 0 }, context));
  } catch (error) {
    // nothing goes on from weights that are no numbers
    if (error instanceof Error && error.cause instanceof Diverged) await output.removeCheckpoint();
    throw error;
  } finally {
    store.close();
  }
}
