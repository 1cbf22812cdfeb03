import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fineTuneTaskSpec } from '../../src/crds/fine-tune-task.ts';
import { fineTuneTaskStatus } from '../../src/crds/fine-tune-task-status.ts';
import { modelZooSpec } from '../../src/crds/model-zoo.ts';
import { modelZooStatus } from '../../src/crds/model-zoo-status.ts';
import { parse } from '../../src/crds/parse.ts';
import type { Presence, Schema } from '../../src/crds/schema.ts';
import { leastTaskSpec, leastZooSpec } from '../support/objects.ts';
import { soundValues } from '../support/schema-values.ts';

test('a task gets its defaults', () => {
  expect(parse(fineTuneTaskSpec, { ...leastTaskSpec, resources: { gpu: {} } }, 'spec')).toEqual({
    ...leastTaskSpec,
    data: { ...leastTaskSpec.data, format: 'folder', validationShare: 0.2 },
    prefer: 'balanced',
    replan: false,
    seed: 1,
    resources: { gpu: { name: 'nvidia.com/gpu', count: 1 } },
    pod: {},
    suspend: false,
    retries: 3,
  });
});

test('a zoo gets its defaults', () => {
  expect(parse(modelZooSpec, leastZooSpec, 'spec')).toEqual({
    ...leastZooSpec,
    proxyData: { ...leastZooSpec.proxyData, format: 'folder', validationShare: 0.2 },
    search: {
      evaluations: 100,
      population: 24,
      parallelism: 2,
      objectives: ['accuracy', 'stepSeconds'],
      constraints: {},
      seed: 1,
    },
    size: 8,
    pretraining: { epochs: 60 },
    imports: [],
    resources: {},
    pod: {},
    suspend: false,
  });
});

test('what is given is kept', () => {
  const given = { ...leastTaskSpec, seed: 0, retries: 0, suspend: true, resources: { cpu: 1 } };
  expect(parse(fineTuneTaskSpec, given, 'spec')).toMatchObject({ ...given, resources: { cpu: '1' } });
});

test.each<[string, Schema<unknown, Presence>]>([
  ['spec of a task', fineTuneTaskSpec],
  ['status of a task', fineTuneTaskStatus],
  ['spec of a zoo', modelZooSpec],
  ['status of a zoo', modelZooStatus],
])('parsing the %s a second time changes nothing', (_what, schema) => {
  fc.assert(
    fc.property(soundValues(schema), (raw) => {
      const once = parse(schema, raw, 'it');
      expect(parse(schema, once, 'it')).toEqual(once);
      // what is stored is JSON, and must come back the same
      expect(parse(schema, JSON.parse(JSON.stringify(once)), 'it')).toEqual(once);
    }),
    { numRuns: 60 },
  );
});
