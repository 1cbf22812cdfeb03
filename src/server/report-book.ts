import type { TrainerProgress } from '../crds/trainer-job.ts';
import type { Clock } from '../lib/clock.ts';

/** A report, and when it came (RFC 3339). */
export interface Received {
  readonly report: TrainerProgress;
  readonly receivedAt: string;
}

/** The last report of each task and zoo, in memory: what is lost with the process comes again or stands elsewhere. */
export class ReportBook {
  readonly #clock: Clock;
  readonly #most: number;
  // in the order of their arrival: the oldest first
  readonly #received = new Map<string, Received>();

  constructor(clock: Clock, most = 20_000) {
    this.#clock = clock;
    this.#most = most;
  }

  put(report: TrainerProgress): void {
    const { uid } = report;
    const before = this.#received.get(uid)?.report;
    // a pod's last word is not taken back by an earlier report that was longer on its way
    if (before?.message !== undefined && report.message === undefined && isOfOnePod(before, report)) return;
    this.#received.delete(uid);
    this.#received.set(uid, { report, receivedAt: this.#clock.date().toISOString() });
    const oldest = this.#received.keys().next();
    if (this.#received.size > this.#most && !oldest.done) this.#received.delete(oldest.value);
  }

  latest(uid: string): Received | undefined {
    return this.#received.get(uid);
  }

  /** For objects that are gone or finished. */
  forget(uid: string): void {
    this.#received.delete(uid);
  }
}

const isOfOnePod = (a: TrainerProgress, b: TrainerProgress): boolean => a.role === b.role && a.attempt === b.attempt;
