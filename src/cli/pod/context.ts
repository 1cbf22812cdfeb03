import type { TrainerJob, TrainerMessage, TrainerPlace } from '../../crds/trainer-job.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../server/logger.ts';
import type { ArtifactStore } from '../../store/artifacts.ts';

/** What a place is to the pod; it decides whose keys open it. */
export type PlaceRole = 'data' | 'output' | 'zoo' | 'weights';

/** What a job does before its steps; in whatever it counts. */
export interface Preparation {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** How far a job is, before it is a report. */
export interface PodProgress {
  /** No part of a report, which comes all the same and tells that the pod is alive. */
  readonly preparing?: Preparation;
  readonly step: number;
  readonly steps: number;
  readonly accuracy?: number;
  readonly secondsLeft?: number;
}

/** What a job gets besides itself. */
export interface PodContext {
  readonly clock: Clock;
  /** Its cache folder is the pod's scratch: nothing else in a pod can be written. */
  readonly env: NodeJS.ProcessEnv;
  readonly scratch: string;
  /** Longest that the step times of a new member are measured; what is measured until then counts. */
  readonly measuringSeconds: number;
  /** Aborted by SIGTERM, with an Interruption. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly openStore: (place: TrainerPlace, role: PlaceRole) => Promise<ArtifactStore>;
  /** Active seconds of the task so far, those of earlier pods included; the job says from when on they pass. */
  readonly activity: Activity;
  /** Cheap: may be called at each step. */
  readonly report: (progress: PodProgress) => void;
}

/** Carries out a job of one kind. */
export type RunJob<J extends TrainerJob> = (job: J, context: PodContext) => Promise<TrainerMessage>;

/** Counts the active seconds, from the moment that a job begins with its data. */
export class Activity {
  readonly #clock: Clock;
  #startedSeconds: number | undefined;
  #spentSeconds: number;

  constructor(clock: Clock, spentSeconds: number) {
    this.#clock = clock;
    this.#spentSeconds = spentSeconds;
  }

  /** The clock's reading at which the active seconds were 0. `spentSeconds`: of earlier pods, as far as is known. */
  begin(spentSeconds: number): number {
    this.#spentSeconds = spentSeconds;
    this.#startedSeconds = this.#clock.nowSeconds() - spentSeconds;
    return this.#startedSeconds;
  }

  seconds(): number {
    return this.#startedSeconds === undefined ? this.#spentSeconds : this.#clock.nowSeconds() - this.#startedSeconds;
  }
}
