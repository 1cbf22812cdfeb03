/** Requests to the API server: typed errors, repeated where that helps, never more of them than agreed. */
import type { ApiStatus } from '../crds/kubernetes.ts';
import type { Rng } from '../lib/rng.ts';
import { backOffSeconds } from './back-off.ts';
import { ApiError, errorOf, isTransient, noAnswer, Unauthorized } from './errors.ts';
import { type KubeMetrics, noMetrics } from './metrics.ts';
import { resourceLabel, verbOf } from './request-label.ts';
import { deadline, pause, type Timers } from './timers.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';
import type { Answer, Method, Transport } from './transport.ts';

export interface RequestOptions {
  /** Of one attempt. */
  readonly timeoutSeconds?: number;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  readonly attempts?: number;
  /** Passes by the client's rate limit: for the lease, which must not wait behind the work it protects. */
  readonly urgent?: boolean;
}

export interface Api {
  /**
   * The parsed answer. Throws an ApiError, or the signal's reason.
   * All methods are repeated after transient failures: a create that was carried out although its answer got lost comes
   * back as AlreadyExists (names are deterministic here, so callers take that for done), a lost replace as Conflict.
   */
  request<T = unknown>(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<T>;
  /** The bytes of an answer without end, such as a watch; not repeated. Ends when `abort` does. */
  stream(path: string, abort: AbortController, timeoutSeconds?: number): Promise<AsyncIterable<Uint8Array>>;
}

export interface ApiOptions {
  readonly transport: Transport;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly rate?: Rate;
  readonly metrics?: KubeMetrics;
  /** Told how long each write took. */
  readonly onWritten?: (seconds: number) => void;
  readonly userAgent?: string;
}

/** Ample for 50 tasks a second with a handful of writes each; the API server's own fairness guards it beyond that. */
export const defaultRate: Rate = { perSecond: 500, burst: 1000 };
const defaultTimeoutSeconds = 30;
const defaultAttempts = 5;
const backOff = { firstSeconds: 0.1, maxSeconds: 10 };
/** Who asks for a longer pause than this gets it from the work queue, where nothing is held meanwhile. */
const longestWaitSeconds = 30;

interface Attempt {
  readonly method: Method;
  readonly path: string;
  readonly body: string | undefined;
  readonly contentType: string | undefined;
}

export class ApiClient implements Api {
  readonly #options: ApiOptions;
  readonly #metrics: KubeMetrics;
  readonly #bucket: TokenBucket;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? noMetrics;
    this.#bucket = new TokenBucket(options.rate ?? defaultRate, options.timers.clock);
  }

