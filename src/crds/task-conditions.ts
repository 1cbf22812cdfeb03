/** Conditions of a FineTuneTask: for each the closed list of its reasons, what a reason means, and what to do. */
import type { ConditionTable } from './conditions.ts';

/** Why a pod of a task or zoo does not run. */
export const waitingReasons = {
  NotStarted: 'No pod was asked for yet.',
  Starting: 'The pod is placed; its image is pulled or its volumes are attached.',
  Queued: 'Kueue holds the Job back. See its Workload and the quota of the queue.',
  Unschedulable:
    "No node can take the pod; the message carries the scheduler's words. Ask for less, add a node, or mend the " +
    'nodeSelector, tolerations and affinity.',
  ImagePullFailed: 'The image of the trainer cannot be pulled. See the image of the operator and imagePullSecrets.',
  PodConfigInvalid:
    'The node cannot make the container, mostly for want of a Secret or a key in it. The message names it.',
  PodRejected:
    'The API server refuses the pod, by quota or by policy; the message carries its words. Mend pod or resources.',
  VolumeNotReady: 'A volume cannot be attached. See the claim and the events of the pod.',
  ClaimNotFound:
    'A claim that the object names does not exist in its namespace. Create it, or correct the name in a new object.',
  SecretNotFound: 'A Secret that the object names does not exist in its namespace. Create it.',
  Retrying: 'The last attempt failed; the next one follows. The message says when and why.',
  Suspended: 'The object is suspended. See the condition Suspended.',
  Finished: 'Nothing is left to do.',
} as const;

/** Failures of a pod that come to the object as its own. */
export const failureReasons = {
  ClaimNotFound: 'A claim that the object names did not come to exist in time. Create it and then a new object.',
  SecretNotFound: 'A Secret that the object names did not come to exist in time. Create it and then a new object.',
  AccessDenied: "The storage refuses the Secret's keys. Correct them and create a new object.",
  DataNotFound: 'There is nothing where the data set should be. Correct path or url in a new object.',
  NoImages: 'No image was found. The data set wants one folder of images for each class.',
  TooFewClasses: 'Fewer than two classes were found. The data set wants one folder of images for each class.',
  TooFewImages: 'A class has too few images to train and validate on. Add images.',
  TooManyDamaged: 'Too large a share of the files cannot be used; the message names some. Mend or remove them.',
  ArchiveUnreadable: 'The archive is damaged or of an unknown kind. Pack it anew as .tar, .tar.gz or .zip.',
  InvalidSpec: 'The spec contradicts itself or what it refers to; the message says where. Correct it in a new object.',
  WeightsUnusable: 'Weights are missing, damaged or do not fit the architecture. Mend the zoo.',
  BudgetSpent: 'The time was over before there was anything to keep. Give more time.',
  Diverged:
    'The loss of the training became infinite or no number, as it would again. Set a lower regime.learningRate, or ' +
    'none, in a new object.',
  OutOfMemory:
    'The pod needs more memory than it may have, even with the smallest memory plan. Raise resources.memory.',
  NoSpace: 'The disk of the node or the output is full. Make room and create a new object.',
  OutputNotWritable: 'The artifact cannot be written to the output. See its access rights.',
  StorageUnreachable: 'The storage did not answer for long. See endpoint and network policies.',
  StartDeadlineExceeded: 'No pod ran within startDeadline; the message carries what it waited for.',
  RetriesExhausted:
    'The pods failed more often than retries allows. The message carries the last failure; see their logs.',
  ImageIncompatible: "The trainer's answer cannot be read: its image is not of the operator's version.",
  Internal: 'A bug. Please report it with the message and the log of the pod.',
} as const;

/** The closed list of reasons, by condition. */
export const taskConditions = {
  Profiled: {
    description: 'Whether the data set and the speed of the node were measured.',
    reasons: {
      NotStarted: 'No profile pod ran yet.',
      Profiling: 'The profile pod is measuring.',
      ProfileTaken: 'status.profile holds the measurements.',
      ProfileFailed: 'The data set cannot be profiled; the condition Failed says why.',
    },
  },
  Planned: {
    description: 'Whether member and regime are chosen. The plan stands in status.plan before any training pod exists.',
    reasons: {
      WaitingForProfile: 'The plan needs the profile first.',
      WaitingForZoo: 'The ModelZoo of zooRef is not there or not ready yet.',
      Planning: 'Candidates are being judged.',
      PlanMade: 'status.plan holds the plan.',
      NothingFits: 'No candidate fits; the condition Failed says why.',
      Failed: 'The task failed before it could be planned.',
    },
  },
  Running: {
    description: 'Whether a pod of the task runs, and if not, what it waits for.',
    reasons: {
      Profiling: 'The profile pod runs.',
      Training: 'The training pod runs; status.progress tells how far it is.',
      ...waitingReasons,
    },
  },
  Suspended: {
    description: 'Whether the task is held. No active time passes, and its checkpoint is kept.',
    reasons: {
      SuspendRequested: 'spec.suspend is true. Set it to false to go on.',
      Suspending: 'spec.suspend is true; the pod is writing its checkpoint.',
      Resumed: 'The task went on after it was suspended.',
      NotSuspended: 'The task was never suspended.',
    },
  },
  Complete: {
    description: 'Whether the task came to its result.',
    reasons: {
      PlanCompleted: 'Every planned step was done. status.result and status.artifact hold what came of it.',
      BudgetSpent: 'Time ran out before the last planned step; the result is that of the weights reached.',
      InProgress: 'The task is not done yet.',
      Failed: 'The task failed.',
    },
  },
  Failed: {
    description: 'Whether the task failed for good.',
    reasons: {
      NotFailed: 'Nothing failed for good.',
      ZooNotFound: 'The ModelZoo of zooRef did not come to exist in time. Create it and then a new task.',
      ZooFailed: 'The ModelZoo of zooRef failed. See its conditions.',
      MemberNotFound: 'spec.members names none of the members of the zoo. Correct it in a new task.',
      NothingFits: 'No candidate fits into the budget. The message tells the least that would do.',
      ...failureReasons,
    },
  },
} as const satisfies ConditionTable;
