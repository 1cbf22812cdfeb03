/** One pass over one object, whatever its kind: gather, decide, answer the decision's questions, apply. */

import { type KubeLog, messageOf } from '../kube/log.ts';
import type { Next } from '../kube/worker-pool.ts';
import type { Clock } from '../lib/clock.ts';
import { RunError } from '../lib/errors.ts';
import { done, isExpected, nextOf, type Outcome, type OutcomeKind, outcomeOfError } from './outcome.ts';

/** V: the view; Q: what a decision may ask; D: the decision. */
export interface Reconciler<V, Q, D> {
  readonly kind: 'FineTuneTask' | 'ModelZoo';
  /** From the caches; undefined where the object is gone. Throws InputError where it cannot be read. */
  gather(key: string): V | undefined;
  /** Pure and synchronous. `now`: of the calendar. */
  decide(view: V, now: Date): D;
  questionIn(decision: D): Q | undefined;
  /** The view with the answer; undefined where it is on its way and the object will be looked at again. */
  answer(view: V, question: Q): Promise<V | undefined>;
  /** At most one write of the status, and only then the deeds that it promises. */
  apply(view: V, decision: D): Promise<Outcome>;
}

export interface ReconcileMetrics {
  /** `seconds`: of the whole pass, answers and writes included. */
  reconciled(kind: Reconciler<unknown, unknown, unknown>['kind'], outcome: OutcomeKind, seconds: number): void;
}

export interface RuntimeOptions {
  readonly clock: Clock;
  readonly log: KubeLog;
  readonly metrics: ReconcileMetrics;
}

/** Each question is asked once and there are few; more of them in one pass are a bug that must not spin. */
const mostQuestions = 8;

export async function reconcile<V, Q, D>(reconciler: Reconciler<V, Q, D>, key: string, clock: Clock): Promise<Outcome> {
  try {
    const seen = reconciler.gather(key);
    if (seen === undefined) return done;
    let view: V = seen;
    for (let asked = 0; asked <= mostQuestions; asked++) {
      const decision = reconciler.decide(view, clock.date());
      const question = reconciler.questionIn(decision);
      if (question === undefined) return await reconciler.apply(view, decision);
      const answered = await reconciler.answer(view, question);
      if (answered === undefined) return done;
      view = answered;
    }
    throw new Error(`a decision about ${key} asks on and on`);
  } catch (error) {
    return outcomeOfError(error);
  }
}

/** What the workers of a queue call. Every outcome is logged and counted here and nowhere else. */
export function handlerOf<V, Q, D>(
  reconciler: Reconciler<V, Q, D>,
  { clock, log, metrics }: RuntimeOptions,
): (key: string) => Promise<Next> {
  return async (key) => {
    const startedSeconds = clock.nowSeconds();
    const outcome = await reconcile(reconciler, key, clock);
    metrics.reconciled(reconciler.kind, outcome.kind, clock.nowSeconds() - startedSeconds);
    report(log, reconciler.kind, key, outcome);
    return nextOf(outcome);
  };
}

function report(log: KubeLog, kind: string, key: string, outcome: Outcome): void {
  if (outcome.kind === 'stalled') {
    const { reason, message } = outcome;
    log.warn('An object cannot be worked on until it is changed', { kind, key, reason, detail: message });
  } else if (outcome.kind === 'retry' && !isExpected(outcome)) {
    const { cause } = outcome;
    const remedy = cause instanceof RunError ? cause.remedy : undefined;
    log.warn('Work on an object failed; it will be tried again', { kind, key, error: messageOf(cause), remedy });
  }
}
