/** What stands against making a Job now. Each check is small; the first objection wins. */
import type { TaskReason } from '../../crds/conditions.ts';
import { secretsOf } from '../storage.ts';
import type { Facts } from './facts.ts';
import { placesOf } from './jobs.ts';
import { failing, type Ruling, type RunningStated, stopping } from './ruling.ts';
import { allowedMembers, zooState } from './zoo-place.ts';

/** Nobody tells of a Secret that comes to exist, for none are watched. */
const lookAgainSeconds = 15;

export type Objection = (facts: Facts) => Ruling | undefined;

const notStarted = (message: string): RunningStated => ({ status: 'Unknown', reason: 'NotStarted', message });

export const zooNotReady: Objection = (facts) => {
  const state = zooState(facts.spec.zooRef?.name, facts.view.zoo);
  switch (state.kind) {
    case 'ready':
      return undefined;
    case 'failed':
      return failing(facts, 'ZooFailed', state.message);
    case 'missing':
      return {
        running: { ...notStarted(state.message), status: 'False' },
        ...{ waitsForZoo: state.message, overdueReason: 'ZooNotFound' },
      };
    case 'making':
      return { running: notStarted(state.message), waitsForZoo: state.message };
  }
};

export const noMemberAllowed: Objection = (facts) => {
  const { members } = facts.view;
  const names = facts.spec.members;
  if (allowedMembers(members, names).length > 0) return undefined;
  const there = members.map(({ name }) => name).join(', ');
  const message =
    names === undefined || there === ''
      ? 'The zoo has no members.'
      : `The zoo has none of the members ${names.join(', ')}. It has ${there}.`;
  return failing(facts, 'MemberNotFound', message);
};

const claimMissing: Objection = ({ view }) => missing('claim', view.missingClaims, 'ClaimNotFound');

const secretMissing: Objection = ({ view }) => {
  const ruling = missing('Secret', view.answers.missingSecrets ?? [], 'SecretNotFound');
  return ruling === undefined ? undefined : { ...ruling, wakeSeconds: lookAgainSeconds };
};

function missing(
  what: string,
  names: readonly string[],
  reason: TaskReason<'Running'> & TaskReason<'Failed'>,
): Ruling | undefined {
  const [name] = names;
  if (name === undefined) return undefined;
  const message = `The ${what} ${name} does not exist in the namespace.`;
  return { running: { status: 'False', reason, message }, overdueReason: reason };
}

/** Two pods must never write one checkpoint. */
const formerPodEnds: Objection = (facts) => {
  const { livePods, openJobs } = facts;
  const name = livePods[0]?.metadata.name ?? openJobs[0]?.metadata.name;
  if (name === undefined) return undefined;
  return {
    running: { status: 'False', reason: 'Retrying', message: `The next pod follows when ${name} has ended.` },
    actions: stopping(facts),
  };
};

const jobRefused: Objection = ({ view: { refusal } }) =>
  refusal === undefined || refusal.due
    ? undefined
    : { running: { status: 'False', reason: 'PodRejected', message: refusal.message }, wakeSeconds: lookAgainSeconds };

/** Last, because it asks the API server: Secrets are not kept in any cache. */
const secretsUnknown: Objection = ({ view }) => {
  const secrets = secretsOf(placesOf(view));
  if (secrets.length === 0 || view.answers.missingSecrets !== undefined) return undefined;
  return {
    running: { status: 'False', reason: 'Starting', message: 'The Secrets are looked for.' },
    actions: [{ do: 'look', secrets }],
  };
};

export const objectionsToStart: readonly Objection[] = [
  zooNotReady,
  noMemberAllowed,
  claimMissing,
  formerPodEnds,
  jobRefused,
  secretsUnknown,
  secretMissing,
];

export function firstObjection(facts: Facts, objections: readonly Objection[] = objectionsToStart): Ruling | undefined {
  for (const objection of objections) {
    const ruling = objection(facts);
    if (ruling !== undefined) return ruling;
  }
  return undefined;
}