  async request<T = unknown>(method: Method, path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
    const { signal, attempts = defaultAttempts, timeoutSeconds = defaultTimeoutSeconds } = options;
    const { timers } = this.#options;
    const json = body === undefined ? undefined : JSON.stringify(body);
    const attempt = { method, path, body: json, contentType: options.contentType };
    let renewed = false;
    for (let count = 1; ; count++) {
      signal?.throwIfAborted();
      if (options.urgent !== true) await this.#waitForRate(signal);
      try {
        return (await this.#once(attempt, timeoutSeconds, signal)) as T;
      } catch (error) {
        if (error instanceof Unauthorized && !renewed) {
          renewed = true;
          this.#options.transport.renew();
          continue;
        }
        const waitSeconds = count < attempts ? this.#waitAfter(error, count) : undefined;
        if (waitSeconds === undefined) throw error;
        await pause(timers, waitSeconds, signal);
      }
    }
  }

  async stream(
    path: string,
    abort: AbortController,
    timeoutSeconds = defaultTimeoutSeconds,
  ): Promise<AsyncIterable<Uint8Array>> {
    const { timers } = this.#options;
    await this.#waitForRate(abort.signal);
    // only until the answer begins: afterwards the caller's watchdog knows better
    const tooLate = (): void => abort.abort(noAnswer(`GET ${withoutQuery(path)}`, `none in ${timeoutSeconds} s`));
    const cancel = timers.after(timeoutSeconds, tooLate);
    try {
      const attempt = { method: 'GET' as const, path, body: undefined, contentType: undefined };
      const answer = await this.#send(attempt, abort.signal);
      if (answer.status === 200) return answer.body;
      const error = errorFrom(attempt, answer, await textOf(answer), timers);
      if (error instanceof Unauthorized) this.#options.transport.renew();
      throw error;
    } finally {
      cancel();
    }
  }

  async #waitForRate(signal: AbortSignal | undefined): Promise<void> {
    const waitSeconds = this.#bucket.reserve();
    if (waitSeconds <= 0) return;
    this.#metrics.rateLimited(waitSeconds);
    await pause(this.#options.timers, waitSeconds, signal);
    signal?.throwIfAborted();
  }

  async #once(attempt: Attempt, timeoutSeconds: number, parent: AbortSignal | undefined): Promise<unknown> {
    const { timers } = this.#options;
    const late = (): Error => noAnswer(labelOf(attempt), `none in ${timeoutSeconds} s`);
    const { signal, cancel } = deadline(timers, timeoutSeconds, late, [parent]);
    try {
      const answer = await this.#send(attempt, signal);
      const text = await textOf(answer);
      if (answer.status >= 300) throw errorFrom(attempt, answer, text, timers);
      return text === '' ? undefined : parseBody(attempt, text);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof ApiError ? error : noAnswer(labelOf(attempt), error);
    } finally {
      cancel();
    }
  }

  /** Sends once and measures until the answer begins. */
  async #send(attempt: Attempt, signal: AbortSignal): Promise<Answer> {
    const { transport, timers, userAgent = 'nasoa' } = this.#options;
    const { method, path, body, contentType } = attempt;
    const startedSeconds = timers.clock.nowSeconds();
    let code = 'error';
    try {
      const type = body === undefined ? {} : { 'content-type': contentType ?? 'application/json' };
      const headers = { accept: 'application/json', 'user-agent': userAgent, ...type };
      const answer = await transport.send({ method, path, headers, body, signal });
      code = String(answer.status);
      return answer;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof ApiError ? error : noAnswer(labelOf(attempt), error);
    } finally {
      const request = { verb: verbOf(method, path, contentType), resource: resourceLabel(path), code };
      const seconds = timers.clock.nowSeconds() - startedSeconds;
      this.#metrics.apiRequest(request, seconds);
      if (method !== 'GET') this.#options.onWritten?.(seconds);
    }
  }

  /** Seconds to wait before the next attempt; undefined where another one would not help. */
  #waitAfter(error: unknown, failures: number): number | undefined {
    if (!isTransient(error)) return undefined;
    const ownSeconds = backOffSeconds(backOff, failures, this.#options.rng);
    // on top of what the server asks for, so that those it sent away together do not return together
    const waitSeconds = error.retryAfterSeconds === undefined ? ownSeconds : error.retryAfterSeconds + ownSeconds;
    return waitSeconds > longestWaitSeconds ? undefined : waitSeconds;
  }
}

const withoutQuery = (path: string): string => path.split('?')[0] ?? path;

const labelOf = ({ method, path }: Attempt): string => `${method} ${withoutQuery(path)}`;

async function textOf({ body }: Answer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(attempt: Attempt, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // a proxy's page, or an answer cut in the middle
    throw noAnswer(labelOf(attempt), error);
  }
}

function errorFrom(attempt: Attempt, { status, headers }: Answer, text: string, { clock }: Timers): ApiError {
  const retryAfter = headers['retry-after'];
  const seconds = retryAfter === undefined ? undefined : retryAfterSeconds(retryAfter, clock.date());
  return errorOf(labelOf(attempt), status, statusOf(text), seconds);
}

function statusOf(text: string): ApiStatus | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status'
      ? (body as ApiStatus)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Of the header's two forms, seconds and an HTTP date; undefined where it is neither. */
export function retryAfterSeconds(header: string, now: Date): number | undefined {
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now.getTime()) / 1000);
}
