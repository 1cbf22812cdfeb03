/**
 * Progress reports of pods: `POST /progress/v1/namespaces/NS/tasks/NAME` (or `zoos`) with the pod's projected token.
 * The replica that the Service picks hands them to the leader. A token never gets into a log or an answer.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { parseTrainerProgress } from '../crds/trainer-codec.ts';
import type { TrainerProgress } from '../crds/trainer-job.ts';
import type { Clock } from '../lib/clock.ts';
import { InputError } from '../lib/errors.ts';
import { forwardedHeader, type Leader, type ToLeader } from './leader.ts';
import type { Log } from './logger.ts';
import { rateLimit } from './rate-limit.ts';
import { failure, type HttpRequest, type HttpResponse, type Route, tryLater } from './routes.ts';
import type { ReportFate } from './task-metrics.ts';
import type { Bearer, TokenCheck, TokenVerdict } from './token-check.ts';

/** A task, or a zoo, by its full name. */
export interface Reported {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface ProgressOptions {
  readonly check: TokenCheck;
  /** The owner of a pod, with its whole name (a label may cut it); undefined where the pod is gone or has no owner. */
  readonly ownerOf: (pod: Bearer) => Promise<Reported | undefined>;
  /** Takes the report over. Called on the leader only, at most once in 5 s for a pod. */
  readonly accept: (task: Reported, progress: TrainerProgress) => void | Promise<void>;
  readonly leader: () => Leader;
  readonly toLeader: ToLeader;
  readonly clock: Clock;
  readonly log: Log;
  /** Counts what became of the reports. */
  readonly count?: (fate: ReportFate) => void;
}

/** Pods of tasks and of zoos report alike. */
const paths = ['tasks', 'zoos'].map((collection) => `/progress/v1/namespaces/:namespace/${collection}/:name`);
const maxBodyBytes = 32 * 1024;
/**
 * A report a pod in this time (a zoo has several pods at once); those that end a run have a count of their own, so that
 * a result never waits.
 */
const intervalSeconds = 5;
/** Reports come every 5 s by the pod's clock, and the network may bring one a little early. */
const earlySeconds = 0.5;
const noLeaderSeconds = 5;
const tellSeconds = 60;

interface Judged {
  readonly fate: ReportFate;
  readonly response: HttpResponse;
  /** For the log; what is usual has none. */
  readonly why?: string;
}

export function progressRoutes(o: ProgressOptions): readonly Route[] {
  const limit = rateLimit(intervalSeconds - earlySeconds, o.clock);
  const told = rateLimit(tellSeconds, o.clock);
  const handle: Route['handle'] = async (request) => {
    const { namespace = '', name = '' } = request.params;
    const { fate, response, why } = await judge(request, { namespace, name }, o, limit.secondsLeft);
    o.count?.(fate);
    // whoever knocks in vain all the time fills no log
    if (why !== undefined && told.secondsLeft(`${namespace}/${name} ${why}`.slice(0, 300)) === 0) {
      o.log.warn('Refused a progress report', { namespace, name, status: response.status, why });
    }
    return response;
  };
  return paths.map((path) => ({ method: 'POST', path, maxBodyBytes, handle }));
}

type Named = Pick<Reported, 'namespace' | 'name'>;

async function judge(
  request: HttpRequest,
  task: Named,
  o: ProgressOptions,
  secondsLeft: (key: string) => number,
): Promise<Judged> {
  const token = bearerToken(request.headers);
  if (token === undefined) return refuse(401, 'A bearer token is needed.', { 'www-authenticate': 'Bearer' });
  const leader = o.leader();
  if (leader.kind !== 'here') return await forward(request, token, leader, o);
  const progress = parsed(request.body);
  if (progress instanceof InputError) return refuse(400, progress.message);
  const sender = await senderOf(token, task, progress, o);
  if ('fate' in sender) return sender;
  const key = progress.message === undefined ? sender.podUid : `${sender.podUid} end`;
  const seconds = secondsLeft(key);
  if (seconds > 0) {
    const response = tryLater(429, `A pod reports at most once in ${intervalSeconds} s.`, seconds);
    return { fate: 'limited', response };
  }
  await o.accept({ ...task, uid: progress.uid }, progress);
  return { fate: 'accepted', response: { status: 204 } };
}

/** The pod whose token it is, where it is one of this very task; else what is to be answered. */
async function senderOf(
  token: string,
  task: Named,
  progress: TrainerProgress,
  o: ProgressOptions,
): Promise<Bearer | Judged> {
  let verdict: TokenVerdict;
  let owner: Reported | undefined;
  try {
    verdict = await o.check(token);
    if (verdict.kind === 'refused') return refuse(401, verdict.why, { 'www-authenticate': 'Bearer' });
    if (verdict.bearer.namespace !== task.namespace) return refuse(403, 'The token is of another namespace.');
    owner = await o.ownerOf(verdict.bearer);
  } catch (error) {
    o.log.warn('Could not check a progress report', { ...task, error });
    return { fate: 'failed', response: tryLater(503, 'The token cannot be checked now.', intervalSeconds) };
  }
  const isIts = owner?.namespace === task.namespace && owner.name === task.name && owner.uid === progress.uid;
  return isIts ? verdict.bearer : refuse(403, 'The token is of a pod that does not belong to this task.');
}

async function forward(
  request: HttpRequest,
  token: string,
  leader: Exclude<Leader, { kind: 'here' }>,
  o: ProgressOptions,
): Promise<Judged> {
  // two replicas that take each other for the leader must not play ball
  if (leader.kind === 'unknown' || request.headers[forwardedHeader] !== undefined) {
    return { fate: 'failed', response: tryLater(503, 'No replica leads at the moment.', noLeaderSeconds) };
  }
  try {
    const response = await o.toLeader({ address: leader.address, path: request.path, token, body: request.body });
    return { fate: 'forwarded', response };
  } catch (error) {
    o.log.warn('Could not hand a progress report to the leader', { leader: leader.address, error });
    return { fate: 'failed', response: tryLater(503, 'The leader cannot be reached.', noLeaderSeconds) };
  }
}

function bearerToken({ authorization = '' }: IncomingHttpHeaders): string | undefined {
  // the alphabet of RFC 6750: nothing that could break out of a header when it is forwarded
  return /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1];
}

function parsed(body: Buffer): TrainerProgress | InputError {
  try {
    return parseTrainerProgress(JSON.parse(body.toString('utf8')));
  } catch (error) {
    if (error instanceof InputError) return error;
    return new InputError('The report is not JSON.', 'Send a TrainerProgress.');
  }
}

const refuse = (status: number, why: string, headers?: Readonly<Record<string, string>>): Judged => ({
  fate: 'refused',
  response: failure(status, why, headers),
  why,
});
