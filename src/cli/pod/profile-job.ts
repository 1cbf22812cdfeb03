/** Measures a data set and the node, for the operator to plan with. */
import type { TaskProfile } from '../../crds/fine-tune-task-status.ts';
import type { ProfileJob, TrainerMessage } from '../../crds/trainer-job.ts';
import { profileHere, workersHere } from '../local/planning.ts';
import type { PodContext } from './context.ts';
import { during } from './failures.ts';
import { openPodZoo } from './open-zoo.ts';
import { openOutput } from './output.ts';
import { openPodData } from './places.ts';

/** Bounded in a status; the dearest members are measured first after the cheapest one. */
const mostSteps = 32;

export async function runProfile(job: ProfileJob, context: PodContext): Promise<TrainerMessage> {
  const { clock, signal, activity } = context;
  const output = await during('output', () => openOutput(job, context));
  const zoo = await during('zoo', () => openPodZoo(job.zoo, context, job.readyMembers));
  const began = clock.nowSeconds();
  activity.begin(job.spentSeconds);
  const dataset = await during('data', () => openPodData(job.data, job.seed, context));
  try {
    const startedSeconds = clock.nowSeconds();
    // a training pod has to read everything anew, so it is part of its start
    const readingSeconds = startedSeconds - began;
    const { seed, budgetSeconds } = job;
    const measured = await during('data', () =>
      profileHere({ seed, budgetSeconds }, { zoo, dataset, startedSeconds }, { clock, signal }),
    );
    signal.throwIfAborted();
    const profile: TaskProfile = {
      features: measured.features,
      trainImages: dataset.train.length,
      validationImages: dataset.val.length,
      skipped: dataset.skipped.length,
      steps: measured.steps.slice(0, mostSteps),
      decodeSecondsPerImage: measured.decodeSecondsPerImage,
      startSeconds: measured.startSeconds + readingSeconds,
      workers: workersHere(),
      seconds: clock.nowSeconds() - began,
    };
    await during('output', () => output.writeProfile({ features: profile.features, seconds: profile.seconds }));
    return { kind: 'profile', profile };
  } finally {
    await dataset.close();
  }
}
