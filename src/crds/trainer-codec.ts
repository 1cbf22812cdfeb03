/** Reading and writing what `trainer-job.ts` describes. */
import { InputError } from '../lib/errors.ts';
import { encoding, memberName, words } from './fields.ts';
import { mostSteps, taskProfile, taskResult } from './fine-tune-task-status.ts';
import { parse } from './parse.ts';
import { choice, type Infer, integer, list, number, object, opaque, optional, type Schema, text } from './schema.ts';
import { artifact } from './storage.ts';
import {
  jobVariable,
  type TrainerFailureReason,
  type TrainerJob,
  type TrainerMessage,
  type TrainerProgress,
  trainerFailures,
  trainerRoles,
} from './trainer-job.ts';

const longestCurve = 40;
const count = integer({ description: 'Count.', min: 0 });
const share = number({ description: 'Share.', min: 0, max: 1 });
const amount = number({ description: 'Amount.', min: 0 });
const place = artifact('Where it lies.');
const described = { description: 'What a pod says at its end.' };
const kind = <const K extends string>(name: K) => choice([name], 'Kind of message.');

const reasons = Object.keys(trainerFailures) as readonly TrainerFailureReason[];
const curvePoint = object({ seconds: amount, accuracy: share }, { description: 'One evaluation.' });

/** One entry for each kind of message. */
const messages = {
  profile: object({ kind: kind('profile'), profile: taskProfile }, described),
  training: object(
    {
      kind: kind('training'),
      result: taskResult,
      artifact: place,
      activeSeconds: amount,
      stopped: choice(['completed', 'budget'], 'Why training ended.'),
      curve: list(curvePoint, { description: 'Accuracy over active seconds.', maxItems: longestCurve }),
    },
    described,
  ),
  candidate: object(
    {
      ...{ kind: kind('candidate'), candidate: count, encoding: encoding('Architecture.'), accuracy: share },
      ...{ stepSeconds: amount, parametersM: amount, macsM: amount, activeSeconds: amount },
    },
    described,
  ),
  pretraining: object(
    {
      ...{ kind: kind('pretraining'), member: memberName('Name.'), encoding: encoding('Architecture.') },
      ...{ accuracy: share, stepSeconds: amount, artifact: place, activeSeconds: amount },
    },
    described,
  ),
  interrupted: object({ kind: kind('interrupted'), activeSeconds: amount, step: count }, described),
  failure: object(
    {
      kind: kind('failure'),
      reason: choice(reasons, 'Why it failed.'),
      message: words('What happened.', 500),
      activeSeconds: optional(amount),
    },
    described,
  ),
} as const satisfies { readonly [K in TrainerMessage['kind']]: Schema<Extract<TrainerMessage, { readonly kind: K }>> };

const progress = object(
  {
    uid: text({ description: 'Identity of the task or zoo.', minLength: 1, maxLength: 128 }),
    role: choice(trainerRoles, 'What the pod is there for.'),
    attempt: count,
    step: count,
    steps: count,
    accuracy: optional(share),
    secondsLeft: optional(amount),
    activeSeconds: amount,
    message: optional(opaque<object>('What the pod says at its end.')),
  },
  { description: 'A progress report.' },
);

/** A message as it came in a report. Throws InputError. */
export function parseTrainerMessage(raw: unknown): TrainerMessage {
  const given = typeof raw === 'object' && raw !== null && 'kind' in raw ? raw.kind : undefined;
  if (typeof given !== 'string' || !Object.hasOwn(messages, given)) {
    throw unreadable('the message of the pod', `its kind is none of ${Object.keys(messages).join(', ')}`);
  }
  const schema: Schema<TrainerMessage> = messages[given as TrainerMessage['kind']];
  return parse(schema, raw, 'message');
}

/** A termination message. Throws InputError, for instance where the kubelet filled in the end of a log. */
export const parseTerminationMessage = (message: string): TrainerMessage =>
  parseTrainerMessage(json(message, 'the termination message'));

/** The body of a progress report. Throws InputError. */
export function parseTrainerProgress(raw: unknown): TrainerProgress {
  const { message, ...report }: Infer<typeof progress> = parse(progress, raw, 'progress');
  return message === undefined ? report : { ...report, message: parseTrainerMessage(message) };
}

/** What `NASOA_JOB` holds. An operator of the same version wrote it: only its kind is checked. Throws InputError. */
export function parseTrainerJob(variable: string | undefined): TrainerJob {
  if (variable === undefined) throw unreadable(jobVariable, 'it is not set');
  const raw = json(variable, jobVariable);
  if (typeof raw === 'object' && raw !== null && 'kind' in raw && 'task' in raw && 'report' in raw) {
    const { kind: role } = raw;
    if (trainerRoles.some((known) => known === role)) return raw as TrainerJob;
  }
  throw unreadable(jobVariable, `it describes none of ${trainerRoles.join(', ')}`);
}

function json(source: string, what: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    throw unreadable(what, 'it is not JSON');
  }
}

const unreadable = (what: string, why: string): InputError =>
  new InputError(`Cannot read ${what}: ${why}.`, 'Run the trainer image of the same version as the operator.');

/** The kubelet keeps no more of a termination message. */
const longestTermination = 4096;
const longestFailure = 500;

/**
 * The message as a pod leaves it at its end: numbers of six digits, and what is longest thinned until it fits into 4096
 * bytes and can be parsed. The last progress report carries the whole of it.
 */
export function terminationMessage(message: TrainerMessage): string {
  for (let shorter = message; ; ) {
    const encoded = JSON.stringify(shorter, sixDigits);
    if (withinLists(shorter) && Buffer.byteLength(encoded) <= longestTermination) return encoded;
    const next = thinned(shorter);
    if (next === undefined) throw new Error(`a ${message.kind} message has more than ${longestTermination} bytes`);
    shorter = next;
  }
}

function withinLists(message: TrainerMessage): boolean {
  if (message.kind === 'training') return message.curve.length <= longestCurve;
  if (message.kind === 'profile') return message.profile.steps.length <= mostSteps;
  return message.kind !== 'failure' || message.message.length <= longestFailure;
}

const sixDigits = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

function thinned(message: TrainerMessage): TrainerMessage | undefined {
  if (message.kind === 'profile' && message.profile.steps.length > 0) {
    return { ...message, profile: { ...message.profile, steps: message.profile.steps.slice(0, -1) } };
  }
  if (message.kind === 'training' && message.curve.length > 0) {
    // the end of the curve is kept: every second point, counted from there
    const last = message.curve.length - 1;
    const curve = last === 0 ? [] : message.curve.filter((_, i) => (last - i) % 2 === 0);
    return { ...message, curve };
  }
  if (message.kind === 'failure' && message.message.length > 1) {
    return { ...message, message: message.message.slice(0, Math.min(longestFailure, message.message.length - 1)) };
  }
  return undefined;
}
