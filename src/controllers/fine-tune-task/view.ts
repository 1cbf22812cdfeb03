import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { FineTuneTaskStatus } from '../../crds/fine-tune-task-status.ts';
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { Job, NewJob, Pod } from '../../crds/workloads.ts';
import type { Happening } from '../../kube/world.ts';
import type { Experience, MemberInfo } from '../../planner/types.ts';
import type { Refusal } from '../refusals.ts';
import type { TrainerSettings } from '../settings.ts';
import type { PlanAnswer, PlanInput, ReceivedReport } from './ports.ts';

/** All that a decision about a task rests on, as plain data. */
export interface View {
  readonly task: FineTuneTask;
  /** Jobs that the task owns. */
  readonly jobs: readonly Job[];
  /** Pods of those Jobs, also of Jobs that are gone. */
  readonly pods: readonly Pod[];
  /** The pods are as the API server has them, not as a cache does, which may lag behind that of the Jobs. */
  readonly podsAreCurrent: boolean;
  /** What zooRef names, where there is such a zoo. */
  readonly zoo: ModelZoo | undefined;
  /** Of the zoo that the task starts from; empty where that is not ready. */
  readonly members: readonly MemberInfo[];
  /** Claims that the task or its zoo names and that do not exist. */
  readonly missingClaims: readonly string[];
  readonly report: ReceivedReport | undefined;
  /** The API server refused the last Job that was tried. */
  readonly refusal: Refusal | undefined;
  readonly settings: TrainerSettings;
  readonly answers: Answers;
}

/** Answers to the questions of a former decision in the same pass. */
export interface Answers {
  /** Secrets that do not exist of those that were looked for. */
  readonly missingSecrets?: readonly string[];
  readonly plan?: PlanAnswer;
  /** `kept`: it is in the store, now or since before. `refused`: the record is unsound and never will be. */
  readonly experience?: 'kept' | 'refused' | 'failed';
}

/** Asks for something whose answer belongs into the status; the decision is then made again with it. */
export type Question =
  | { readonly do: 'readPods' }
  | { readonly do: 'look'; readonly secrets: readonly string[] }
  | { readonly do: 'plan'; readonly input: PlanInput }
  | { readonly do: 'storeExperience'; readonly experience: Experience };

/** Done after the status was written, in order. Each may be repeated. */
export type Deed =
  | { readonly do: 'createJob'; readonly job: NewJob }
  | { readonly do: 'deleteJob'; readonly job: Job }
  | { readonly do: 'deleteTask' }
  | { readonly do: 'event'; readonly happening: Happening };

export type Action = Question | Deed;

export interface Decision {
  readonly actions: readonly Action[];
  /** The very status of the task where nothing is to be written. */
  readonly status: FineTuneTaskStatus;
  readonly requeueAfterSeconds?: number;
}

export const isQuestion = (action: Action): action is Question =>
  action.do === 'readPods' || action.do === 'look' || action.do === 'plan' || action.do === 'storeExperience';
