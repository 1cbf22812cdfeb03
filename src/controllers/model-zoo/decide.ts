/** One pass over a zoo, pure: from what is seen to what is kept, written and done. */
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { ModelZooStatus } from '../../crds/model-zoo-status.ts';
import type { Happening } from '../../kube/world.ts';
import type { Waiting } from '../waiting.ts';
import { absorb } from './absorb.ts';
import { advance } from './advance.ts';
import { happenings } from './happenings.ts';
import { wantedJobs } from './jobs.ts';
import { objectionTo } from './objections.ts';
import { isResting, restText } from './rest.ts';
import { isReady, statusOf } from './status.ts';
import { verdictOn } from './verdict.ts';
import type { JobPlan, JobView, Kept, View } from './view.ts';
import { freshState, type ZooState } from './zoo-state.ts';

/** Asks the store for what it keeps of the zoo, or the API server for its pods; the decision is then made again. */
export interface Question {
  readonly do: 'load' | 'readPods';
}

/** Done after the state was kept and the status written, in order. Each may be repeated. */
export type Deed =
  | { readonly do: 'createJob'; readonly plan: JobPlan }
  | { readonly do: 'deleteJob'; readonly name: string }
  | { readonly do: 'event'; readonly happening: Happening };

export interface Decision {
  readonly question?: Question;
  /** Kept first: a Job whose candidate is not on record would be a second one after a crash. */
  readonly save?: { readonly expectedRevision: number; readonly state: ZooState };
  readonly status: ModelZooStatus;
  readonly deeds: readonly Deed[];
  readonly requeueAfterSeconds?: number;
}

/** Until a Job's last words may be there, or the API server may take what it refused. */
const lookAgainSeconds = 5;
/** Until the search goes on drawing; other work has its turn meanwhile. */
const drawAgainSeconds = 1;

/** `now`: of the calendar. */
export function decide(view: View, now: Date): Decision {
  const { zoo, kept } = view;
  if (isOver(zoo.status)) return afterTheEnd(view, zoo.status);
  if (kept === 'unknown') return asking('load', zoo);
  // a cache may show that a Job is over and not yet how: Jobs and pods are watched apart
  if (!view.podsAreCurrent && view.jobs.some(hasFailed)) return asking('readPods', zoo);
  return decideOn(view, kept, `${now.toISOString().slice(0, 19)}Z`);
}

const asking = (what: Question['do'], { status = {} }: ModelZoo): Decision => ({
  question: { do: what },
  status,
  deeds: [],
});

const hasFailed = (job: JobView): boolean => {
  const verdict = verdictOn(job);
  return verdict !== undefined && verdict.means !== 'done';
};

function decideOn(view: View, kept: Kept, now: string): Decision {
  const { zoo, jobs, lingering, refusal } = view;
  const waits = waitsOf(view);
  const absorbed = absorb(kept.state ?? freshState(zoo), jobs);
  const early = absorbed.failure ?? objectionTo(zoo, absorbed.state);
  const isHeld = zoo.spec.suspend || view.missing.length > 0 || early !== undefined;
  const { state, wantsMore } = isHeld ? { state: absorbed.state, wantsMore: false } : advance(absorbed.state, zoo);
  const failure = early ?? objectionTo(zoo, state);
  const isDone = failure !== undefined || isReady(state);
  const wanted = zoo.spec.suspend || isDone ? [] : wantedJobs(zoo, state);
  const remaining = jobs.filter((job) => isWanted(job, wanted) || !isFinished(job));
  const status = statusOf({ zoo, state, failure, jobs: remaining, lingering, waits }, now);
  const mayCreate = view.missing.length === 0 && (refusal === undefined || refusal.due);
  return {
    ...(state === kept.state ? {} : { save: { expectedRevision: kept.revision, state } }),
    status,
    deeds: [
      ...deletions(jobs, wanted),
      ...(mayCreate ? creations(view, wanted) : []),
      ...happenings(view, kept, status).map((happening) => ({ do: 'event', happening }) as const),
    ],
    ...(isDone ? {} : requeue(view, wantsMore)),
  };
}

/** What keeps new pods from being asked for, beside the spec itself. */
const waitsOf = ({ missing, refusal, jobs }: View): readonly Waiting[] => [
  ...missing,
  ...(refusal === undefined ? [] : [{ reason: 'PodRejected', message: refusal.message } as const]),
  ...jobs.filter(isResting).map(restText),
];

const isOver = (status: ModelZooStatus | undefined): status is ModelZooStatus =>
  status?.completionTime !== undefined && (status.phase === 'Ready' || status.phase === 'Failed');

/** A zoo that is ready or failed stays so, whatever becomes of its Jobs, its spec and the store. */
function afterTheEnd({ zoo, jobs }: View, status: ModelZooStatus): Decision {
  const { generation } = zoo.metadata;
  return {
    status: status.observedGeneration === generation ? status : { ...status, observedGeneration: generation },
    deeds: deletions(jobs, []),
  };
}

const isFinished = ({ state }: JobView): boolean => state.kind === 'answered' || state.kind === 'failed';

const isWanted = ({ name }: JobView, wanted: readonly JobPlan[]): boolean => wanted.some((plan) => plan.name === name);

/** Jobs that are of no use any more: their ends are in the state, or they are not wanted. */
const deletions = (jobs: readonly JobView[], wanted: readonly JobPlan[]): readonly Deed[] =>
  jobs.filter((job) => !job.deleting && !isWanted(job, wanted)).map(({ name }) => ({ do: 'deleteJob', name }));

const creations = ({ jobs, lingering }: View, wanted: readonly JobPlan[]): readonly Deed[] =>
  wanted
    .filter(({ name }) => !jobs.some((job) => job.name === name) && !lingering.includes(name))
    .map((plan) => ({ do: 'createJob', plan }));

/** The earliest time at which there is something to do that no change of an object tells. */
function requeue({ jobs, missing, refusal }: View, wantsMore: boolean): Pick<Decision, 'requeueAfterSeconds'> {
  const looksAgain = missing.length > 0 || refusal !== undefined || jobs.some(({ wordsToCome }) => wordsToCome);
  const seconds = [
    ...(wantsMore ? [drawAgainSeconds] : []),
    ...(looksAgain ? [lookAgainSeconds] : []),
    ...jobs.filter(isResting).map(({ restSeconds }) => restSeconds),
  ];
  return seconds.length === 0 ? {} : { requeueAfterSeconds: Math.min(...seconds) };
}
