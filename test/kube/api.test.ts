import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../src/crds/workloads.ts';
import { type Api, retryAfterSeconds } from '../../src/kube/api.ts';
import {
  AlreadyExists,
  type ApiError,
  Conflict,
  Forbidden,
  Gone,
  Invalid,
  NotFound,
  TooManyRequests,
  Unauthorized,
  Unavailable,
  UnknownField,
} from '../../src/kube/errors.ts';
import { type KubeMetrics, noMetrics } from '../../src/kube/metrics.ts';
import { jobs, pathOf } from '../../src/kube/resources.ts';
import type { Access } from '../../src/kube/transport.ts';
import type { Fault } from '../support/fake-api.ts';
import { aClient, type FakeClient } from '../support/fake-client.ts';
import { eventually, settle } from '../support/manual-timers.ts';

const place = { namespace: 'team', name: 'job-1' };
const aJob = { apiVersion: 'batch/v1', kind: 'Job', metadata: place };
const path = pathOf(jobs, place);

/** The outcome, once it is there. */
interface Asked<T> {
  value?: T;
  error?: unknown;
}

function ask<T>(promise: Promise<T>): Asked<T> {
  const asked: Asked<T> = {};
  promise.then(
    (value) => Object.assign(asked, { value }),
    (error: unknown) => Object.assign(asked, { error }),
  );
  return asked;
}

const read = (api: Api): Promise<Job> => api.request<Job>('GET', path);

/** Lets the waits between attempts pass as soon as they begin, until there is an outcome. */
async function untilSettled({ timers }: FakeClient, asked: Asked<unknown>): Promise<void> {
  await eventually(() => {
    // alone and short, it is such a wait: the deadline of an attempt under way is 30 s
    const [soonest = 30, ...others] = timers.pending;
    if (others.length === 0 && soonest < 29) timers.advance(soonest);
    return 'value' in asked || 'error' in asked;
  }, 'an outcome');
}

describe('a request', () => {
  test.each<[string, Fault, new (...args: never[]) => ApiError]>([
    ['404', { answer: { status: 404, reason: 'NotFound' } }, NotFound],
    ['409 for a changed object', { answer: { status: 409, reason: 'Conflict' } }, Conflict],
    ['409 for a taken name', { answer: { status: 409, reason: 'AlreadyExists' } }, AlreadyExists],
    ['410', { answer: { status: 410, reason: 'Expired' } }, Gone],
    ['422', { answer: { status: 422, reason: 'Invalid' } }, Invalid],
    ['400', { answer: { status: 400, reason: 'BadRequest' } }, Invalid],
    ['403', { answer: { status: 403, reason: 'Forbidden' } }, Forbidden],
    ['401, twice', { answer: { status: 401, reason: 'Unauthorized' }, times: 2 }, Unauthorized],
    ['a status without a reason', { answer: { status: 404 } }, NotFound],
    [
      '500 for a field that the CRD lacks',
      {
        answer: {
          status: 500,
          message: 'failed to create typed patch object: .status.x: field not declared in schema',
        },
      },
      UnknownField,
    ],
  ])('that is answered with %s fails at once, with an error of its kind', async (_name, fault, kind) => {
    await using client = await aClient();
    client.fake.inject(fault);
    await expect(read(client.api)).rejects.toBeInstanceOf(kind);
    expect(client.fake.requests).toHaveLength(fault.times ?? 1);
  });

  test.each<[string, Fault['answer']]>([
    ['500', { status: 500 }],
    ['503', { status: 503, reason: 'ServiceUnavailable' }],
    ['429 without Retry-After', { status: 429, reason: 'TooManyRequests' }],
    ['a cut socket', 'cut'],
    ['a page of a broken proxy', 'garble'],
  ])('is repeated after %s', async (_name, answer) => {
    await using client = await aClient();
    client.fake.store.create(jobs, aJob);
    client.fake.inject({ answer, times: 3 });
    const asked = ask(read(client.api));
    await untilSettled(client, asked);
    expect(asked.value?.metadata.name).toBe('job-1');
    expect(client.fake.requests).toHaveLength(4);
  });

  test('is given up after five attempts', async () => {
    await using client = await aClient();
    client.fake.inject({ answer: { status: 503 }, times: 9 });
    const asked = ask(read(client.api));
    await untilSettled(client, asked);
    expect(asked.error).toBeInstanceOf(Unavailable);
    expect(client.fake.requests).toHaveLength(5);
  });

  test.each<[string, number]>([
    ['429', 429],
    ['503', 503],
  ])('is not repeated before the time that a %s asks for', async (_name, status) => {
    await using client = await aClient();
    const { fake, timers } = client;
    fake.store.create(jobs, aJob);
    fake.inject({ answer: { status, retryAfter: 7 } });
    const asked = ask(read(client.api));
    await eventually(() => fake.requests.length === 1 && (timers.pending[0] ?? 0) > 6 && (timers.pending[0] ?? 0) < 10);
    timers.advance(6.9);
    await settle();
    expect(fake.requests).toHaveLength(1);
    await untilSettled(client, asked);
    expect(fake.requests).toHaveLength(2);
  });

  test('hands a long Retry-After to its caller instead of waiting', async () => {
    await using client = await aClient();
    client.fake.inject({ answer: { status: 429, reason: 'TooManyRequests', retryAfter: 120 } });
    const error: unknown = await read(client.api).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(TooManyRequests);
    expect(error).toMatchObject({ retryAfterSeconds: 120 });
  });

  test('is given up and repeated when no answer comes in time', async () => {
    await using client = await aClient();
    const { fake, timers } = client;
    fake.store.create(jobs, aJob);
    fake.inject({ answer: 'hang' });
    const asked = ask(read(client.api));
    await eventually(() => fake.requests.length === 1);
    timers.advance(30);
    await untilSettled(client, asked);
    expect(asked.value?.metadata.name).toBe('job-1');
  });

  test('that creates an object and loses its answer comes back as AlreadyExists', async () => {
    await using client = await aClient();
    client.fake.inject({ answer: 'loseAnswer' });
    const asked = ask(client.api.request('POST', pathOf(jobs, { namespace: 'team' }), aJob));
    await untilSettled(client, asked);
    expect(asked.error).toBeInstanceOf(AlreadyExists);
    expect(client.fake.store.list(jobs)).toHaveLength(1);
  });

  test('ends with the reason of its signal, and is not repeated', async () => {
    await using client = await aClient();
    const stop = new AbortController();
    client.fake.inject({ answer: 'hang' });
    const asked = ask(client.api.request('GET', path, undefined, { signal: stop.signal }));
    await eventually(() => client.fake.requests.length === 1);
    stop.abort(new Error('lost the lease'));
    await eventually(() => 'error' in asked);
    expect(asked.error).toMatchObject({ message: 'lost the lease' });
    expect(client.timers.pending).toEqual([]);
  });

  test('reads the credentials anew once the server refuses them', async () => {
    const tokens = ['old', 'new'];
    const tls = {};
    const current = async (): Promise<Access> => ({ tls, headers: { authorization: `Bearer ${tokens[0]}` } });
    await using client = await aClient({ credentials: { current, renew: () => void tokens.shift() } });
    client.fake.token = 'new';
    client.fake.store.create(jobs, aJob);
    expect((await read(client.api)).metadata.name).toBe('job-1');
    expect(tokens).toEqual(['new']);
  });

  test('names method and path in its error, but neither query nor body', async () => {
    await using client = await aClient();
    client.fake.inject({ answer: { status: 422, reason: 'Invalid' } });
    const sent = client.api.request('POST', `${pathOf(jobs, { namespace: 'team' })}?a=b`, { data: 'secret' });
    await expect(sent).rejects.toThrow('POST /apis/batch/v1/namespaces/team/jobs: injected');
  });
});

