/**
 * Tells the operator how far the pod is. A report is worth nothing against the training: it is never waited for, never
 * fails the run, and only the latest one counts. What ends the run is tried until it arrives or its time is up; the
 * termination message says the same.
 */
import { readFile } from 'node:fs/promises';
import type { TrainerProgress, TrainerReportTarget } from '../../crds/trainer-job.ts';
import type { Clock } from '../../lib/clock.ts';
import { hasCode } from '../../lib/errors.ts';
import type { HttpsPost } from '../../server/https-post.ts';
import type { Log } from '../../server/logger.ts';
import { type Cancel, type Scheduler, wait } from '../../server/scheduler.ts';

export interface ProgressReporter {
  /** Sends it, or a later one in its place, some time. */
  report(progress: TrainerProgress): void;
  /** The last report; true where it arrived within the seconds. Nothing is sent after it. */
  finish(progress: TrainerProgress, seconds: number): Promise<boolean>;
}

export interface ReporterOptions {
  readonly target: Pick<TrainerReportTarget, 'url' | 'tokenPath' | 'caPath'>;
  readonly post: HttpsPost;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

const everySeconds = 5;
const longestPauseSeconds = 60;
const timeoutSeconds = 5;
const firstRetrySeconds = 1;
/** Answers that another try does not change. 401 is none of them: the token may have been renewed meanwhile. */
const finalStatuses = [400, 403, 404, 405, 413];

type Sent =
  | { readonly kind: 'arrived' }
  | { readonly kind: 'failed'; readonly why: string; readonly isFinal: boolean; readonly retrySeconds: number };

export function progressReporter(o: ReporterOptions): ProgressReporter {
  const { clock, scheduler, log } = o;
  let latest: TrainerProgress | undefined;
  let running: Promise<void> | undefined;
  let cancel: Cancel | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let isFinishing = false;

  const deliver = async (progress: TrainerProgress): Promise<void> => {
    const sent = await send(o, progress, timeoutSeconds);
    if (sent.kind === 'arrived') {
      failures = 0;
      notBefore = clock.nowSeconds() + everySeconds;
      return;
    }
    // once for an outage, however long it is
    if (failures === 0) log.warn('Progress reports do not arrive', { why: sent.why });
    const pause = Math.min(longestPauseSeconds, everySeconds * 2 ** failures);
    failures += 1;
    notBefore = clock.nowSeconds() + Math.max(sent.retrySeconds, pause);
    latest ??= progress;
  };
  const pump = (): void => {
    if (isFinishing || running !== undefined || cancel !== undefined || latest === undefined) return;
    cancel = scheduler.after(Math.max(0, notBefore - clock.nowSeconds()), () => {
      cancel = undefined;
      const progress = latest;
      latest = undefined;
      if (progress === undefined) return;
      running = deliver(progress).finally(() => {
        running = undefined;
        pump();
      });
    });
  };
  return {
    report: (progress) => {
      if (isFinishing) return;
      latest = progress;
      pump();
    },
    finish: async (progress, seconds) => {
      isFinishing = true;
      cancel?.();
      await running;
      return await insist(o, progress, seconds);
    },
  };
}

async function insist(o: ReporterOptions, progress: TrainerProgress, seconds: number): Promise<boolean> {
  const until = o.clock.nowSeconds() + seconds;
  const left = (): number => until - o.clock.nowSeconds();
  for (let pause = firstRetrySeconds; left() > 0; pause *= 2) {
    const sent = await send(o, progress, Math.min(timeoutSeconds, left()));
    if (sent.kind === 'arrived') return true;
    const retrySeconds = Math.max(sent.retrySeconds, pause);
    if (sent.isFinal || retrySeconds >= left()) {
      o.log.warn('The last report did not arrive; the termination message stands for it', { why: sent.why });
      return false;
    }
    await wait(o.scheduler, retrySeconds);
  }
  return false;
}

/** Never rejects. */
async function send({ target, post }: ReporterOptions, progress: TrainerProgress, timeout: number): Promise<Sent> {
  try {
    // both are renewed while the pod runs
    const token = (await readFile(target.tokenPath, 'utf8')).trim();
    const answered = await post({
      url: target.url,
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(progress),
      ca: await readAuthority(target.caPath),
      timeoutSeconds: timeout,
    });
    const { status, retryAfter } = answered;
    if (status >= 200 && status < 300) return { kind: 'arrived' };
    return {
      kind: 'failed',
      why: `HTTP ${status}`,
      isFinal: finalStatuses.includes(status),
      retrySeconds: /^\d{1,4}$/.test(retryAfter ?? '') ? Number(retryAfter) : 0,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', why, isFinal: false, retrySeconds: 0 };
  }
}

/** Undefined where the installation gives pods none: its certificate is then one that everybody trusts. */
async function readAuthority(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
