/**
 * Measures the training steps of members of the shipped zoo anew, and writes them into its index:
 * `node hack/zoo/measure.ts [NAME...]`, all members unless some are named; these on a machine of the kind that measured the
 * others, for steps of different machines in one index would mislead every plan. The machine should be idle. A shared one has
 * fast and slow quarters of an hour: one and the same step before and after each measurement tells them, and is divided out;
 * and how fast it was altogether is told by turns with the first member of the same kind, and of the first of the small ones
 * with the first of the large ones, for a plan's profile may have time for a small one alone. `--level` leaves a member's
 * steps as they are to each other and only sets right how they compare with that one's, in half a minute.
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../../bench/lib/statistics.ts';
import { deviceHere } from '../../src/graph/device.ts';
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
  comparedBatch,
  largestCommonSize,
  measuredTraining,
  measureStep,
  medianStepSeconds,
  memberPoints,
  type StepPoint,
  usualBatch,
  wholeNetwork,
} from '../../src/train/step-time.ts';

const { values: only, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { level: { type: 'boolean', default: false } },
});
const path = join(shippedZooDir(), 'index.json');
const measuring = { clock: systemClock, signal: new AbortController().signal };
const readIndex = async () => parseZooIndex(await readFile(path, 'utf8'), path);

const isLarge = ({ nativeSize }: MemberRecord): boolean => nativeSize > largestCommonSize;

/** The step by which members of a kind compare; it is among those of each of them. */
const pacePoint = (member: MemberRecord): StepPoint => ({
  ...wholeNetwork,
  inputSize: Math.min(member.nativeSize, largestCommonSize),
  batchSize: isLarge(member) ? usualBatch : comparedBatch,
});
const isAt = (point: StepPoint) => (step: StepTime) =>
  Object.entries(point).every(([name, value]) => step[name as keyof StepPoint] === value);

/** How long one and the same step takes at a moment: again and again, for the machine is faster and slower. */
async function openPace(member: MemberRecord) {
  const model = await TrainingModel.open(networkOf(member.encoding, { classes: member.classes }), {
    ...pacePoint(member),
    ...measuredTraining,
  });
  model.start(new Map(), 1);
  return {
    seconds: () => medianStepSeconds(model, { warmUp: 1, steps: 5 }, measuring),
    close: () => model.close(),
  };
}

/** Rounds in which two members are timed by turns. */
const levelRounds = 9;

/** With whom a member is timed by turns: with one of its kind, for small and large networks do not slow down alike. */
function referenceOf(member: MemberRecord, members: readonly MemberRecord[]): MemberRecord | undefined {
  const first = members.find((one) => isLarge(one) === isLarge(member));
  return first?.name === member.name && !isLarge(member) ? members.find(isLarge) : first;
}

/** Seconds of a member's pace as if the machine were as fast as when that one was measured; undefined of that one itself. */
async function levelOf(member: MemberRecord): Promise<number | undefined> {
  const first = referenceOf(member, (await readIndex()).members);
  const indexed = first?.steps.find(isAt(pacePoint(first)))?.seconds;
  if (first === undefined || indexed === undefined || first.name === member.name) return undefined;
  const [own, other] = [await openPace(member), await openPace(first)];
  const ratios: number[] = [];
  for (let round = 0; round < levelRounds; round++) ratios.push((await own.seconds()) / (await other.seconds()));
  for (const pace of [own, other]) pace.close();
  return indexed * median(ratios);
}

/** The steps of a member as if the machine had been as fast all the time as when the first member was begun. */
async function steadySteps(member: MemberRecord, network: Network): Promise<readonly StepTime[]> {
  const level = await levelOf(member);
  // by its own steps: what slows a small network down, slows a large one down more or less
  const pace = await openPace(member);
  let before = await pace.seconds();
  const usual = level ?? before;
  const steps: StepTime[] = [];
  for (const point of memberPoints(network, member.nativeSize)) {
    const step = await measureStep(network, point, measuring);
    const after = await pace.seconds();
    steps.push(scaled(step, usual / Math.sqrt(before * after)));
    before = after;
  }
  pace.close();
  return steps;
}

/** The member's steps, all of them longer or shorter by what its pace shows. */
async function levelledSteps(member: MemberRecord): Promise<readonly StepTime[]> {
  const level = await levelOf(member);
  const indexed = member.steps.find(isAt(pacePoint(member)))?.seconds;
  return level === undefined || indexed === undefined
    ? member.steps
    : member.steps.map((step) => scaled(step, level / indexed));
}

const scaled = (step: StepTime, by: number): StepTime => ({
  ...step,
  seconds: Number((by * step.seconds).toPrecision(4)),
});

// the large ones first: the first of them is what all others are levelled against
const inOrder = (await readIndex()).members.toSorted((a, b) => Number(isLarge(b)) - Number(isLarge(a)));
for (const member of inOrder) {
  const { name, encoding, nativeSize, classes } = member;
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if ((loadavg()[0] ?? 0) > 2.5) console.warn('The machine is busy: the figures will be too large.');
  const network = networkOf(encoding, { classes });
  const steps = only.level ? await levelledSteps(member) : await steadySteps(member, network);
  // read again: a measurement takes minutes
  const [index, measuredOn] = [await readIndex(), await deviceHere()];
  const members = index.members.map((one) =>
    one.name === name ? { ...one, ...memberFacts(network, nativeSize), steps, measuredOn } : one,
  );
  await writeFileAtomic(path, `${JSON.stringify({ ...index, members }, null, 2)}\n`);
  console.log(name, steps.map(({ seconds }) => seconds).join(' '));
}