describe('the rate limit', () => {
  test('lets a burst through, then so many a second, and urgent requests always', async () => {
    await using client = await aClient({ rate: { perSecond: 2, burst: 3 } });
    const { fake, timers, api } = client;
    fake.store.create(jobs, aJob);
    const asked = Array.from({ length: 5 }, () => ask(read(api)));
    const done = (): number => asked.filter((one) => 'value' in one).length;
    await eventually(() => done() === 3);
    expect(timers.pending).toEqual([0.5, 1]);
    await api.request('GET', path, undefined, { urgent: true });
    timers.advance(0.5);
    await eventually(() => done() === 4);
    timers.advance(0.5);
    await eventually(() => done() === 5);
  });
});

test('each attempt is measured by verb, kind and code, never by name', async () => {
  const told: string[] = [];
  const apiRequest: KubeMetrics['apiRequest'] = ({ verb, resource, code }) => told.push(`${verb} ${resource} ${code}`);
  await using client = await aClient({ metrics: { ...noMetrics, apiRequest } });
  client.fake.store.create(jobs, aJob);
  client.fake.inject({ answer: 'cut' });
  await untilSettled(client, ask(read(client.api)));
  await client.api.request('GET', pathOf(jobs, {}, { limit: 5 }));
  const type = { contentType: 'application/apply-patch+yaml' };
  await client.api.request('PATCH', pathOf(jobs, { ...place, subresource: 'status' }), { status: {} }, type);
  expect(told).toEqual(['get jobs error', 'get jobs 200', 'list jobs 200', 'apply jobs/status 200']);
});

test.each<[string, string, number | undefined]>([
  ['seconds', '7', 7],
  ['a date', 'Thu, 01 Jan 1970 00:01:00 GMT', 60],
  ['a date in the past', 'Wed, 31 Dec 1969 23:59:00 GMT', 0],
  ['nonsense', 'soon', undefined],
])('Retry-After is read from %s', (_name, header, seconds) => {
  expect(retryAfterSeconds(header, new Date(0))).toBe(seconds);
});
