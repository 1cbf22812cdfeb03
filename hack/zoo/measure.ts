/**
 * Measures the training steps of members of the shipped zoo anew, and writes them into its index:
 * `node hack/zoo/measure.ts [NAME...]`, all members unless some are named; these on a machine of the kind that measured the
 * others, for steps of different machines in one index would mislead every plan. The machine should be idle. A shared one has
 * fast and slow quarters of an hour: one and the same step before and after each measurement tells them, and is divided out.
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import type { Network } from '../../src/nas/layers.ts';
import type { StepTime } from '../../src/nas/member.ts';
import { memberFacts } from '../../src/nas/member-facts.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { type MemberRecord, parseZooIndex } from '../../src/nas/zoo-index.ts';
import {
  largestCommonSize,
  measuredTraining,
  measureStep,
  medianStepSeconds,
  memberPoints,
  usualBatch,
  wholeNetwork,
} from '../../src/train/step-time.ts';

const path = join(shippedZooDir(), 'index.json');
const measuring = { clock: systemClock, signal: new AbortController().signal };
const readIndex = async () => parseZooIndex(await readFile(path, 'utf8'), path);
const wanted = process.argv.slice(2);

/** How long one and the same step takes at a moment: again and again, for the machine is faster and slower. */
async function openPace({ encoding, classes, nativeSize }: Pick<MemberRecord, 'encoding' | 'classes' | 'nativeSize'>) {
  const point = { ...wholeNetwork, inputSize: Math.min(nativeSize, largestCommonSize), batchSize: usualBatch };
  const model = await TrainingModel.open(networkOf(encoding, { classes }), { ...point, ...measuredTraining });
  model.start(new Map(), 1);
  return {
    seconds: () => medianStepSeconds(model, { warmUp: 1, steps: 5 }, measuring),
    close: () => model.close(),
  };
}

/** Seconds of a step of the first member in the index over those that it takes now; 1 for that member itself. */
async function sinceTheFirst(name: string): Promise<number> {
  const [first] = (await readIndex()).members;
  const longest = first?.steps.toSorted((a, b) => b.seconds - a.seconds)[0];
  if (first === undefined || longest === undefined || first.name === name) return 1;
  const { seconds } = await measureStep(networkOf(first.encoding, { classes: first.classes }), longest, measuring);
  return longest.seconds / seconds;
}

/** The steps of a member as if the machine had been as fast all the time as when the first member was begun. */
async function steadySteps(member: MemberRecord, network: Network): Promise<readonly StepTime[]> {
  // by its own steps: what slows a small network down, slows a large one down more or less
  const pace = await openPace(member);
  let before = await pace.seconds();
  const usual = before * (await sinceTheFirst(member.name));
  const steps: StepTime[] = [];
  for (const point of memberPoints(network, member.nativeSize)) {
    const step = await measureStep(network, point, measuring);
    const after = await pace.seconds();
    const seconds = (step.seconds * usual) / Math.sqrt(before * after);
    steps.push({ ...step, seconds: Number(seconds.toPrecision(4)) });
    before = after;
  }
  pace.close();
  return steps;
}

for (const member of (await readIndex()).members) {
  const { name, encoding, nativeSize, classes } = member;
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if ((loadavg()[0] ?? 0) > 2.5) console.warn('The machine is busy: the figures will be too large.');
  const network = networkOf(encoding, { classes });
  const steps = await steadySteps(member, network);
  // read again: a measurement takes minutes
  const index = await readIndex();
  const members = index.members.map((one) =>
    one.name === name ? { ...one, ...memberFacts(network, nativeSize), steps } : one,
  );
  await writeFileAtomic(path, `${JSON.stringify({ ...index, members }, null, 2)}\n`);
  console.log(name, steps.map(({ seconds }) => seconds).join(' '));
}
