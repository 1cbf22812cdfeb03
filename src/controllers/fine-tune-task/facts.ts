/** What a view says about a task, worked out once for all policies. */
import { budgetSeconds, type FineTuneTaskSpec } from '../../crds/fine-tune-task.ts';
import type { FineTuneTaskStatus } from '../../crds/fine-tune-task-status.ts';
import { labels } from '../../crds/group.ts';
import type { Job, Pod } from '../../crds/workloads.ts';
import { formatDuration } from '../../lib/duration.ts';
import {
  activeSecondsAfter,
  hasEnded,
  isFinished,
  type JobState,
  jobState,
  podsOf,
  spentSecondsBefore,
} from '../job-state.ts';
import { jobName, type Owner } from '../pods.ts';
import { trainerOf } from '../waiting.ts';
import type { ReceivedReport } from './ports.ts';
import { seconds, share } from './rounded.ts';
import type { View } from './view.ts';

/** Which of its two Jobs the task is at. */
export type TaskRole = 'profile' | 'training';

export interface Facts {
  readonly view: View;
  readonly owner: Owner;
  readonly spec: FineTuneTaskSpec;
  /** RFC 3339, and in seconds of the calendar. */
  readonly now: string;
  readonly nowSeconds: number;
  readonly budgetSeconds: number;
  /** As it was written last, with what Job, pods and reports tell taken into it. */
  readonly status: FineTuneTaskStatus;
  readonly attempts: Attempts;
  readonly role: TaskRole;
  /** The attempt's Job and its pods; attempt 0 has neither. */
  readonly job: Job | undefined;
  readonly pods: readonly Pod[];
  readonly state: JobState;
  /** Jobs of this or an earlier attempt that may still run a pod and are not being deleted. */
  readonly openJobs: readonly Job[];
  /** Pods that have not ended, of whatever Job. */
  readonly livePods: readonly Pod[];
}

export type Attempts = NonNullable<FineTuneTaskStatus['attempts']>;

const noAttempts: Attempts = { profile: 0, training: 0, memoryPlan: 0 };
/** A pod may take this much longer than its share of the budget before it counts as stuck. */
const patienceSeconds = 600;
/** What follows the training may take the larger of these (DESIGN: budget). */
const [closingSeconds, closingShare] = [15, 0.1];

/** Part of the Job's name; also tells the attempts apart. */
export const suffixOf = (role: TaskRole, attempt: number): string =>
  `${role === 'profile' ? 'profile' : 'train'}-${attempt}`;

export const ownerOf = ({ task }: Pick<View, 'task'>): Owner => ({ kind: 'FineTuneTask', metadata: task.metadata });

/** Failures that were answered by another attempt. */
export const failuresOf = ({ profile, training }: Attempts): number =>
  Math.max(0, profile - 1) + Math.max(0, training - 1);

/** Longest that one pod may run: what is left of the budget and its closing, twice over. */
export function longestRunSeconds(budget: number, spentSeconds: number): number {
  const left = Math.max(0, budget - spentSeconds) + Math.max(closingSeconds, closingShare * budget);
  return left + Math.max(patienceSeconds, left);
}

/** `now`: of the calendar. */
export function factsOf(view: View, now: Date): Facts {
  const { task, report } = view;
  const { spec, status: written = {} } = task;
  const owner = ownerOf(view);
  const nowSeconds = now.getTime() / 1000;
  const attempts = written.attempts ?? noAttempts;
  const role: TaskRole = written.plan === undefined ? 'profile' : 'training';
  const attempt = attempts[role];
  const name = jobName(owner, suffixOf(role, attempt));
  const job = view.jobs.find(({ metadata }) => metadata.name === name);
  const pods = job === undefined ? podsOfAttempt(view.pods, role, attempt) : podsOf(job, view.pods);
  const own = report !== undefined && report.report.uid === task.metadata.uid ? report : undefined;
  const current = own?.report.role === role && own.report.attempt === attempt ? own : undefined;
  const budget = budgetSeconds(spec.budget);
  const spentSeconds = spentSecondsBefore(job, pods);
  const longest = longestRunSeconds(budget, spentSeconds);
  const state = judged(role, jobState(job, pods, current?.report.message, nowSeconds), longest, nowSeconds);
  const reported = own?.report.activeSeconds ?? 0;
  return {
    ...{ view, owner, spec, now: rfc3339(now), nowSeconds, budgetSeconds: budget, attempts, role, job, pods, state },
    status: taken(written, {
      ...{ state, pods, report: role === 'training' ? current : undefined },
      activeSeconds: Math.max(reported, activeSecondsAfter(spentSeconds, pods)),
    }),
    openJobs: view.jobs.filter((one) => isOpen(one, view.pods) && !isLater(one, role, attempt)),
    livePods: view.pods.filter((pod) => !hasEnded(pod)),
  };
}

