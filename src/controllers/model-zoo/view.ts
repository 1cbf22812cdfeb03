/** What a pass sees: plain data, gathered before anything is decided. */
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { JobState } from '../job-state.ts';
import type { Refusal } from '../refusals.ts';
import type { Waiting } from '../waiting.ts';
import type { ZooState } from './zoo-state.ts';

export interface View {
  readonly zoo: ModelZoo;
  /** What the store keeps of it, once that was asked for. */
  readonly kept: Kept | 'unknown';
  /** Those of this zoo, finished ones included. */
  readonly jobs: readonly JobView[];
  /** The Jobs' states rest on the pods as the API server has them, not as a cache does, which may lag behind. */
  readonly podsAreCurrent: boolean;
  /** Names of Jobs that are gone while a pod of theirs still ends: a second pod must not write beside it. */
  readonly lingering: readonly string[];
  /** What the spec names and the namespace lacks. */
  readonly missing: readonly Waiting[];
  /** The API server's, of one of its Jobs. */
  readonly refusal: Refusal | undefined;
}

/** Nothing of a zoo that nothing was done for yet; its revision is 0. */
export interface Kept {
  readonly revision: number;
  readonly state: ZooState | undefined;
}

export type ZooRole = 'candidate' | 'pretraining';

/** Which candidate (by its id) or member (by its number from 1) a Job is for, and the how-manieth. */
export interface JobIdentity {
  readonly role: ZooRole;
  readonly id: number;
  readonly attempt: number;
}

export interface JobView extends JobIdentity {
  readonly name: string;
  readonly state: JobState;
  /** Active seconds of this candidate or member after the Job's pods that have ended. */
  readonly seconds: number;
  /** Whether the Job ended while its pod, watched apart, seems to run: its last words are on their way. */
  readonly wordsToCome: boolean;
  readonly deleting: boolean;
  /** For so long its failure, which may pass, does not count yet; the Job keeps its place among those under way. */
  readonly restSeconds: number;
}

/** What a Job is to do, from which `jobs.ts` builds it. */
export interface JobPlan extends JobIdentity {
  readonly name: string;
  readonly encoding: string;
  readonly memoryPlan: number;
  readonly spentSeconds: number;
  /** Of a pre-training alone. */
  readonly member?: string;
}
