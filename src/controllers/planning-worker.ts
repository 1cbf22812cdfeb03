/** A thread that plans: the predictor's arithmetic would stall the event loop, and a stalled leader loses its lease. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import type { MemberInfo } from '../planner/types.ts';
import { Learner } from './fine-tune-task/learner.ts';
import { planTask } from './fine-tune-task/plan-task.ts';
import type { PlanningOrder, PlanningReply, PlanningSetup } from './planning-protocol.ts';

const { candidates }: PlanningSetup = workerData;
const port = parentPort;
if (!port) throw new Error('planning-worker.ts runs in a worker thread');

/** By circle. */
const learners = new Map<string, Learner>();

port.on('message', (order: PlanningOrder) => {
  port.postMessage(obeyed(order));
});

function obeyed(order: PlanningOrder): PlanningReply {
  const { id, circle } = order;
  const began = systemClock.nowSeconds();
  try {
    if (order.kind === 'forget') {
      learners.delete(circle);
      return { kind: 'forgotten', id };
    }
    const learner = learners.get(circle) ?? new Learner();
    learners.set(circle, learner);
    if (order.kind === 'learn') {
      const lesson = learner.learn(order.experiences);
      return { kind: 'learned', id, ...lesson, seconds: systemClock.nowSeconds() - began };
    }
    const input = { ...order.input, members: knownMembers(order.input.members) };
    const found = planTask(input, learner, candidates);
    const answer = found.kind === 'plan' ? { ...found, seconds: systemClock.nowSeconds() - began } : found;
    return { kind: 'planned', id, answer };
  } catch (error) {
    return { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) };
  }
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