/** The facts as they are once `changes` are written: a promise is decided on before it is made. */
export function assuming(facts: Facts, changes: Partial<FineTuneTaskStatus>): Facts {
  const { view, status } = facts;
  const task = { ...view.task, status: { ...status, ...changes } };
  return factsOf({ ...view, task }, new Date(facts.nowSeconds * 1000));
}

/** To the second, as Kubernetes writes times. */
export const rfc3339 = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** A Job whose pod succeeded is done, though its own status may lag behind. */
const isOpen = (job: Job, pods: readonly Pod[]): boolean =>
  !isFinished(job) &&
  job.metadata.deletionTimestamp === undefined &&
  !podsOf(job, pods).some(({ status }) => status?.phase === 'Succeeded');

/** A Job of an attempt that our view of the task does not know yet: the view is old, and the Job not ours to stop. */
function isLater({ metadata }: Job, role: TaskRole, attempt: number): boolean {
  const of = metadata.labels?.[labels.role];
  if (of !== role) return of === 'training';
  return Number(metadata.labels?.[labels.attempt]) > attempt;
}

const podsOfAttempt = (pods: readonly Pod[], role: TaskRole, attempt: number): readonly Pod[] =>
  pods.filter(
    ({ metadata }) => metadata.labels?.[labels.role] === role && metadata.labels?.[labels.attempt] === String(attempt),
  );

/** A pod that answers what was not asked, or runs for longer than `longest` seconds, has failed. */
function judged(role: TaskRole, state: JobState, longest: number, nowSeconds: number): JobState {
  if (state.kind === 'answered' && state.answer.kind !== role) {
    const message = `The pod answered with a ${state.answer.kind} message where a ${role} one was asked for.`;
    return { kind: 'failed', failure: { reason: 'ImageIncompatible', message, final: true } };
  }
  if (state.kind !== 'running') return state;
  if (nowSeconds - Date.parse(state.since) / 1000 <= longest) return state;
  const message = `The pod ${state.pod.metadata.name} did not end within ${formatDuration(longest)}.`;
  return { kind: 'failed', failure: { reason: 'Internal', message, final: false } };
}

interface News {
  readonly state: JobState;
  readonly pods: readonly Pod[];
  /** Of the current training attempt. */
  readonly report: ReceivedReport | undefined;
  readonly activeSeconds: number;
}

/** The status with what is new in it. Active seconds only grow: whoever counts them counts all of the task's. */
function taken(status: FineTuneTaskStatus, { state, pods, report, activeSeconds }: News): FineTuneTaskStatus {
  const active = Math.max(status.activeSeconds ?? 0, seconds(activeSeconds));
  const startTime = status.startTime ?? firstStart(state, pods);
  const answer = state.kind === 'answered' ? state.answer : undefined;
  const profile = status.profile ?? (answer?.kind === 'profile' ? answer.profile : undefined);
  return {
    ...status,
    ...(active > 0 ? { activeSeconds: active } : {}),
    ...(startTime === undefined ? {} : { startTime }),
    ...(profile === undefined ? {} : { profile }),
    ...(report === undefined ? {} : progressOf(status, report)),
  };
}

function progressOf(status: FineTuneTaskStatus, { report, receivedAt }: ReceivedReport): Partial<FineTuneTaskStatus> {
  const { step, steps, secondsLeft } = report;
  // evaluations are few: the last one stands until the next
  const accuracy = report.accuracy ?? status.progress?.accuracy;
  return {
    progress: {
      ...{ step, steps, lastReportTime: receivedAt },
      ...(accuracy === undefined ? {} : { accuracy: share(accuracy) }),
      ...(secondsLeft === undefined ? {} : { secondsLeft: seconds(secondsLeft) }),
    },
    ...(secondsLeft === undefined ? {} : { timeLeft: formatDuration(Math.max(10, Math.round(secondsLeft))) }),
  };
}

function firstStart(state: JobState, pods: readonly Pod[]): string | undefined {
  if (state.kind === 'running') return state.since;
  return pods.map((pod) => trainerOf(pod)?.terminated?.startedAt).find((startedAt) => startedAt !== undefined);
}
