import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ProgressReporter, progressReporter } from '../../../src/cli/pod/reporter.ts';
import type { TrainerMessage, TrainerProgress } from '../../../src/crds/trainer-job.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { type HttpsPost, httpsPost, type PostAnswer, type Posted } from '../../../src/server/https-post.ts';
import { silentLog } from '../../../src/server/logger.ts';
import { type HttpRequest, type Route, text } from '../../../src/server/routes.ts';
import { systemScheduler } from '../../../src/server/scheduler.ts';
import { ManualScheduler, settled } from '../../server/manual-scheduler.ts';
import { aCertificate, aServer } from '../../server/servers.ts';
import { aFolder } from '../../support/image-files.ts';

const aReport = (step: number, message?: TrainerMessage): TrainerProgress => ({
  ...{ uid: 'uid', role: 'training', attempt: 1, step, steps: 100, activeSeconds: step },
  ...(message === undefined ? {} : { message }),
});
const theEnd: TrainerMessage = { kind: 'interrupted', activeSeconds: 9, step: 9 };

let folder: Awaited<ReturnType<typeof aFolder>>;
beforeEach(async () => {
  folder = await aFolder();
  await writeFile(join(folder.path, 'token'), 'first\n');
  await writeFile(join(folder.path, 'ca.crt'), 'authority');
});
afterEach(() => folder[Symbol.asyncDispose]());

const target = (url: string) => ({
  url,
  tokenPath: join(folder.path, 'token'),
  caPath: join(folder.path, 'ca.crt'),
});

interface Arrived {
  readonly posted: Posted;
  readonly answer: (answer: PostAnswer | Error) => void;
}

/** A request as the test sees it. */
interface Request {
  readonly posted: Posted;
  readonly step: number;
  answer(status: number | Error, retryAfter?: string): Promise<void>;
}

/** What reached the network, each to be answered by the test. */
class Network {
  readonly #arrived: Arrived[] = [];
  #wake: (() => void) | undefined;

  readonly post: HttpsPost = (posted) =>
    new Promise((resolve, reject) => {
      const answer = (given: PostAnswer | Error): void => (given instanceof Error ? reject(given) : resolve(given));
      this.#arrived.push({ posted, answer });
      this.#wake?.();
    });

