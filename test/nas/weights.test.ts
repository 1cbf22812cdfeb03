import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { costOf } from '../../src/nas/cost.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { elementsOf, float32Tensor, type HostTensor } from '../../src/nas/host-tensor.ts';
import { encodeSafetensors, readSafetensors } from '../../src/nas/safetensors.ts';
import { weightShapes } from '../../src/nas/weight-shapes.ts';
import { checkWeights, readWeights } from '../../src/nas/weights.ts';
import { sharedPath } from '../support/shared.ts';

const network = networkOf('23311-a02c12_16_1-2-11', { classes: 10 });

function someWeights(of = network): Map<string, HostTensor> {
  return new Map(
    [...weightShapes(of)].map(([name, shape]) => [
      name,
      float32Tensor(shape, new Float32Array(elementsOf(shape)).fill(0.5)),
    ]),
  );
}

const goldens = [
  '0-_16_2-11-2',
  '02031-a02_16_1-2-1',
  '23311-a02c12_16_1-2-11',
  '606-_16_2-1-2',
  '00121-c12c01_16_1-2-1',
];

(sharedPath('golden') === undefined ? describe.skip : describe)('published names (needs the shared data)', () => {
  test.each(goldens)('%s has exactly the tensors of the published code', async (encoding) => {
    const tensors = await readSafetensors(sharedPath('golden', encoding, 'weights.safetensors') ?? '');
    const shapes = weightShapes(networkOf(encoding, { classes: 10 }));
    const published = [...tensors].filter(([name]) => !name.endsWith('num_batches_tracked'));
    expect(Object.fromEntries(shapes)).toEqual(Object.fromEntries(published.map(([name, { shape }]) => [name, shape])));
    const checked = checkWeights(networkOf(encoding, { classes: 10 }), tensors);
    expect([...checked.variables.keys()]).toEqual([...shapes.keys()]);
    expect(checked).toMatchObject({ headFits: true, fileClasses: 10 });
  });
});

test('the shapes hold as many trained values as the cost counts', () => {
  const trained = [...weightShapes(network)].filter(([name]) => !name.includes('running'));
  expect(trained.reduce((so, [, shape]) => so + elementsOf(shape), 0)).toBe(costOf(network, 64).parameters);
});

describe('weights that do not fit are refused with the reason', () => {
  const changed = (change: (tensors: Map<string, HostTensor>) => void): Map<string, HostTensor> => {
    const tensors = someWeights();
    change(tensors);
    return tensors;
  };
  const nan = float32Tensor([32], new Float32Array(32).fill(Number.NaN));

  test.each([
    ['a missing tensor', changed((t) => t.delete('layers.0.0.weight')), /it lacks layers\.0\.0\.weight\./],
    ['an unexpected one', changed((t) => t.set('x', nan)), /it has x too many/],
    ['another network', someWeights(networkOf('0-_16_1', { classes: 10 })), /it lacks .* and \d+ more tensors/],
    [
      'another shape',
      changed((t) => t.set('layers.0.0.weight', float32Tensor([8, 27], new Float32Array(216)))),
      /layers\.0\.0\.weight of shape \[8,27\] where \[8,3,3,3\] is expected/,
    ],
    [
      'integers',
      changed((t) => t.set('layers.0.1.bias', { dtype: 'I32', shape: [8], data: new Int32Array(8) })),
      /layers\.0\.1\.bias as I32/,
    ],
    ['not a number', changed((t) => t.set('layers.6.module_list.0.0.1.bias', nan)), /are no finite numbers/],
    [
      'a head of other classes',
      someWeights(networkOf('23311-a02c12_16_1-2-11', { classes: 1000 })),
      /has a head for 1000 classes, and 10 are wanted/,
    ],
    ['no head', changed((t) => t.delete('fc.bias')), /it lacks fc\.bias/],
  ])('%s', (_name, tensors, message) => {
    expect(() => checkWeights(network, tensors, { what: 'w.pth' })).toThrow(InputError);
    expect(() => checkWeights(network, tensors, { what: 'w.pth' })).toThrow(message);
    expect(() => checkWeights(network, tensors, { what: 'w.pth' })).toThrow(/^w\.pth /);
  });
});

describe('where the head is optional', () => {
  test('one of other classes is left out', () => {
    const tensors = someWeights(networkOf(network.encoding, { classes: 1000 }));
    const checked = checkWeights(network, tensors, { head: 'optional' });
    expect(checked).toMatchObject({ headFits: false, fileClasses: 1000 });
    expect(checked.variables.size).toBe(weightShapes(network).size - 2);
  });
  test('one that fits is kept', () => {
    expect(checkWeights(network, someWeights(), { head: 'optional' }).headFits).toBe(true);
  });
  test('none is no fault', () => {
    const tensors = someWeights();
    tensors.delete('fc.weight');
    tensors.delete('fc.bias');
    expect(checkWeights(network, tensors, { head: 'optional' })).toMatchObject({
      headFits: false,
      fileClasses: undefined,
    });
  });
});

test('the count of batches is ignored', () => {
  const tensors = someWeights();
  tensors.set('layers.0.1.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(3n) });
  expect(checkWeights(network, tensors).variables.has('layers.0.1.num_batches_tracked')).toBe(false);
});

test('a file is read by what it is, not by its name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weights-'));
  await writeFile(join(folder, 'weights.pth'), encodeSafetensors(someWeights()));
  expect(await readWeights(join(folder, 'weights.pth'))).toEqual(someWeights());
  const torch = fileURLToPath(new URL('fixtures/state.pth', import.meta.url));
  expect((await readWeights(torch)).has('conv.weight')).toBe(true);
  await rm(folder, { recursive: true });
});
