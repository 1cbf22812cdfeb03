/**
 * Measures the training steps of members of the shipped zoo anew, and writes them into its index:
 * `node hack/zoo/measure.ts [NAME...]`, all members unless some are named. The machine should be idle. Steps of different
 * machines in one index would mislead every plan: some alone are measured only where another one takes what the index says.
 * A shared machine has fast and slow quarters of an hour: a step of the smallest member before and after each measurement
 * tells them, and is divided out.
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
import { parseZooIndex } from '../../src/nas/zoo-index.ts';
import {
  comparedBatch,
  measureStep,
  medianStepSeconds,
  memberPoints,
  type StepPoint,
} from '../../src/train/step-time.ts';

const path = join(shippedZooDir(), 'index.json');
const measuring = { clock: systemClock, signal: new AbortController().signal };
const readIndex = async () => parseZooIndex(await readFile(path, 'utf8'), path);
const wanted = process.argv.slice(2);

const mostOff = 1.25;

/** Throws where a member that is not to be measured takes another time here than the index says. */
async function checkMachine(): Promise<void> {
  const other = (await readIndex()).members.find(({ name, steps }) => !wanted.includes(name) && steps.length > 0);
  const [known] = other?.steps ?? [];
  if (other === undefined || known === undefined) return;
  const { seconds } = await measureStep(networkOf(other.encoding, { classes: other.classes }), known, measuring);
  const off = Math.max(seconds / known.seconds, known.seconds / seconds);
  if (off <= mostOff) return;
  throw new Error(`${other.name} takes ${seconds} s here and ${known.seconds} s in the index: measure all members.`);
}

/** Steps of one network, again and again: how fast the machine is at a moment. */
async function openPace() {
  const [smallest] = (await readIndex()).members.toSorted((a, b) => a.macsM - b.macsM);
  if (smallest === undefined) throw new Error('the index has no member');
  const network = networkOf(smallest.encoding, { classes: smallest.classes });
  const model = await TrainingModel.open(network, {
    ...{ inputSize: smallest.nativeSize, batchSize: comparedBatch, frozenStages: 0, cachedFeatures: false },
    ...{ optimizer: 'adamw', weightDecay: 0.01, labelSmoothing: 0.1, clipNorm: 5, average: false, precision: 'fp32' },
  });
  model.start(new Map(), 1);
  return () => medianStepSeconds(model, { warmUp: 1, steps: 7 }, measuring);
}

if (wanted.length > 0) await checkMachine();
const pace = await openPace();
const usual = await pace();
/** Seconds as they would have been at the beginning. */
async function steadyStep(network: Network, point: StepPoint): Promise<StepTime> {
  const before = await pace();
  const step = await measureStep(network, point, measuring);
  const seconds = (step.seconds * usual) / Math.sqrt(before * (await pace()));
  return { ...step, seconds: Number(seconds.toPrecision(4)) };
}

for (const { name, encoding, nativeSize, classes } of (await readIndex()).members) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if ((loadavg()[0] ?? 0) > 2.5) console.warn('The machine is busy: the figures will be too large.');
  const network = networkOf(encoding, { classes });
  const steps: StepTime[] = [];
  for (const point of memberPoints(network, nativeSize)) steps.push(await steadyStep(network, point));
  // read again: a measurement takes minutes
  const index = await readIndex();
  const members = index.members.map((member) =>
    member.name === name ? { ...member, ...memberFacts(network, nativeSize), steps } : member,
  );
  await writeFileAtomic(path, `${JSON.stringify({ ...index, members }, null, 2)}\n`);
  console.log(name, steps.map(({ seconds }) => seconds).join(' '));
}
