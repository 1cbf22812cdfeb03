import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/crds/kubernetes.ts';
import { LeaseLost } from '../../src/kube/errors.ts';
import { EventRecorder, type SeriesEvent, seriesEvents } from '../../src/kube/events.ts';
import { noMetrics } from '../../src/kube/metrics.ts';
import type { Happening } from '../../src/kube/world.ts';
import { openGate, type WriteGate } from '../../src/kube/write-gate.ts';
import { aClient, type FakeClient } from '../support/fake-client.ts';
import { eventually } from '../support/manual-timers.ts';

const aTask = (name: string): KubeObject => ({
  apiVersion: 'nasoa.dev/v1alpha1',
  kind: 'FineTuneTask',
  metadata: { name, namespace: 'team', uid: `uid of ${name}`, resourceVersion: '7' },
});

const planned: Happening = { type: 'Normal', reason: 'Planned', message: 'chose et-nas-b' };

function aRecorder({ api, timers }: FakeClient, gate: WriteGate = openGate) {
  const fates: string[] = [];
  const metrics = { ...noMetrics, event: (fate: string) => fates.push(fate) };
  const who = { controller: 'nasoa.dev/operator', instance: 'nasoa-0' };
  return { recorder: new EventRecorder({ api, timers, gate, metrics, ...who }), fates };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

const eventsOf = ({ fake }: FakeClient): readonly SeriesEvent[] =>
  fake.store.list(seriesEvents) as readonly SeriesEvent[];

describe('an event recorder', () => {
  test('writes what the API asks for', async () => {
    await using client = await aClient();
    const { recorder } = aRecorder(client);
    recorder.record(aTask('flowers'), planned);
    await recorder.flush();
    expect(eventsOf(client)).toMatchObject([
      {
        ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', type: 'Normal', reason: 'Planned', action: 'Planned' },
        ...{ note: 'chose et-nas-b', reportingController: 'nasoa.dev/operator', reportingInstance: 'nasoa-0' },
        regarding: { kind: 'FineTuneTask', namespace: 'team', name: 'flowers', uid: 'uid of flowers' },
      },
    ]);
    const [event] = eventsOf(client);
    expect(event?.eventTime).toMatch(/\.\d{6}Z$/);
    expect(event?.series).toBeUndefined();
  });

  test('counts repetitions up in one event, at most twice a minute', async () => {
    await using client = await aClient();
    const { recorder } = aRecorder(client);
    recorder.record(aTask('flowers'), planned);
    await recorder.flush();
    for (let again = 0; again < 50; again++) recorder.record(aTask('flowers'), planned);
    expect(client.timers.pending).toEqual([30]);
    client.timers.advance(30);
    await eventually(() => eventsOf(client)[0]?.series !== undefined);
    expect(eventsOf(client)).toHaveLength(1);
    expect(eventsOf(client)[0]?.series?.count).toBe(51);
    expect(client.fake.requests).toHaveLength(2);
  });

  test('begins a new event where the old one has been quiet for long, or is gone', async () => {
    await using client = await aClient();
    const { recorder } = aRecorder(client);
    recorder.record(aTask('flowers'), planned);
    await recorder.flush();
    client.timers.advance(400);
    recorder.record(aTask('flowers'), planned);
    await recorder.flush();
    expect(eventsOf(client)).toHaveLength(2);
    for (const { metadata } of eventsOf(client)) client.fake.store.delete(seriesEvents, 'team', metadata.name);
    recorder.record(aTask('flowers'), planned);
    await recorder.flush();
    expect(eventsOf(client)).toMatchObject([{ series: { count: 2 } }]);
  });

  test('folds many messages of one reason, and stops an object that says too much', async () => {
    await using client = await aClient();
    const { recorder, fates } = aRecorder(client);
    const say = (reason: string, count: number): void => {
      for (let n = 0; n < count; n++) recorder.record(aTask('flowers'), { ...planned, reason, message: `number ${n}` });
    };
    say('Waiting', 40);
    say('Resumed', 40);
    say('Suspended', 40);
    recorder.record(aTask('cars'), planned);
    await recorder.flush();
    const about = (name: string): readonly SeriesEvent[] =>
      eventsOf(client).filter(({ regarding }) => regarding.name === name);
    expect(about('flowers')).toHaveLength(25);
    expect(about('flowers').filter(({ note }) => note.includes('several messages'))).toHaveLength(2);
    expect(about('cars')).toHaveLength(1);
    expect(fates).toContain('limited');
  });

  test('cuts what is too long for the API, and never half a character', async () => {
    await using client = await aClient();
    const { recorder } = aRecorder(client);
    recorder.record(aTask('flowers'), { ...planned, message: 'ä'.repeat(2000) });
    await recorder.flush();
    const note = eventsOf(client)[0]?.note ?? '';
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^ä+…$/);
  });

  test('drops an event that cannot be sent, and goes on with the next', async () => {
    await using client = await aClient();
    const { recorder, fates } = aRecorder(client);
    client.fake.inject({ answer: { status: 403, reason: 'Forbidden' } });
    recorder.record(aTask('flowers'), planned);
    recorder.record(aTask('cars'), planned);
    await recorder.flush();
    expect(eventsOf(client).map(({ regarding }) => regarding.name)).toEqual(['cars']);
    expect(fates).toEqual(['failed', 'sent']);
  });

  test('keeps none of the objects that its events are about', async () => {
    await using client = await aClient();
    const { recorder } = aRecorder(client);
    const objects = ['flowers', 'pets'].map((name) => {
      const task = aTask(name);
      recorder.record(task, planned);
      return new WeakRef(task);
    });
    await recorder.flush();
    await setImmediate();
    collectGarbage();
    expect(objects.map((object) => object.deref())).toEqual([undefined, undefined]);
  });

  test('writes nothing once the lease is lost', async () => {
    await using client = await aClient();
    const lost = new LeaseLost('another leads');
    const check = (): void => {
      throw lost;
    };
    const { recorder } = aRecorder(client, { signal: AbortSignal.abort(lost), check });
    recorder.record(aTask('flowers'), planned);
    await recorder.flush();
    expect(client.fake.requests).toEqual([]);
  });
});
