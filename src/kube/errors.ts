import type { ApiStatus } from '../crds/kubernetes.ts';
import { RunError } from '../lib/errors.ts';

/** The API server refused a request, or could not be asked. Messages name the request, never body or credentials. */
export class ApiError extends RunError {
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  /** The reason of the API server, such as `AlreadyExists`; empty where it gave none. */
  readonly reason: string;
  /** Seconds before which the server does not want to be asked again. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, remedy: string, facts: ErrorFacts = {}) {
    super(message, remedy, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.status = facts.status ?? 0;
    this.reason = facts.reason ?? '';
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

export interface ErrorFacts {
  readonly status?: number;
  readonly reason?: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

export class NotFound extends ApiError {}
/** The object changed since it was read, or is another one of the same name. */
export class Conflict extends ApiError {}
export class AlreadyExists extends ApiError {}
/** The resource version asked for is no longer kept: list anew. */
export class Gone extends ApiError {}
/** The object itself is wrong; the same request will always be refused. */
export class Invalid extends ApiError {}
/** The object has a field that the CRD in the cluster lacks, for that is of another release than this program. */
export class UnknownField extends Invalid {}
export class Unauthorized extends ApiError {}
export class Forbidden extends ApiError {}
export class TooManyRequests extends ApiError {}
/** No answer, or one that says that the server is not well (5xx). Whether the request was carried out is not known. */
export class Unavailable extends ApiError {}
/** This process must not write any longer: another may be the leader. */
export class LeaseLost extends RunError {
  constructor(message: string) {
    super(message, 'Nothing needs to be done: the new leader goes on with the work.');
    this.name = 'LeaseLost';
  }
}

type Kind = new (message: string, remedy: string, facts?: ErrorFacts) => ApiError;

/** By the reason in the Status object, which tells more than the HTTP status. */
const byReason: Readonly<Record<string, Kind>> = {
  NotFound,
  Conflict,
  AlreadyExists,
  Gone,
  Expired: Gone,
  Invalid,
  BadRequest: Invalid,
  Unauthorized,
  Forbidden,
  TooManyRequests,
};

const byStatus: Readonly<Record<number, Kind>> = {
  400: Invalid,
  401: Unauthorized,
  403: Forbidden,
  404: NotFound,
  409: Conflict,
  410: Gone,
  422: Invalid,
  429: TooManyRequests,
};

const remedies: ReadonlyMap<Kind, string> = new Map<Kind, string>([
  [NotFound, 'Check that the object, its namespace and its kind (the CRDs) exist.'],
  [Conflict, 'Read the object again and decide anew.'],
  [AlreadyExists, 'Use the object that exists, or another name.'],
  [Gone, 'List the objects again.'],
  [Invalid, 'Correct the field that the message names.'],
  [UnknownField, 'Bring the CRDs of the cluster (manifests/crds) to the release of this program.'],
  [Unauthorized, 'Renew the credentials of the kubeconfig or of the service account.'],
  [Forbidden, 'Grant the service account the verb on the resource, or raise the quota that the message names.'],
  [TooManyRequests, 'Wait; if it stays so, lower the client rate or raise the priority level in the API server.'],
  [Unavailable, 'Check that the API server is up and that this machine reaches it.'],
]);

/** Server-side apply answers so with status 500, as if the server were not well. */
const undeclared = 'field not declared in schema';

function kindOf(status: number, { reason = '', message = '' }: Pick<ApiStatus, 'reason' | 'message'>): Kind {
  if (message.includes(undeclared)) return UnknownField;
  return byReason[reason] ?? byStatus[status] ?? (status >= 500 || status === 408 ? Unavailable : ApiError);
}

/** The error for an answer of the API server to `request`, such as `GET /api/v1/pods`. */
export function errorOf(
  request: string,
  status: number,
  body: ApiStatus | undefined,
  retryAfterSeconds?: number,
): ApiError {
  const { reason, message } = body ?? {};
  const Kind = kindOf(status, body ?? {});
  const remedy = remedies.get(Kind) ?? 'See the log of the API server.';
  return new Kind(`${request}: ${message ?? `the API server answered with status ${status}`}`, remedy, {
    status,
    retryAfterSeconds: retryAfterSeconds ?? body?.details?.retryAfterSeconds,
    ...(reason === undefined ? {} : { reason }),
  });
}

/** The error for a request to which no answer came. */
export const noAnswer = (request: string, cause: unknown): Unavailable =>
  new Unavailable(
    `${request}: no answer from the API server (${cause instanceof Error ? cause.message : String(cause)})`,
    remedies.get(Unavailable) ?? '',
    { cause },
  );

/** Whether the same request may succeed a little later. */
export const isTransient = (error: unknown): error is Unavailable | TooManyRequests =>
  error instanceof Unavailable || error instanceof TooManyRequests;
