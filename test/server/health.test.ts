import { expect, test } from '@jest/globals';
import { RunError } from '../../src/lib/errors.ts';
import { type Check, healthRoutes } from '../../src/server/health.ts';
import { ManualScheduler, settled } from './manual-scheduler.ts';
import { aServer, ask } from './servers.ts';

const fine: Check = { name: 'cache', ask: () => undefined };

test.each<[string, Check, number, string]>([
  ['a check that is well', { name: 'store', ask: async () => undefined }, 200, '[+] store'],
  ['a check with an objection', { name: 'store', ask: () => 'not migrated' }, 503, '[-] store: not migrated'],
  [
    'a check that fails with an error of ours',
    { name: 'store', ask: () => Promise.reject(new RunError('The store is away.', 'Wait.')) },
    503,
    '[-] store: The store is away.',
  ],
  [
    'a check that throws what may hold a password',
    {
      name: 'store',
      ask: () => {
        throw new Error('connect postgres://user:hunter2@db');
      },
    },
    503,
    '[-] store: it failed',
  ],
])('%s decides over readiness', async (_what, check, status, line) => {
  await using server = await aServer(
    healthRoutes({ live: [fine], ready: [fine, check], scheduler: new ManualScheduler() }),
  );
  const answered = await ask(`${server.url}/readyz`);
  expect(answered.status).toBe(status);
  expect(answered.body.split('\n')).toEqual(['[+] cache', line, status === 200 ? 'ok' : 'failed', '']);
  expect(answered.body).not.toContain('hunter2');
  expect((await ask(`${server.url}/livez`)).status).toBe(200);
});

test('a check that never answers has failed after a while', async () => {
  const scheduler = new ManualScheduler();
  const asked = Promise.withResolvers<void>();
  const stuck: Check = {
    name: 'store',
    ask: () => {
      asked.resolve();
      return new Promise(() => undefined);
    },
  };
  await using server = await aServer(healthRoutes({ live: [], ready: [stuck], scheduler }));
  const answered = ask(`${server.url}/readyz`);
  await asked.promise;
  await scheduler.advance(2);
  expect(await answered).toMatchObject({ status: 503, body: '[-] store: no answer within 2 s\nfailed\n' });
  await settled();
  expect(scheduler.waiting).toBe(0);
});
