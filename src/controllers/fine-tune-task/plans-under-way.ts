import { isDeepStrictEqual } from 'node:util';
import type { PlanAnswer, PlanInput, Planner } from './ports.ts';

interface UnderWay {
  readonly input: PlanInput;
  outcome?: { readonly answer: PlanAnswer } | { readonly error: unknown };
}

/**
 * Plans that are being made. A pass that needs one does not wait for it, for then a few plans would hold all workers:
 * the task is looked at again when its plan is there. In memory: after a crash the plan is made anew, and is the same.
 */
export class PlansUnderWay {
  readonly #planner: Planner;
  readonly #wake: (key: string) => void;
  readonly #plans = new Map<string, UnderWay>();

  /** `wake`: looks at a task again, by its key. */
  constructor(planner: Planner, wake: (key: string) => void) {
    this.#planner = planner;
    this.#wake = wake;
  }

  /** The plan for the input, once; undefined while it is made. Throws what the planner failed with. */
  take(key: string, input: PlanInput): PlanAnswer | undefined {
    const known = this.#plans.get(key);
    if (known === undefined || !isDeepStrictEqual(known.input, input)) {
      this.#begin(key, { input });
      return undefined;
    }
    if (known.outcome === undefined) return undefined;
    this.#plans.delete(key);
    if ('error' in known.outcome) throw known.outcome.error;
    return known.outcome.answer;
  }

  /** The task is gone. */
  forget(key: string): void {
    this.#plans.delete(key);
  }

  #begin(key: string, plan: UnderWay): void {
    this.#plans.set(key, plan);
    const settle = (outcome: NonNullable<UnderWay['outcome']>): void => {
      plan.outcome = outcome;
      if (this.#plans.get(key) === plan) this.#wake(key);
    };
    this.#planner.plan(plan.input).then(
      (answer) => settle({ answer }),
      (error: unknown) => settle({ error }),
    );
  }
}
