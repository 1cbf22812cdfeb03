/** What the controller of tasks needs beside the cluster; the composition plugs in the real ones. */
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { TrainerProgress } from '../../crds/trainer-job.ts';
import type { MeasuredStep } from '../../planner/timing.ts';
import type { DatasetFeatures, Experience, MemberInfo, Plan, Preference, Regime } from '../../planner/types.ts';

/** A report of a pod, and when it came (RFC 3339). */
export interface ReceivedReport {
  readonly report: TrainerProgress;
  readonly receivedAt: string;
}

/** The reports that pods pushed. Kept in memory: a lost one loses nothing. */
export interface ProgressSource {
  /** The last report for the task of that uid. */
  latest(uid: string): ReceivedReport | undefined;
}

/** Members that a task may start from. Synchronous: a decision is made of what is known. */
export interface MemberSource {
  /** Of a zoo that is ready, or of the zoo in the trainer's image. */
  membersOf(zoo: ModelZoo | undefined): readonly MemberInfo[];
}

export interface PlanInput {
  readonly features: DatasetFeatures;
  readonly trainImages: number;
  readonly validationImages: number;
  readonly members: readonly MemberInfo[];
  readonly steps: readonly MeasuredStep[];
  readonly decodeSecondsPerImage: number;
  readonly startSeconds: number;
  /** Of the node that trains; the planner's own guess where absent. */
  readonly workers?: number;
  readonly regimeOverrides: Partial<Regime>;
  readonly targetAccuracy?: number;
  readonly prefer?: Preference;
  readonly budgetSeconds: number;
  readonly spentSeconds: number;
  /** Of a pod that trains on its CPU. */
  readonly memoryBytes?: number;
  readonly seed: number;
  readonly namespace: string;
}

/** `seconds`: active seconds that planning took. */
export type PlanAnswer =
  | { readonly kind: 'plan'; readonly plan: Omit<Plan, 'cloud'>; readonly seconds: number }
  /** No candidate fits; `message` tells what would. */
  | { readonly kind: 'nothingFits'; readonly message: string };

export interface Planner {
  /** Rejects where planning itself failed, which another try may mend; never stalls the event loop. */
  plan(input: PlanInput): Promise<PlanAnswer>;
}

/** Finished runs that predictors learn from. Namespaces that learn from the same ones are a circle. */
export interface ExperienceSource {
  circleOf(namespace: string): string;
  /** Changes whenever a run was added to those of the circle; cheap. */
  revision(circle: string): Promise<string>;
  /** All runs of the circle in the order of time, those that the zoo ships included. */
  list(circle: string): Promise<readonly Experience[]>;
}

export interface ExperienceSink {
  /** False where a run of that id is kept already. Throws InputError for an unsound record. */
  add(experience: Experience, namespace: string): Promise<boolean>;
}
