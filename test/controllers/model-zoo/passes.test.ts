import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../src/controllers/model-zoo/decide.ts';
import { anInstant } from '../../support/objects.ts';
import { SmallWorld, shortName } from './builders.ts';
import { answers, having, onlyImporting, search, suspends } from './scenes.ts';

describe('a zoo that is made', () => {
  test('has its members, the front, the artifact, and no Jobs', () => {
    const world = new SmallWorld(search({ evaluations: 30 }));
    world.toTheEnd();
    const { status } = world.zoo;
    expect(status).toMatchObject({
      phase: 'Ready',
      evaluations: { done: 30, running: 0, failed: 0, total: 30 },
      members: [
        { name: 'small-images-1', phase: 'Ready', attempts: 1 },
        { name: 'small-images-2', phase: 'Ready', attempts: 1 },
      ],
      membersReady: 2,
      activeSeconds: 320,
      completionTime: anInstant,
      artifact: { claim: { claimName: 'zoo', path: expect.stringMatching(/^small-images-[0-9a-f]{8}$/) } },
    });
    expect(status?.front).toHaveLength(20);
    expect(status?.timeLeft).toBeUndefined();
    expect(world.names()).toEqual([]);
    expect(['Searched', 'Pretrained', 'Ready', 'Running', 'Failed'].map((type) => world.condition(type))).toEqual([
      'True SearchCompleted',
      'True MembersPretrained',
      'True ZooReady',
      'False Finished',
      'False NotFailed',
    ]);
    expect(world.told).toEqual(['SearchCompleted', 'MembersPretrained', 'ZooReady']);
  });

  test('is left alone, even where the store has lost its state', () => {
    const world = new SmallWorld(search({ evaluations: 1 }));
    world.toTheEnd();
    world.saved = undefined;
    const before = world.zoo.status;
    expect(world.pass()).toEqual({ status: before, deeds: [] });
  });

  test('serves with the members that could be pre-trained, and names the others', () => {
    const world = having(new SmallWorld(search({ evaluations: 2 })), answers('eval-1-1', 'eval-2-1'));
    world.fail('pretrain-1-1', 'WeightsUnusable');
    world.toTheEnd();
    expect([world.zoo.status?.phase, world.condition('Pretrained')]).toEqual(['Ready', 'True SomeFailed']);
    expect(world.zoo.status?.membersReady).toBe(1);
  });

  test('of imports alone never searches', () => {
    const world = onlyImporting('a', 'b');
    world.toTheEnd();
    expect(world.created.map(shortName)).toEqual(['pretrain-1-1', 'pretrain-2-1']);
    expect([world.zoo.status?.phase, world.condition('Searched')]).toEqual(['Ready', 'True NoSearch']);
    expect(world.zoo.status?.evaluations).toBeUndefined();
  });
});

describe('a pass', () => {
  test('without news changes nothing', () => {
    const world = having(new SmallWorld(search()), answers('eval-1-1'));
    const before = world.zoo.status;
    const again = world.pass();
    expect(again).toEqual({ status: before, deeds: [] });
  });

  test('over a state that was lost tells of it and begins the same search anew', () => {
    const world = having(new SmallWorld(search()), answers('eval-1-1'));
    const encodings = world.state().search?.candidates.map(({ encoding }) => encoding) ?? [];
    world.saved = undefined;
    world.pass();
    expect(world.told).toContain('SearchStateLost');
    expect(world.state().search?.candidates.map(({ encoding }) => encoding)).toEqual(encodings.slice(0, 2));
  });

  test('waits for the last words of a pod whose Job is over', () => {
    const world = having(new SmallWorld(search()));
    world.fail('eval-1-1', 'Internal');
    world.change('eval-1-1', { wordsToCome: true });
    expect(world.pass().requeueAfterSeconds).toBe(5);
    world.answer('eval-1-1');
    world.change('eval-1-1', { wordsToCome: false });
    world.pass();
    expect(world.progress().evaluated.map(({ id }) => id)).toEqual([1]);
  });

  test('over a failure reads the pods first: a cache may show that a Job is over and not yet how', () => {
    const world = having(new SmallWorld(search()));
    world.fail('eval-1-1', 'Internal');
    const decision = decide({ ...world.view(), podsAreCurrent: false }, new Date(anInstant));
    expect(decision).toEqual({ question: { do: 'readPods' }, status: world.zoo.status, deeds: [] });
    world.answer('eval-1-1');
    expect(decide({ ...world.view(), podsAreCurrent: false }, new Date(anInstant)).question).toBeUndefined();
  });

  test('leaves a failure that is not to count yet alone, pods unread', () => {
    const world = having(new SmallWorld(search()));
    world.failNow('eval-1-1', 'StorageUnreachable');
    expect(decide({ ...world.view(), podsAreCurrent: false }, world.now).question).toBeUndefined();
    world.wait(10);
    expect(decide({ ...world.view(), podsAreCurrent: false }, world.now).question).toEqual({ do: 'readPods' });
  });

  test('does not take the answer of a Job for another architecture', () => {
    const world = having(new SmallWorld(search()));
    world.answer('eval-1-1', { encoding: '01-_16_11-11' });
    world.pass();
    expect(world.progress().evaluated).toEqual([]);
    expect(world.names()).toEqual(['eval-2-1', 'eval-1-2']);
  });

  test('counts the late answer of an attempt that was given up, and the new attempt not again', () => {
    const world = having(new SmallWorld(search()));
    const late = { ...world.job('eval-1-1') };
    world.fail('eval-1-1', 'Internal');
    world.pass();
    world.answer('eval-1-2');
    const answered = world.job('eval-1-2');
    world.jobs.set(late.name, { ...late, state: answered.state, seconds: 10 });
    world.pass();
    expect(world.progress().evaluated.map(({ id }) => id)).toEqual([1]);
    expect(world.names()).toEqual(['eval-2-1', 'eval-3-1']);
  });
});

