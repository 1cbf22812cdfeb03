/** Views of a task, and decisions in short, so that a table can hold them. */
import {
  type Facts,
  factsOf,
  ownerOf,
  suffixOf,
  type TaskRole,
} from '../../../src/controllers/fine-tune-task/facts.ts';
import type { ReceivedReport } from '../../../src/controllers/fine-tune-task/ports.ts';
import type { Ruling } from '../../../src/controllers/fine-tune-task/ruling.ts';
import type { Action, Decision, View } from '../../../src/controllers/fine-tune-task/view.ts';
import { jobName } from '../../../src/controllers/pods.ts';
import { findCondition, type TaskCondition } from '../../../src/crds/conditions.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import type { FineTuneTaskStatus } from '../../../src/crds/fine-tune-task-status.ts';
import type { TrainerProgress } from '../../../src/crds/trainer-job.ts';
import type { Job } from '../../../src/crds/workloads.ts';
import { aMember } from '../../planner/builders.ts';
import { aPlan, aProfile, aTask, conditionsOf } from '../../support/objects.ts';
import { aJob, at, type JobOver, jobLabels, settings, timeAt } from '../job-builders.ts';

export type ViewOver = Partial<Omit<View, 'task'>> & {
  readonly spec?: Parameters<typeof aTask>[0] extends infer O ? (O extends { spec?: infer S } ? S : never) : never;
  readonly status?: FineTuneTaskStatus;
  readonly task?: FineTuneTask;
};

export function aView({ spec, status, task, ...over }: ViewOver = {}): View {
  return {
    task: task ?? aTask({ ...(spec === undefined ? {} : { spec }), ...(status === undefined ? {} : { status }) }),
    jobs: [],
    pods: [],
    podsAreCurrent: true,
    zoo: undefined,
    members: [aMember({ name: 'small' }), aMember({ name: 'large', macsM: 250 })],
    missingClaims: [],
    report: undefined,
    refusal: undefined,
    settings,
    answers: {},
    ...over,
  };
}

/** The task of `aTask()`; its Jobs are named after it. */
export const theTask = aTask();

export const taskJob = (role: TaskRole, attempt: number, over: JobOver = {}): Job =>
  aJob(jobName(ownerOf({ task: theTask }), suffixOf(role, attempt)), {
    labels: jobLabels(theTask.metadata.uid, role, attempt),
    ...over,
  });

export const factsAt = (seconds: number, over: ViewOver = {}): Facts => factsOf(aView(over), at(seconds));

export const attemptsOf = (profile: number, training = 0, memoryPlan = 0) => ({ profile, training, memoryPlan });

/** A status in which the profile Job was asked for. */
export const profiling = (over: FineTuneTaskStatus = {}): FineTuneTaskStatus => ({ attempts: attemptsOf(1), ...over });

/** A status in which the plan is made and the training Job was asked for. */
export const training = (over: FineTuneTaskStatus = {}): FineTuneTaskStatus => ({
  attempts: attemptsOf(1, 1),
  profile: aProfile(),
  plan: aPlan(),
  activeSeconds: 8,
  ...over,
});

export const complete = (over: FineTuneTaskStatus = {}): FineTuneTaskStatus => ({
  ...training(),
  phase: 'Complete',
  conditions: stating({ type: 'Complete', status: 'True', reason: 'PlanCompleted', message: 'Done.' }),
  result: { accuracy: 0.83, images: 2500, classes: 10, seconds: 590 },
  completionTime: timeAt(0),
  ...over,
});

export const stating = (condition: TaskCondition, since = 0) => conditionsOf([condition], timeAt(since));

/** Running is False since then. */
export const waitingSince = (seconds: number) =>
  stating({ type: 'Running', status: 'False', reason: 'Starting', message: 'The pod starts.' }, seconds);

export function aReport(over: Partial<TrainerProgress> = {}, receivedAt = 100): ReceivedReport {
  const base = {
    uid: theTask.metadata.uid,
    role: 'training',
    attempt: 1,
    step: 100,
    steps: 500,
    activeSeconds: 90,
  } as const;
  return { report: { ...base, ...over }, receivedAt: timeAt(receivedAt) };
}

/** Such as `create train-1`, `delete profile-1`, `plan`, `event PlanMade`. */
export function inShort(action: Action): string {
  switch (action.do) {
    case 'createJob':
      return `create ${tail(action.job.metadata.name)}`;
    case 'deleteJob':
      return `delete ${tail(action.job.metadata.name)}`;
    case 'event':
      return `event ${action.happening.reason}`;
    default:
      return action.do;
  }
}

const tail = (name: string): string => name.split('-').slice(-2).join('-');

export const deedsOf = ({ actions = [] }: Pick<Ruling, 'actions'> | Decision): readonly string[] =>
  actions.map(inShort).filter((deed) => !deed.startsWith('event '));

export const eventsOf = ({ actions }: Decision): readonly string[] =>
  actions.map(inShort).filter((deed) => deed.startsWith('event '));

/** What a person reads of a status: the phase, and the reasons of Running and, where it is true, of Failed. */
export function told({ status }: Decision) {
  const failed = findCondition(status.conditions, 'Failed');
  return {
    phase: status.phase,
    doing: findCondition(status.conditions, 'Running')?.reason,
    ...(failed?.status === 'True' ? { failed: failed.reason } : {}),
  };
}
