import { beforeEach, describe, expect, test } from '@jest/globals';
import type { TrainerProgress } from '../../src/crds/trainer-job.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { httpsPost } from '../../src/server/https-post.ts';
import { addressOf, holderIdentity, type Leader, leaderOf, toLeader } from '../../src/server/leader.ts';
import { type Log, type LogFields, silentLog } from '../../src/server/logger.ts';
import { type ProgressOptions, progressRoutes, type Reported } from '../../src/server/progress.ts';
import type { Route } from '../../src/server/routes.ts';
import { systemScheduler } from '../../src/server/scheduler.ts';
import type { ReportFate } from '../../src/server/task-metrics.ts';
import { type Answered, aCertificate, aServer, ask, serviceName } from './servers.ts';

const uid = '11111111-2222-3333-4444-555555555555';
const token = 'header.payload.signature';
const path = '/progress/v1/namespaces/team-a/tasks/flowers';

const aReport = (over: Partial<TrainerProgress> = {}): TrainerProgress => ({
  ...{ uid, role: 'training', attempt: 1, step: 10, steps: 100, accuracy: 0.5, activeSeconds: 12 },
  ...over,
});

/** The operator as far as reports are concerned. */
interface World {
  readonly accepted: { readonly task: Reported; readonly progress: TrainerProgress }[];
  readonly counted: ReportFate[];
  readonly logged: { readonly message: string; readonly fields: LogFields | undefined }[];
  readonly clock: ManualClock;
  leader: Leader;
  /** The pod that the token is bound to, and its owner. */
  namespace: string;
  podUid: string;
  owner: Reported | undefined;
  canReview: boolean;
}

let world: World;
beforeEach(() => {
  world = {
    ...{ accepted: [], counted: [], logged: [], clock: new ManualClock(1000), leader: { kind: 'here' } },
    ...{ podUid: 'a pod', namespace: 'team-a', owner: { namespace: 'team-a', name: 'flowers', uid }, canReview: true },
  };
});

function theRoutes(over: Partial<ProgressOptions> = {}): readonly Route[] {
  const warn: Log['warn'] = (message, fields) => world.logged.push({ message, fields });
  return progressRoutes({
    check: async (given) => {
      if (!world.canReview) throw new Error('the API server is away');
      if (given !== token) return { kind: 'refused', why: 'The token is not valid.' };
      const { namespace, podUid } = world;
      return { kind: 'known', bearer: { namespace, serviceAccount: 'default', podName: 'pod', podUid } };
    },
    ownerOf: async () => world.owner,
    accept: (task, progress) => {
      world.accepted.push({ task, progress });
    },
    leader: () => world.leader,
    toLeader: () => Promise.reject(new Error('nobody there')),
    clock: world.clock,
    log: { ...silentLog, warn },
    count: (fate) => world.counted.push(fate),
    ...over,
  });
}

interface Sending {
  readonly at?: string;
  readonly authorization?: string | undefined;
  readonly body?: unknown;
}

async function send({
  at = path,
  authorization = `Bearer ${token}`,
  body = aReport(),
}: Sending = {}): Promise<Answered> {
  await using server = await aServer(theRoutes());
  return await post(server.url + at, authorization, body);
}

