import type { Clock } from '../lib/clock.ts';

/** The API server's words for refusing a Job, and whether it is time to try again. */
export interface Refusal {
  readonly message: string;
  readonly due: boolean;
}

/** How long a refusal stands before the same Job is tried again: quotas and policies change without telling anybody. */
const standsSeconds = 30;

/** Jobs that the API server refused, by the uid of their owner. In memory: after a restart they are tried again. */
export class Refusals {
  readonly #clock: Clock;
  readonly #noted = new Map<string, { readonly message: string; readonly atSeconds: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(uid: string): Refusal | undefined {
    const noted = this.#noted.get(uid);
    if (noted === undefined) return undefined;
    return { message: noted.message, due: this.#clock.nowSeconds() - noted.atSeconds >= standsSeconds };
  }

  note(uid: string, message: string): void {
    this.#noted.set(uid, { message, atSeconds: this.#clock.nowSeconds() });
  }

  forget(uid: string): void {
    this.#noted.delete(uid);
  }
}
