/** What each condition of a zoo says; one function a condition. */
import { setCondition, type ZooCondition, type ZooConditionType } from '../../crds/conditions.ts';
import type { Condition, Time } from '../../crds/kubernetes.ts';
import type { ZooPhase } from '../../crds/model-zoo-status.ts';
import type { Waiting } from '../waiting.ts';
import { isTimeSpent, progressOf } from './advance.ts';
import type { Picture } from './status.ts';

/** A condition less what all of them share. */
type Said<T extends ZooConditionType> = Pick<
  Extract<ZooCondition, { readonly type: T }>,
  'status' | 'reason' | 'message'
>;

type Texts = { readonly [T in ZooConditionType]: (picture: Picture, phase: ZooPhase) => Said<T> };

const texts: Texts = {
  Searched: ({ zoo, state, failure }) => {
    const progress = progressOf(state);
    if (progress === undefined) return said('True', 'NoSearch', 'The spec asks for no search.');
    const { evaluated, open, exhausted } = progress;
    const count = `${evaluated.length} of ${zoo.spec.search?.evaluations} candidates are evaluated.`;
    if (!state.selected) {
      if (failure !== undefined) return said('False', 'SearchFailed', failure.message);
      return evaluated.length + open.length === 0
        ? said('False', 'NotStarted', 'No candidate is evaluated yet.')
        : said('False', 'Searching', count);
    }
    return progress.remaining > 0 && isTimeSpent(state, zoo.spec)
      ? said('True', 'TimeSpent', `search.time is spent: ${count}`)
      : said('True', 'SearchCompleted', exhausted === undefined ? count : `${count} ${exhausted}`);
  },

  Pretrained: ({ state, failure }, phase) => {
    if (!state.selected) return said('False', 'NotStarted', 'The members are not known yet.');
    if (failure !== undefined) return said('False', 'PretrainingFailed', failure.message);
    const failed = state.members.filter((member) => member.phase === 'Failed');
    const ready = state.members.filter((member) => member.phase === 'Ready');
    const count = `${ready.length} of ${state.members.length} members have their weights.`;
    if (phase !== 'Ready') return said('False', 'Pretraining', count);
    if (failed.length === 0) return said('True', 'MembersPretrained', count);
    const why = failed.map(({ name, failure: f }) => `${name}: ${f?.message}`).join(' ');
    return said('True', 'SomeFailed', `${count} ${why}`);
  },

  Ready: ({ failure }, phase) => {
    if (failure !== undefined) return said('False', 'Failed', failure.message);
    return phase === 'Ready'
      ? said('True', 'ZooReady', 'Tasks may start from this zoo.')
      : said('False', 'InProgress', 'The zoo is being made.');
  },

  Running: ({ zoo, state, jobs, waits }, phase) => {
    if (phase === 'Ready' || phase === 'Failed') return said('False', 'Finished', 'Nothing is left to do.');
    const running = jobs.filter((job) => job.state.kind === 'running');
    if (running.length > 0) {
      const searches = running.some(({ role }) => role === 'candidate');
      return said('True', searches ? 'Searching' : 'Pretraining', `Pods that run: ${running.length}.`);
    }
    if (zoo.spec.suspend) return said('False', 'Suspended', 'The zoo is suspended.');
    const waiting = jobs.flatMap((job) => (job.state.kind === 'waiting' ? [job.state.waiting] : []));
    const wait = waits[0] ?? waitOf(waiting);
    if (wait !== undefined) return said('False', wait.reason, wait.message);
    const isBegun = state.members.length > 0 || jobs.length > 0 || state.searchSeconds > 0;
    return isBegun
      ? said('False', 'Starting', 'The next pods are asked for.')
      : said('False', 'NotStarted', 'No pod was asked for yet.');
  },

  Suspended: ({ zoo, jobs, lingering }, phase) => {
    const isOver = phase === 'Ready' || phase === 'Failed';
    if (zoo.spec.suspend && !isOver) {
      const ending = jobs.length + lingering.length;
      return ending > 0
        ? said('True', 'Suspending', `Pods are ending: ${ending}.`)
        : said('True', 'SuspendRequested', 'spec.suspend is true.');
    }
    const before = zoo.status?.conditions?.find(({ type }) => type === 'Suspended');
    return before?.status === 'True' || before?.reason === 'Resumed'
      ? said('False', 'Resumed', 'The zoo went on.')
      : said('False', 'NotSuspended', 'The zoo is not suspended.');
  },

  Failed: ({ failure }) =>
    failure === undefined ? said('False', 'NotFailed', '') : said('True', failure.reason, failure.message),
};

const said = <S extends string, R extends string>(status: S, reason: R, message: string) => ({
  status,
  reason,
  message,
});

/** Of several, one that somebody has to mend before one that passes. */
function waitOf(waits: readonly Waiting[]): Waiting | undefined {
  const worst = waits.find(({ reason }) => reason !== 'Starting' && reason !== 'Queued') ?? waits[0];
  // the kubelet's words; which Secrets there are is not for the operator to read
  const isSecret = worst?.reason === 'PodConfigInvalid' && /secret "?[^"]+"? not found/.test(worst.message);
  return worst && isSecret ? { reason: 'SecretNotFound', message: worst.message } : worst;
}

export function conditionsOf(picture: Picture, phase: ZooPhase, now: Time): readonly Condition[] {
  const observedGeneration = picture.zoo.metadata.generation;
  const types = Object.keys(texts) as readonly ZooConditionType[];
  return types.reduce<readonly Condition[]>((conditions, type) => {
    // each entry of the table says the reasons of its own type alone
    const next = { type, ...texts[type](picture, phase), observedGeneration } as ZooCondition;
    return setCondition(conditions, next, now);
  }, picture.zoo.status?.conditions ?? []);
}