  /** The next request; waits until it comes. */
  async next(): Promise<Request> {
    while (this.#arrived.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const { posted, answer } = this.#arrived.shift() as Arrived;
    return {
      posted,
      step: (JSON.parse(String(posted.body)) as TrainerProgress).step,
      answer: async (status, retryAfter) => {
        answer(status instanceof Error ? status : { status, retryAfter, body: '' });
        await settled();
      },
    };
  }

  get waiting(): number {
    return this.#arrived.length;
  }
}

describe('while a pod works', () => {
  let network: Network;
  let scheduler: ManualScheduler;
  let warnings: string[];
  let reporter: ProgressReporter;
  beforeEach(() => {
    [network, scheduler, warnings] = [new Network(), new ManualScheduler(), []];
    reporter = progressReporter({
      ...{ target: target('https://operator/progress'), post: network.post, clock: scheduler.clock, scheduler },
      log: { ...silentLog, warn: (message) => warnings.push(message) },
    });
  });

  test('the first report goes at once, and after it the latest every 5 seconds', async () => {
    reporter.report(aReport(1));
    reporter.report(aReport(2));
    await scheduler.advance(0);
    const first = await network.next();
    expect(first.step).toBe(2);
    for (let step = 3; step <= 50; step++) reporter.report(aReport(step));
    await first.answer(204);
    await scheduler.advance(4.9);
    expect(network.waiting).toBe(0);
    reporter.report(aReport(51));
    await scheduler.advance(0.2);
    const second = await network.next();
    expect(second.step).toBe(51);
    await second.answer(204);
    await scheduler.advance(60);
    expect(network.waiting).toBe(0);
    expect(warnings).toEqual([]);
  });

  test('token and authority are read for each report', async () => {
    reporter.report(aReport(1));
    await scheduler.advance(0);
    const first = await network.next();
    expect(first.posted).toMatchObject({ headers: { authorization: 'Bearer first' }, ca: 'authority' });
    await first.answer(401);
    await writeFile(join(folder.path, 'token'), 'second');
    await rm(join(folder.path, 'ca.crt'));
    await scheduler.advance(5);
    const second = await network.next();
    expect(second.posted).toMatchObject({ headers: { authorization: 'Bearer second' }, ca: undefined });
  });

  test.each<[string, number | Error, string | undefined, number]>([
    ['no answer', new Error('connect ECONNREFUSED'), undefined, 5],
    ['an error of the operator', 500, undefined, 5],
    ['a leader that is away', 503, '9', 9],
    ['a limit', 429, '3', 5],
  ])('%s is followed by another try, by then with what is latest', async (_what, answer, retryAfter, seconds) => {
    reporter.report(aReport(1));
    await scheduler.advance(0);
    await (await network.next()).answer(answer, retryAfter);
    await scheduler.advance(seconds - 0.1);
    expect(network.waiting).toBe(0);
    reporter.report(aReport(2));
    await scheduler.advance(0.2);
    expect((await network.next()).step).toBe(2);
  });

  test('what did not arrive is sent again where nothing newer is known', async () => {
    reporter.report(aReport(1));
    await scheduler.advance(0);
    await (await network.next()).answer(500);
    await scheduler.advance(5);
    expect((await network.next()).step).toBe(1);
  });

  test('an outage is told once, and asked about less and less often', async () => {
    reporter.report(aReport(1));
    for (const pause of [0, 5, 10, 20, 40, 60, 60]) {
      await scheduler.advance(pause);
      await (await network.next()).answer(new Error('away'));
    }
    expect(warnings).toEqual(['Progress reports do not arrive']);
  });

  test('a token that cannot be read harms nothing', async () => {
    await rm(join(folder.path, 'token'));
    reporter.report(aReport(1));
    await scheduler.advance(0);
    // the reading ends some time later, outside of this clock
    while (warnings.length === 0) await settled();
    expect(network.waiting).toBe(0);
  });

  test('the end waits for the report on its way, and nothing follows it', async () => {
    reporter.report(aReport(1));
    await scheduler.advance(0);
    const first = await network.next();
    reporter.report(aReport(2));
    const finished = reporter.finish(aReport(9, theEnd), 20);
    await first.answer(204);
    const last = await network.next();
    expect(JSON.parse(String(last.posted.body))).toEqual(aReport(9, theEnd));
    await last.answer(204);
    expect(await finished).toBe(true);
    reporter.report(aReport(10));
    await scheduler.advance(100);
    expect(network.waiting).toBe(0);
  });

  test('the end is tried until it arrives', async () => {
    const finished = reporter.finish(aReport(9, theEnd), 20);
    await (await network.next()).answer(new Error('away'));
    await scheduler.advance(1);
    await (await network.next()).answer(503, '5');
    await scheduler.advance(5);
    await (await network.next()).answer(204);
    expect(await finished).toBe(true);
  });

  test('the end is given up when its time is over', async () => {
    const finished = reporter.finish(aReport(9, theEnd), 20);
    for (const pause of [0, 1, 2, 4, 8]) {
      await scheduler.advance(pause);
      await (await network.next()).answer(new Error('away'));
    }
    expect(await finished).toBe(false);
    expect(warnings).toHaveLength(1);
  });

  test('the end is not repeated to an operator that refuses it', async () => {
    const finished = reporter.finish(aReport(9, theEnd), 20);
    await (await network.next()).answer(403);
    expect(await finished).toBe(false);
  });
});

describe('over the network', () => {
  const aReporter = (url: string): ProgressReporter =>
    progressReporter({
      ...{ target: target(url), post: httpsPost(systemScheduler), clock: systemClock },
      ...{ scheduler: systemScheduler, log: silentLog },
    });

  test('a report arrives at a server of the authority in the file', async () => {
    const identity = await aCertificate();
    const received: HttpRequest[] = [];
    const route: Route = {
      method: 'POST',
      path: '/progress',
      handle: (request) => {
        received.push(request);
        return { status: 204 };
      },
    };
    await using server = await aServer([route], { tls: identity });
    await writeFile(join(folder.path, 'ca.crt'), identity.ca);
    expect(await aReporter(`https://localhost:${server.port}/progress`).finish(aReport(9, theEnd), 20)).toBe(true);
    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer first']);
    expect(JSON.parse(received[0]?.body.toString() ?? '')).toEqual(aReport(9, theEnd));
  });

  test('no token goes to a server of another authority', async () => {
    const [identity, other] = [await aCertificate(), await aCertificate()];
    let received = 0;
    const route: Route = {
      method: 'POST',
      path: '/progress',
      handle: () => {
        received += 1;
        return text(200, '');
      },
    };
    await using server = await aServer([route], { tls: other });
    await writeFile(join(folder.path, 'ca.crt'), identity.ca);
    expect(await aReporter(`https://localhost:${server.port}/progress`).finish(aReport(9, theEnd), 0.5)).toBe(false);
    expect(received).toBe(0);
  });
});
