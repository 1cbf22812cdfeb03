import { InputError, RunError } from '../lib/errors.ts';
import { type HttpResponse, type Route, text } from './routes.ts';
import type { Scheduler } from './scheduler.ts';

/** Something that must be well for the process to be alive, or ready. */
export interface Check {
  readonly name: string;
  /** Undefined where it is well, else what is wrong, in a few words without secrets. */
  readonly ask: () => string | undefined | Promise<string | undefined>;
}

export interface HealthOptions {
  /** A process that fails one of these is restarted: nothing that a restart does not mend belongs here. */
  readonly live: readonly Check[];
  /** A process that fails one of these gets no requests. */
  readonly ready: readonly Check[];
  readonly scheduler: Scheduler;
  /** A check that takes longer has failed. 2 unless given. */
  readonly timeoutSeconds?: number;
}

/** `/livez` and `/readyz`: 200 or 503, and a line for each check. */
export function healthRoutes({ live, ready, scheduler, timeoutSeconds = 2 }: HealthOptions): readonly Route[] {
  const route = (path: string, checks: readonly Check[]): Route => ({
    method: 'GET',
    path,
    handle: () => judge(checks, scheduler, timeoutSeconds),
  });
  return [route('/livez', live), route('/readyz', ready)];
}

async function judge(checks: readonly Check[], scheduler: Scheduler, timeoutSeconds: number): Promise<HttpResponse> {
  const objections = await Promise.all(checks.map((check) => objectionOf(check, scheduler, timeoutSeconds)));
  const lines = checks.map(({ name }, i) => {
    const objection = objections[i];
    return objection === undefined ? `[+] ${name}` : `[-] ${name}: ${objection}`;
  });
  const isWell = objections.every((objection) => objection === undefined);
  return text(isWell ? 200 : 503, `${[...lines, isWell ? 'ok' : 'failed'].join('\n')}\n`);
}

function objectionOf(check: Check, scheduler: Scheduler, timeoutSeconds: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const cancel = scheduler.after(timeoutSeconds, () => resolve(`no answer within ${timeoutSeconds} s`));
    const settle = (objection: string | undefined): void => {
      cancel();
      resolve(objection);
    };
    // within a promise, so that a check that throws at once is caught like the others
    Promise.resolve()
      .then(() => check.ask())
      .then(settle, (error: unknown) => settle(wordsOf(error)));
  });
}

/** Only our own errors' words are shown: those of others may repeat an address with its password. */
const wordsOf = (error: unknown): string =>
  error instanceof InputError || error instanceof RunError ? error.message : 'it failed';
