/** What became of a Job of the trainer, read off the Job and its pods. For tasks and zoos alike. */
import { parseTerminationMessage } from '../crds/trainer-codec.ts';
import { exitCodes, type TrainerFailureReason, type TrainerMessage, trainerFailures } from '../crds/trainer-job.ts';
import type { Job, Pod } from '../crds/workloads.ts';
import { InputError } from '../lib/errors.ts';
import { spentSecondsKey } from './pods.ts';
import { conditionOf, trainerOf, type Waiting, waitingFor } from './waiting.ts';

/** A message that says what came of the work. */
export type Answer = Exclude<TrainerMessage, { readonly kind: 'failure' | 'interrupted' }>;

export interface JobFailure {
  readonly reason: TrainerFailureReason | 'ImageIncompatible';
  readonly message: string;
  /** No retry can mend it. */
  readonly final: boolean;
}

export type JobState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'waiting'; readonly waiting: Waiting; readonly pod: Pod | undefined }
  | { readonly kind: 'running'; readonly pod: Pod /** RFC 3339. */; readonly since: string }
  /** Its pod writes a checkpoint, or its end is not known because its node is lost. */
  | { readonly kind: 'ending'; readonly pod: Pod | undefined }
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly failure: JobFailure };

export const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

export const isFinished = ({ status }: Job): boolean =>
  conditionOf(status?.conditions, 'Complete') !== undefined || conditionOf(status?.conditions, 'Failed') !== undefined;

/** The pods of a Job, in the order in which they were made. */
export const podsOf = (job: Job, pods: readonly Pod[]): readonly Pod[] =>
  pods
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid) === true)
    .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));

/** What a pod said at its end; undefined where it said nothing that can be read. */
export function lastWords(pod: Pod): TrainerMessage | undefined {
  const message = trainerOf(pod)?.terminated?.message;
  if (message === undefined || message === '') return undefined;
  try {
    return parseTerminationMessage(message);
  } catch (error) {
    // the end of a log, or the message of another version
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/**
 * `pods`: of this Job. `pushed`: what its pods said in their last report, which is the same in full, and all that
 * is left when pod and Job were deleted. `nowSeconds`: of the calendar.
 */
export function jobState(
  job: Job | undefined,
  pods: readonly Pod[],
  pushed: TrainerMessage | undefined,
  nowSeconds: number,
): JobState {
  const ended = pods.filter(hasEnded);
  const live = pods.findLast((pod) => !hasEnded(pod));
  const answer = answerOf(ended, live === undefined ? pushed : undefined);
  if (answer !== undefined) return { kind: 'answered', answer };
  if (job === undefined) return { kind: 'absent' };
  if (isFinished(job)) return { kind: 'failed', failure: failureOf(job, ended, pushed) };
  if (job.metadata.deletionTimestamp !== undefined) return { kind: 'ending', pod: live };
  if (live?.metadata.deletionTimestamp !== undefined) return { kind: 'ending', pod: live };
  const running = live === undefined ? undefined : trainerOf(live)?.running;
  if (live !== undefined && running !== undefined) {
    return { kind: 'running', pod: live, since: running.startedAt ?? live.metadata.creationTimestamp };
  }
  return { kind: 'waiting', waiting: waitingFor(job, live, ended.at(-1), nowSeconds), pod: live };
}

const isAnswer = (message: TrainerMessage | undefined): message is Answer =>
  message !== undefined && message.kind !== 'failure' && message.kind !== 'interrupted';

function answerOf(ended: readonly Pod[], pushed: TrainerMessage | undefined): Answer | undefined {
  if (isAnswer(pushed)) return pushed;
  return ended.map(lastWords).find(isAnswer);
}

function failureOf(job: Job, ended: readonly Pod[], pushed: TrainerMessage | undefined): JobFailure {
  const pod = ended.at(-1);
  const words = (pod === undefined ? undefined : lastWords(pod)) ?? pushed;
  if (words?.kind === 'failure') {
    const { reason, message } = words;
    const final = trainerFailures[reason] === exitCodes.badData || trainerFailures[reason] === exitCodes.badSpec;
    return { reason, message, final };
  }
  if (pod !== undefined) return wordlessFailure(pod);
  const said = conditionOf(job.status?.conditions, 'Failed')?.message ?? 'Its answer and its pods are lost.';
  return { reason: 'Internal', message: `The Job ${job.metadata.name} ended without a result. ${said}`, final: false };
}

/** A pod that ended without the trainer's words: killed, evicted, or of another version. */
function wordlessFailure(pod: Pod): JobFailure {
  const { name } = pod.metadata;
  const { exitCode = -1, reason, message } = trainerOf(pod)?.terminated ?? {};
  if (pod.status?.reason === 'Evicted') {
    return { reason: 'NoSpace', message: pod.status.message ?? `The pod ${name} was evicted.`, final: false };
  }
  if (reason === 'OOMKilled' || exitCode === exitCodes.outOfMemory) {
    return { reason: 'OutOfMemory', message: `The pod ${name} was killed for want of memory.`, final: false };
  }
  const codes: readonly number[] = [exitCodes.done, exitCodes.badData, exitCodes.badSpec];
  const incompatible = codes.includes(exitCode);
  return {
    reason: incompatible ? 'ImageIncompatible' : 'Internal',
    message: `The pod ${name} ended with the code ${exitCode}${lastLine(message)}.`,
    final: incompatible,
  };
}

/** Of the end of its log, where the kubelet kept that. */
function lastLine(message: string | undefined): string {
  const line = message?.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
  return line === '' ? '' : `: ${line.replace(/\.$/, '')}`;
}

/** Active seconds that were spent before a Job, as it tells, or a pod of it where it is gone. */
export function spentSecondsBefore(job: Job | undefined, pods: readonly Pod[]): number {
  const told = [job, ...pods].map((one) => one?.metadata.annotations?.[spentSecondsKey]);
  const seconds = Number(told.find((text) => text !== undefined) ?? 0);
  return Number.isFinite(seconds) ? seconds : 0;
}

/**
 * Active seconds of the object when the last of these pods had ended, from the account each left; where one left none
 * (killed), all the time that its container ran. `spentSeconds`: before the Job. Running pods report by themselves.
 */
export function activeSecondsAfter(spentSeconds: number, pods: readonly Pod[]): number {
  let seconds = spentSeconds;
  for (const pod of pods.filter(hasEnded)) {
    const told = accountOf(lastWords(pod), spentSeconds);
    // an account is that of the whole object, so nothing is counted twice
    seconds = told === undefined ? seconds + runSeconds(pod) : Math.max(seconds, told);
  }
  return seconds;
}

function accountOf(words: TrainerMessage | undefined, spentSeconds: number): number | undefined {
  if (words === undefined) return undefined;
  return words.kind === 'profile' ? spentSeconds + words.profile.seconds : words.activeSeconds;
}

function runSeconds(pod: Pod): number {
  const { startedAt, finishedAt } = trainerOf(pod)?.terminated ?? {};
  if (startedAt === undefined || finishedAt === undefined) return 0;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}
