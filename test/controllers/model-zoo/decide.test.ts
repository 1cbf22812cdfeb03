import { describe, expect, test } from '@jest/globals';
import { runningState, SmallWorld } from './builders.ts';
import { anImport, answers, fails, having, importing, nothing, onlyImporting, search, suspends } from './scenes.ts';

describe('a zoo has the Jobs', () => {
  test.each<readonly [string, SmallWorld, readonly string[]]>([
    ['of as many candidates as are allowed at once', having(new SmallWorld(search())), ['eval-1-1', 'eval-2-1']],
    [
      'of the next candidate when one is evaluated',
      having(new SmallWorld(search()), answers('eval-1-1')),
      ['eval-2-1', 'eval-3-1'],
    ],
    [
      'of no further candidate than are wanted',
      having(new SmallWorld(search()), answers('eval-1-1'), answers('eval-2-1')),
      ['eval-3-1'],
    ],
    [
      'of the members when the search is over',
      having(new SmallWorld(search()), answers('eval-1-1', 'eval-2-1'), answers('eval-3-1')),
      ['pretrain-1-1', 'pretrain-2-1'],
    ],
    [
      'of another attempt when a pod was lost',
      having(new SmallWorld(search()), fails('eval-2-1', 'Internal')),
      ['eval-1-1', 'eval-2-2'],
    ],
    [
      'of another candidate when one cannot be built',
      having(new SmallWorld(search()), fails('eval-2-1', 'InvalidSpec')),
      ['eval-1-1', 'eval-3-1'],
    ],
    [
      'of another candidate when one needs more memory than there is',
      having(new SmallWorld(search()), fails('eval-2-1', 'OutOfMemory')),
      ['eval-1-1', 'eval-3-1'],
    ],
    ['that vanished, once more', having(new SmallWorld(search()), (w) => w.jobs.clear()), ['eval-1-1', 'eval-2-1']],
    ['of nothing while it is suspended', having(new SmallWorld(search()), suspends(true)), []],
    [
      'as before when it goes on',
      having(new SmallWorld(search()), suspends(true), suspends(false)),
      ['eval-1-1', 'eval-2-1'],
    ],
    ['of its imports before candidates', having(importing('resnet')), ['pretrain-1-1', 'eval-1-1']],
    [
      'of an import with less memory when the first attempt was killed for it',
      having(onlyImporting('a'), fails('pretrain-1-1', 'OutOfMemory')),
      ['pretrain-1-2'],
    ],
    ['of no more when it failed for good', having(new SmallWorld(search()), fails('eval-1-1', 'NoImages')), []],
  ])('%s', (_, world, names) => expect(world.names()).toEqual(names));

  test('but not a second one while a pod of the first still ends', () => {
    const world = having(new SmallWorld(search()), suspends(true));
    world.lingering = [world.created[0] ?? ''];
    suspends(false)(world);
    world.pass();
    expect(world.names()).toEqual(['eval-2-1']);
    world.lingering = [];
    world.pass();
    expect(world.names().toSorted()).toEqual(['eval-1-1', 'eval-2-1']);
  });

  test('of a member only when its teacher is ready', () => {
    const { spec: searching } = search({ evaluations: 1 });
    const spec = { ...searching, imports: [anImport('resnet')], pretraining: { teacher: 'resnet' } };
    const world = having(new SmallWorld({ spec }), answers('eval-1-1'));
    expect(world.names()).toEqual(['pretrain-1-1']);
    world.answer('pretrain-1-1');
    world.pass();
    expect(world.names()).toEqual(['pretrain-2-1']);
  });
});

describe('a zoo says', () => {
  test.each<readonly [string, SmallWorld, string, string]>([
    ['that it searches', having(new SmallWorld(search())), 'Searched', 'False Searching'],
    ['what its pods wait for', having(new SmallWorld(search()), nothing), 'Running', 'False Starting'],
    [
      'that its pods run',
      having(new SmallWorld(search()), (w) => w.change('eval-1-1', { state: runningState })),
      'Running',
      'True Searching',
    ],
    ['that its pods end', having(new SmallWorld(search()), suspends(true)), 'Suspended', 'True Suspending'],
    [
      'that it is suspended',
      having(new SmallWorld(search()), suspends(true), nothing),
      'Suspended',
      'True SuspendRequested',
    ],
    [
      'that it went on',
      having(new SmallWorld(search()), suspends(true), suspends(false)),
      'Suspended',
      'False Resumed',
    ],
    [
      'which data is no data',
      having(new SmallWorld(search()), fails('eval-1-1', 'NoImages')),
      'Failed',
      'True NoImages',
    ],
    [
      'that an import is of no use',
      having(importing('a'), fails('pretrain-1-1', 'WeightsUnusable')),
      'Failed',
      'True ImportFailed',
    ],
    [
      'that the weights of an import are not there',
      having(importing('a'), fails('pretrain-1-1', 'DataNotFound')),
      'Failed',
      'True ImportFailed',
    ],
    [
      'that a teacher is missing, at once',
      having(new SmallWorld({ spec: { ...search().spec, pretraining: { teacher: 'nobody' } } })),
      'Failed',
      'True InvalidSpec',
    ],
    [
      'that nothing is as fast as was asked for',
      having(
        new SmallWorld(search({ evaluations: 2, constraints: { maxStepSeconds: 0.001 } })),
        answers('eval-1-1', 'eval-2-1'),
      ),
      'Failed',
      'True NoCandidateAllowed',
    ],
    [
      'that its time was spent',
      having(new SmallWorld(search({ time: '15s' })), answers('eval-1-1', 'eval-2-1')),
      'Searched',
      'True TimeSpent',
    ],
  ])('%s', (_, world, type, said) => expect(world.condition(type)).toBe(said));

  test('which claim is missing, and begins nothing until it is there', () => {
    const world = new SmallWorld(search());
    world.missing = [{ reason: 'ClaimNotFound', message: 'There is no claim "images".' }];
    expect(world.pass().requeueAfterSeconds).toBeGreaterThan(0);
    expect([world.condition('Running'), world.names()]).toEqual(['False ClaimNotFound', []]);
    world.missing = [];
    world.pass();
    expect(world.names()).toEqual(['eval-1-1', 'eval-2-1']);
  });

  test('that too many candidates fail, before all are tried', () => {
    const world = having(new SmallWorld(search({ evaluations: 100 })));
    for (let n = 0; n < 20 && world.names().length > 0; n++) {
      for (const name of world.names()) world.fail(name, 'InvalidSpec');
      world.pass();
    }
    expect(world.condition('Failed')).toBe('True TooFewCandidates');
    expect(world.created.length).toBeLessThanOrEqual(10);
  });

  test('once more after an error that the store may mend, until the attempts are used up', () => {
    const world = having(new SmallWorld(search({ evaluations: 1 })));
    for (const attempt of [1, 2, 3, 4]) {
      expect(world.names()).toEqual([`eval-1-${attempt}`]);
      world.fail(`eval-1-${attempt}`, 'StorageUnreachable');
      world.pass();
    }
    expect(world.progress().failed).toMatchObject([{ id: 1, why: 'what happened' }]);
    expect(world.names()).toEqual(['eval-2-1']);
  });
});