describe('a failure that may pass gets time to pass:', () => {
  test('the next attempt follows 10 s after the first, and twice as long after each further one', () => {
    const world = having(new SmallWorld(search({ parallelism: 1 })));
    for (const [attempt, seconds] of [10, 20, 40].entries()) {
      world.failNow(`eval-1-${attempt + 1}`, 'StorageUnreachable');
      expect(world.pass().requeueAfterSeconds).toBe(seconds);
      world.wait(seconds - 1);
      expect(world.pass().requeueAfterSeconds).toBe(1);
      expect(world.names()).toEqual([`eval-1-${attempt + 1}`]);
      world.wait(1);
      world.pass();
      expect(world.names()).toEqual([`eval-1-${attempt + 2}`]);
    }
    // and the last one is the end of it
    world.failNow('eval-1-4', 'StorageUnreachable');
    world.pass();
    expect(world.progress().failed).toMatchObject([{ id: 1, why: 'what happened' }]);
    expect(world.names()).toEqual(['eval-2-1']);
  });

  test('the condition says what is waited for', () => {
    const world = having(new SmallWorld(search({ parallelism: 1 })));
    world.failNow('eval-1-1', 'StorageUnreachable');
    world.pass();
    expect(world.zoo.status?.conditions?.find(({ type }) => type === 'Running')).toMatchObject({
      ...{ status: 'False', reason: 'Retrying' },
      message: 'Attempt 2 at candidate 1 follows 10s after a failure: what happened',
    });
  });

  test('of a member as of a candidate', () => {
    const world = having(onlyImporting('a'));
    world.failNow('pretrain-1-1', 'StorageUnreachable');
    world.pass();
    expect([world.zoo.status?.phase, world.names()]).toEqual(['Pending', ['pretrain-1-1']]);
    world.wait(10);
    world.pass();
    expect(world.names()).toEqual(['pretrain-1-2']);
  });

  test('what goes on beside it goes on', () => {
    const world = having(new SmallWorld(search()));
    world.failNow('eval-1-1', 'StorageUnreachable');
    world.answer('eval-2-1');
    world.pass();
    expect(world.names()).toEqual(['eval-1-1', 'eval-3-1']);
  });

  test('but for a suspended zoo, whose Jobs go at once and count', () => {
    const world = having(new SmallWorld(search({ parallelism: 1 })));
    world.failNow('eval-1-1', 'StorageUnreachable');
    suspends(true)(world);
    world.pass();
    expect([world.names(), world.state().searchSeconds]).toEqual([[], 10]);
    suspends(false)(world);
    world.pass();
    expect(world.names()).toEqual(['eval-1-2']);
  });

  test('but for want of memory, which time does not mend', () => {
    const world = having(onlyImporting('a'));
    world.failNow('pretrain-1-1', 'OutOfMemory');
    world.pass();
    expect(world.names()).toEqual(['pretrain-1-2']);
  });
});