const post = (url: string, authorization: string | undefined, body: unknown): Promise<Answered> =>
  ask(url, {
    method: 'POST',
    headers: authorization === undefined ? {} : { authorization },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('a report', () => {
  test('of the right pod is taken over', async () => {
    expect((await send()).status).toBe(204);
    expect(world.accepted).toEqual([{ task: { namespace: 'team-a', name: 'flowers', uid }, progress: aReport() }]);
    expect(world.counted).toEqual(['accepted']);
  });

  test('may be of a zoo', async () => {
    expect((await send({ at: path.replace('/tasks/', '/zoos/') })).status).toBe(204);
  });

  test.each<[string, Sending, Partial<World>, number, string]>([
    ['without a token', { authorization: '' }, {}, 401, 'bearer token'],
    ['with a password', { authorization: 'Basic dTpw' }, {}, 401, 'bearer token'],
    ['with a token that is not valid', { authorization: 'Bearer other' }, {}, 401, 'not valid'],
    ['from another namespace', {}, { namespace: 'team-b' }, 403, 'another namespace'],
    ['of a pod that is gone', {}, { owner: undefined }, 403, 'does not belong'],
    ['of a pod of another task', {}, { owner: { namespace: 'team-a', name: 'birds', uid } }, 403, 'does not belong'],
    ['about an earlier task of that name', { body: aReport({ uid: 'old' }) }, {}, 403, 'does not belong'],
    ['that is not JSON', { body: 'step=1' }, {}, 400, 'not JSON'],
    ['without its fields', { body: { uid } }, {}, 400, 'progress.'],
    ['with steps below zero', { body: aReport({ step: -1 }) }, {}, 400, 'step'],
    ['that is too long', { body: 'x'.repeat(40_000) }, {}, 413, 'bytes'],
    ['while the API server is away', {}, { canReview: false }, 503, 'cannot be checked'],
    ['while nobody leads', {}, { leader: { kind: 'unknown' } }, 503, 'No replica leads'],
    ['while the leader is away', {}, { leader: { kind: 'elsewhere', address: '10.0.0.9' } }, 503, 'cannot be reached'],
  ])('%s is refused', async (_what, sending, given, status, why) => {
    Object.assign(world, given);
    const answered = await send(sending);
    expect(answered.status).toBe(status);
    expect(answered.body).toContain(why);
    expect(world.accepted).toEqual([]);
    if (status === 503) expect(answered.headers['retry-after']).toBe('5');
    expect(JSON.stringify(world.logged)).not.toContain(token);
  });

  test('that is refused again and again is told once a minute', async () => {
    world.namespace = 'team-b';
    await using server = await aServer(theRoutes());
    for (let i = 0; i < 3; i++) await post(server.url + path, `Bearer ${token}`, aReport());
    expect(world.logged).toHaveLength(1);
    world.clock.advance(61);
    await post(server.url + path, `Bearer ${token}`, aReport());
    expect(world.logged).toHaveLength(2);
  });
});

test('a pod may report every 5 seconds, and its end at any time', async () => {
  await using server = await aServer(theRoutes());
  const end = aReport({ message: { kind: 'interrupted', activeSeconds: 12, step: 10 } });
  const status = async (body: TrainerProgress): Promise<number> =>
    (await post(server.url + path, `Bearer ${token}`, body)).status;
  expect(await status(aReport())).toBe(204);
  world.clock.advance(2);
  const limited = await post(server.url + path, `Bearer ${token}`, aReport({ step: 11 }));
  expect([limited.status, limited.headers['retry-after']]).toEqual([429, '3']);
  expect(await status(end)).toBe(204);
  expect(await status(end)).toBe(429);
  world.clock.advance(3);
  expect(await status(aReport({ step: 12 }))).toBe(204);
  expect(world.accepted.map(({ progress }) => progress.step)).toEqual([10, 10, 12]);
});

test('the pods of a zoo do not take turns', async () => {
  await using server = await aServer(theRoutes());
  const statuses: number[] = [];
  for (const podUid of ['first', 'second', 'first']) {
    world.podUid = podUid;
    statuses.push((await post(server.url + path, `Bearer ${token}`, aReport())).status);
  }
  expect(statuses).toEqual([204, 204, 429]);
});

test('a report that nobody was allowed to send takes no turn of the task', async () => {
  await using server = await aServer(theRoutes());
  await post(server.url + path, 'Bearer other', aReport());
  expect((await post(server.url + path, `Bearer ${token}`, aReport())).status).toBe(204);
});

describe('a replica that does not lead', () => {
  test('hands the report to the leader by its address, and its answer back', async () => {
    const identity = await aCertificate();
    await using leader = await aServer(theRoutes(), { tls: identity });
    const forward = toLeader({
      post: httpsPost(systemScheduler),
      ...{ port: leader.port, ca: () => identity.ca, serverName: serviceName },
    });
    const own: Leader = leaderOf(holderIdentity('nasoa-0', '127.0.0.1'), holderIdentity('nasoa-1', '127.0.0.2'));
    await using replica = await aServer(theRoutes({ leader: () => own, toLeader: forward }));
    expect((await post(replica.url + path, `Bearer ${token}`, aReport())).status).toBe(204);
    expect(world.accepted).toHaveLength(1);
    const limited = await post(replica.url + path, `Bearer ${token}`, aReport());
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '5']);
    expect(world.counted).toEqual(['accepted', 'forwarded', 'limited', 'forwarded']);
  });

  test('trusts nobody who merely has its address', async () => {
    const [identity, other] = [await aCertificate(), await aCertificate()];
    await using impostor = await aServer(theRoutes(), { tls: other });
    const forward = toLeader({
      post: httpsPost(systemScheduler),
      ...{ port: impostor.port, ca: () => identity.ca, serverName: serviceName },
    });
    await using replica = await aServer(
      theRoutes({ leader: () => ({ kind: 'elsewhere', address: '127.0.0.1' }), toLeader: forward }),
    );
    expect((await post(replica.url + path, `Bearer ${token}`, aReport())).status).toBe(503);
    expect(world.accepted).toEqual([]);
  });

  test('does not pass on what was passed to it', async () => {
    world.leader = { kind: 'elsewhere', address: '127.0.0.1' };
    await using server = await aServer(theRoutes({ toLeader: async () => ({ status: 204 }) }));
    const headers = { authorization: `Bearer ${token}`, 'x-nasoa-forwarded': '1' };
    const answered = await ask(server.url + path, { method: 'POST', headers, body: JSON.stringify(aReport()) });
    expect(answered.status).toBe(503);
  });
});

test.each<[string, string | undefined]>([
  ['nasoa-5d9f-abcde_10.1.2.3', '10.1.2.3'],
  ['nasoa-0_fd00::17', 'fd00::17'],
  ['nasoa-0', undefined],
  ['nasoa-0_', undefined],
  ['nasoa-0_evil.example.com/', undefined],
])('the holder %s has the address %s', (identity, address) => {
  expect(addressOf(identity)).toBe(address);
});
