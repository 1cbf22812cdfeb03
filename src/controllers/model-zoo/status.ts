/** The bounded picture of a zoo that its object carries. */
import type { Time } from '../../crds/kubernetes.ts';
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { ModelZooStatus, ZooMemberStatus, ZooPhase } from '../../crds/model-zoo-status.ts';
import { formatDuration } from '../../lib/duration.ts';
import { frontSample } from '../../nas/front.ts';
import type { Waiting } from '../waiting.ts';
import { allowedOf, progressOf } from './advance.ts';
import { conditionsOf } from './condition-texts.ts';
import type { Failure } from './failure.ts';
import { artifactOf } from './jobs.ts';
import type { JobView } from './view.ts';
import type { ZooMember, ZooState } from './zoo-state.ts';

/** All that a status is made of. */
export interface Picture {
  readonly zoo: ModelZoo;
  readonly state: ZooState;
  readonly failure: Failure | undefined;
  /** Those that are not over. */
  readonly jobs: readonly JobView[];
  /** Names of Jobs that are gone and whose pods are not. */
  readonly lingering: readonly string[];
  /** What keeps new pods from being asked for. */
  readonly waits: readonly Waiting[];
}

const mostOfFront = 20;

export const isReady = ({ selected, members }: ZooState): boolean =>
  selected &&
  members.some(({ phase }) => phase === 'Ready') &&
  members.every(({ phase }) => phase === 'Ready' || phase === 'Failed');

export function statusOf(picture: Picture, now: Time): ModelZooStatus {
  const { zoo, state, jobs } = picture;
  const before = zoo.status;
  const phase = phaseOf(picture);
  const isOver = phase === 'Failed' || phase === 'Ready';
  const startTime = before?.startTime ?? startOf(jobs, state, now);
  const timeLeft = isOver ? undefined : timeLeftOf(picture);
  return {
    observedGeneration: zoo.metadata.generation,
    phase,
    conditions: conditionsOf(picture, phase, now),
    ...evaluationsAndFront(picture),
    ...(state.members.length === 0 ? {} : { members: state.members.map(memberStatus) }),
    membersReady: state.members.filter((member) => member.phase === 'Ready').length,
    activeSeconds: activeSecondsOf(state),
    ...(timeLeft === undefined ? {} : { timeLeft }),
    ...(phase === 'Ready' ? { artifact: artifactOf(zoo) } : {}),
    ...(startTime === undefined ? {} : { startTime }),
    ...(isOver ? { completionTime: before?.completionTime ?? now } : {}),
  };
}

function phaseOf({ zoo, state, failure, jobs }: Picture): ZooPhase {
  if (failure !== undefined) return 'Failed';
  if (isReady(state)) return 'Ready';
  if (zoo.spec.suspend) return 'Suspended';
  const isBegun = zoo.status?.startTime !== undefined || jobs.some((job) => job.state.kind === 'running');
  if (!isBegun && activeSecondsOf(state) === 0) return 'Pending';
  return state.selected ? 'Pretraining' : 'Searching';
}

/** Comparing thousands of candidates takes its time, so a front is kept as long as no candidate is added. */
function evaluationsAndFront({ zoo, state, jobs }: Picture): Pick<ModelZooStatus, 'evaluations' | 'front'> {
  const progress = progressOf(state);
  if (progress === undefined || zoo.spec.search === undefined) return {};
  const { evaluated, failed } = progress;
  const { evaluations: total, objectives } = zoo.spec.search;
  const running = jobs.filter((job) => job.role === 'candidate' && job.state.kind === 'running').length;
  const evaluations = { done: evaluated.length, running, failed: failed.length, total };
  const before = zoo.status;
  if (before?.evaluations?.done === evaluated.length && before.front !== undefined) {
    return { evaluations, front: before.front };
  }
  const front = frontSample(allowedOf(state), objectives, mostOfFront);
  return {
    evaluations,
    front: front.map(({ encoding, accuracy, stepSeconds }) => ({ encoding, accuracy, stepSeconds })),
  };
}

const memberStatus = ({ name, encoding, accuracy, stepSeconds, phase, attempt }: ZooMember): ZooMemberStatus => ({
  ...{ name, encoding, phase },
  ...(accuracy === undefined ? {} : { accuracy }),
  ...(stepSeconds === undefined ? {} : { stepSeconds }),
  attempts: phase === 'Pending' ? attempt - 1 : attempt,
});

const activeSecondsOf = ({ searchSeconds, members }: ZooState): number =>
  Math.round(searchSeconds + members.reduce((sum, { spentSeconds }) => sum + spentSeconds, 0));

/** When the first pod began to run; where none was seen running before the first end, that pass. */
function startOf(jobs: readonly JobView[], state: ZooState, now: Time): Time | undefined {
  const starts = jobs.flatMap((job) => (job.state.kind === 'running' ? [job.state.since] : [])).sort();
  return starts[0] ?? (activeSecondsOf(state) > 0 ? now : undefined);
}

/** Of the search alone: how long a pre-training takes is not known before one has ended. */
function timeLeftOf({ zoo, state }: Picture): string | undefined {
  const progress = progressOf(state);
  if (progress === undefined || state.selected) return undefined;
  const ended = progress.evaluated.length + progress.failed.length;
  if (ended === 0) return undefined;
  const left = progress.remaining + progress.open.length;
  return formatDuration((left * state.searchSeconds) / ended / (zoo.spec.search?.parallelism ?? 1));
}
