/** A thread that plans: the predictor's arithmetic would stall the event loop, and a stalled leader loses its lease. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import { learnedFrom, planTask } from './fine-tune-task/plan-task.ts';
import type { PlanningOrder, PlanningReply, PlanningSetup } from './planning-protocol.ts';

const { candidates }: PlanningSetup = workerData;
const port = parentPort;
if (!port) throw new Error('planning-worker.ts runs in a worker thread');

let predictor = learnedFrom([]);

port.on('message', (order: PlanningOrder) => {
  port.postMessage(obeyed(order));
});

function obeyed(order: PlanningOrder): PlanningReply {
  const { id } = order;
  const began = systemClock.nowSeconds();
  try {
    if (order.kind === 'learn') {
      predictor = learnedFrom(order.experiences);
      return { kind: 'learned', id, seconds: systemClock.nowSeconds() - began };
    }
    const found = planTask(order.input, predictor, candidates);
    const answer = found.kind === 'plan' ? { ...found, seconds: systemClock.nowSeconds() - began } : found;
    return { kind: 'planned', id, answer };
  } catch (error) {
    return { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) };
  }
}
