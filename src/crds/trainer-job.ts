/** What the operator and a pod of the trainer tell each other. Both read it through `trainer-codec.ts`. */
import type { TaskPlan, TaskProfile, TaskResult } from './fine-tune-task-status.ts';
import type { RegimeOverrides } from './regime.ts';
import type { Artifact } from './storage.ts';

/** What a pod is there for. Candidates and pre-training belong to a zoo, the others to a task. */
export const trainerRoles = ['profile', 'training', 'candidate', 'pretraining'] as const;
export type TrainerRole = (typeof trainerRoles)[number];

/** Name of the one environment variable that carries a `TrainerJob` as JSON. */
export const jobVariable = 'NASOA_JOB';

/** A mounted folder (or file), or a place in S3 whose keys are in the environment (AWS_ACCESS_KEY_ID, ...). */
export type TrainerPlace =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 's3'; readonly url: string; readonly endpoint?: string; readonly region?: string };

/** The images of a pod. */
export interface TrainerData {
  readonly place: TrainerPlace;
  readonly format: 'folder' | 'archive';
  readonly validationShare: number;
}

/** Where a pod writes. `place` alone is what the user named; `folder` below it belongs to this object alone. */
export interface TrainerOutput {
  readonly place: TrainerPlace;
  /** Relative, unique for the object; checkpoint, report and model lie in it. */
  readonly folder: string;
  /** What of it an artifact names: a claim is mounted, and its name is not in the mounted path. */
  readonly claim?: { readonly claimName: string; readonly path: string };
}

interface TrainerJobBase {
  /** The task, or the zoo, that owns the pod. */
  readonly task: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly attempt: number;
  readonly output: TrainerOutput;
  /** Folder of the zoo inside the pod, or its place in S3. */
  readonly zoo: TrainerPlace;
  readonly budgetSeconds: number;
  /** Active seconds that earlier pods spent. */
  readonly spentSeconds: number;
  readonly seed: number;
  /** 0 as planned; k halves batch and caches k times. */
  readonly memoryPlan: number;
  readonly report: TrainerReportTarget;
  readonly traceId: string;
}

export interface TrainerReportTarget {
  readonly url: string;
  readonly audience: string;
  /** File of the projected token; it is renewed, so it is read for each report. */
  readonly tokenPath: string;
  /** File of the certificate authority of the address. */
  readonly caPath: string;
}

export interface ProfileJob extends TrainerJobBase {
  readonly kind: 'profile';
  readonly data: TrainerData;
  /** Members that may be chosen; all where absent. */
  readonly members?: readonly string[];
  /** Members of the zoo that are ready; all that are there where absent. */
  readonly readyMembers?: readonly string[];
  readonly regime?: RegimeOverrides;
}

export interface TrainingJob extends TrainerJobBase {
  readonly kind: 'training';
  readonly data: TrainerData;
  readonly plan: Omit<TaskPlan, 'runnersUp' | 'tradeOff' | 'plannedAt'>;
  /** What it may be changed to while it is carried out; it is kept to where absent. */
  readonly replan?: Pick<TaskPlan, 'runnersUp' | 'tradeOff'>;
}

export interface CandidateJob extends TrainerJobBase {
  readonly kind: 'candidate';
  readonly data: TrainerData;
  readonly encoding: string;
  /** Number of the candidate in its search. */
  readonly candidate: number;
}

export interface PretrainingJob extends TrainerJobBase {
  readonly kind: 'pretraining';
  /** Absent for a zoo of imports alone. */
  readonly data?: TrainerData;
  readonly member: string;
  readonly encoding: string;
  readonly epochs: number;
  readonly teacher?: string;
  /** Where the teacher is; the zoo that the member is made for where absent. */
  readonly teacherZoo?: TrainerPlace;
  /** Weights to import in place of training. */
  readonly weights?: TrainerPlace;
  readonly nativeSize?: number;
  readonly accuracy?: number;
}

export type TrainerJob = ProfileJob | TrainingJob | CandidateJob | PretrainingJob;

/**
 * How a pod ends. 0 done; 10 bad data and 11 a spec, weights or a budget that will not do: no retry mends them; 20 ended early by SIGTERM with
 * a checkpoint, which is no failure; 137 killed by the kernel for want of memory; 1 anything else, worth a retry.
 */
export const exitCodes = { done: 0, failed: 1, badData: 10, badSpec: 11, interrupted: 20, outOfMemory: 137 } as const;

/** Failures that a trainer reports, each with the exit code it ends with. All are reasons of the condition Failed. */
export const trainerFailures = {
  AccessDenied: exitCodes.badData,
  DataNotFound: exitCodes.badData,
  NoImages: exitCodes.badData,
  TooFewClasses: exitCodes.badData,
  TooFewImages: exitCodes.badData,
  TooManyDamaged: exitCodes.badData,
  ArchiveUnreadable: exitCodes.badData,
  InvalidSpec: exitCodes.badSpec,
  WeightsUnusable: exitCodes.badSpec,
  BudgetSpent: exitCodes.badSpec,
  Diverged: exitCodes.badSpec,
  OutOfMemory: exitCodes.failed,
  NoSpace: exitCodes.failed,
  OutputNotWritable: exitCodes.failed,
  StorageUnreachable: exitCodes.failed,
  Internal: exitCodes.failed,
} as const;
export type TrainerFailureReason = keyof typeof trainerFailures;

export interface CurvePoint {
  /** Active seconds. */
  readonly seconds: number;
  readonly accuracy: number;
}

/** What a pod says at its end: its termination message, and the `message` of its last report. */
export type TrainerMessage =
  | { readonly kind: 'profile'; readonly profile: TaskProfile }
  | {
      readonly kind: 'training';
      readonly result: TaskResult;
      readonly artifact: Artifact;
      readonly activeSeconds: number;
      /** Why training ended: every planned step was done, or time ran out first. */
      readonly stopped: 'completed' | 'budget';
      readonly curve: readonly CurvePoint[];
    }
  | {
      readonly kind: 'candidate';
      readonly candidate: number;
      readonly encoding: string;
      readonly accuracy: number;
      readonly stepSeconds: number;
      readonly parametersM: number;
      readonly macsM: number;
      readonly activeSeconds: number;
    }
  | {
      readonly kind: 'pretraining';
      readonly member: string;
      readonly encoding: string;
      readonly accuracy: number;
      readonly stepSeconds: number;
      readonly artifact: Artifact;
      readonly activeSeconds: number;
    }
  /** Ended early by SIGTERM; the checkpoint is in the output. */
  | { readonly kind: 'interrupted'; readonly activeSeconds: number; readonly step: number }
  | {
      readonly kind: 'failure';
      readonly reason: TrainerFailureReason;
      /** At most 500 characters. */
      readonly message: string;
      readonly activeSeconds?: number;
    };

/** Body of a progress report. */
export interface TrainerProgress {
  /** Of the task or zoo. */
  readonly uid: string;
  readonly role: TrainerRole;
  readonly attempt: number;
  readonly step: number;
  readonly steps: number;
  readonly accuracy?: number;
  readonly secondsLeft?: number;
  readonly activeSeconds: number;
  readonly message?: TrainerMessage;
}
