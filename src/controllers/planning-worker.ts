/** A thread that plans: the predictor's arithmetic would stall the event loop, and a stalled leader loses its lease. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import { encode } from '../planner/encode.ts';
import { type KnownDataset, knownDatasets } from '../planner/familiarity.ts';
import type { Experience, MemberInfo } from '../planner/types.ts';
import { learnedFrom, planTask } from './fine-tune-task/plan-task.ts';
import type { Lesson, PlanningOrder, PlanningReply, PlanningSetup } from './planning-protocol.ts';

const { candidates }: PlanningSetup = workerData;
const port = parentPort;
if (!port) throw new Error('planning-worker.ts runs in a worker thread');

let predictor = learnedFrom([]);
/** Of the runs that it has learnt from. */
let datasets: readonly KnownDataset[] = [];
const known = new Set<string>();
let loss: number | undefined;
/** Weight of the newest run in the smoothed loss: about the last ten count. */
const newestShare = 0.1;
/** Runs at the last time that all were gone through, and the growth after which that is done again. */
let replayed = 0;
const replayGrowth = 1.1;

port.on('message', (order: PlanningOrder) => {
  port.postMessage(obeyed(order));
});

function obeyed(order: PlanningOrder): PlanningReply {
  const { id } = order;
  const began = systemClock.nowSeconds();
  try {
    if (order.kind === 'learn') {
      return { kind: 'learned', id, ...learn(order.experiences), seconds: systemClock.nowSeconds() - began };
    }
    const found = planTask(
      { ...order.input, members: knownMembers(order.input.members) },
      { predictor, known: datasets },
      candidates,
    );
    const answer = found.kind === 'plan' ? { ...found, seconds: systemClock.nowSeconds() - began } : found;
    return { kind: 'planned', id, answer };
  } catch (error) {
    return { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Judges the predictor by the runs that it does not know yet, then lets it learn them. */
function learn(experiences: readonly Experience[]): Lesson {
  const unknown = experiences.filter(({ id }) => !known.has(id));
  const isFirst = known.size === 0;
  for (const experience of unknown) {
    known.add(experience.id);
    const x = encode(experience);
    if (!isFirst) judge(Math.abs(predictor.predictOne(x).mean - experience.accuracy));
    predictor.learnOne(x, experience.accuracy);
  }
  // single runs are learnt as they come; once there are many, all are gone through again, which brings out more
  if (known.size > replayGrowth * replayed) {
    predictor = learnedFrom(experiences);
    replayed = known.size;
  }
  datasets = knownDatasets(experiences);
  return { experiences: known.size, ...(loss === undefined ? {} : { loss }) };
}

function judge(error: number): void {
  loss = loss === undefined ? error : loss + newestShare * (error - loss);
}

/** Each message brings copies; the planner remembers what follows from a member by the very object. */
const membersByText = new Map<string, readonly MemberInfo[]>();
const mostZoos = 64;

function knownMembers(members: readonly MemberInfo[]): readonly MemberInfo[] {
  const text = JSON.stringify(members);
  const known = membersByText.get(text) ?? members;
  if (membersByText.size >= mostZoos) membersByText.clear();
  membersByText.set(text, known);
  return known;
}
