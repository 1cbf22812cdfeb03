import { describe, expect, test } from '@jest/globals';
import { parseEncoding } from '../../../src/nas/encoding.ts';
import { etNasNetwork } from '../../../src/nas/families/et-nas.ts';
import { families, networkOf } from '../../../src/nas/families/table.ts';
import { toFloat32 } from '../../../src/nas/host-tensor.ts';
import { inputsOf, type Layer, type Network } from '../../../src/nas/layers.ts';
import { readSafetensors } from '../../../src/nas/safetensors.ts';
import { plainLogits } from '../../support/plain-forward.ts';
import { sharedPath } from '../../support/shared.ts';

const goldens = [
  '0-_16_2-11-2',
  '02031-a02_16_1-2-1',
  '23311-a02c12_16_1-2-11',
  '606-_16_2-1-2',
  '00121-c12c01_16_1-2-1',
];
const golden = sharedPath('golden');

(golden === undefined ? describe.skip : describe)('golden logits of the published code (needs the shared data)', () => {
  test.each(goldens)('%s', async (encoding) => {
    const weights = await readSafetensors(sharedPath('golden', encoding, 'weights.safetensors') ?? '');
    const forward = await readSafetensors(sharedPath('golden', encoding, 'forward.safetensors') ?? '');
    const [input, logits] = ['input', 'logits'].map((name) => {
      const tensor = forward.get(name);
      if (tensor === undefined) throw new Error(`no ${name}`);
      return toFloat32(tensor);
    }) as [Float32Array, Float32Array];
    const network = networkOf(encoding, { classes: 10 });
    const ours = plainLogits(network, weights, input.subarray(0, 3 * 64 * 64), 64);
    for (const [i, value] of ours.entries()) expect(Math.abs(value - (logits[i] ?? 0))).toBeLessThan(1e-4);
  });
});

const convs = (network: Network): readonly Extract<Layer, { op: 'conv' }>[] =>
  network.layers.filter((layer) => layer.op === 'conv');
const strided = (encoding: string): readonly string[] =>
  convs(networkOf(encoding, { classes: 2 }))
    .filter((layer) => layer.stride === 2)
    .map((layer) => layer.weight);

describe('strides', () => {
  test.each([
    ['the first operation that is not conv1', '10001-_16_-1', 'layers.6.module_list.1.0.0.weight'],
    ['the last where all are conv1', '121-_16_-1', 'layers.6.module_list.1.0.0.weight'],
    ['the depthwise half of a separable one', '6-_16_-1', 'layers.6.module_list.0.0.0.0.weight'],
  ])('sit on %s', (_name, encoding, weight) => {
    expect(strided(encoding)).toContain(weight);
  });

  test.each([
    ['', ['layers.0.0.weight', 'layers.4.0.weight']],
    ['@2', ['layers.0.0.weight']],
    ['@1', []],
  ])('of the stem with "%s"', (suffix, weights) => {
    expect(strided(`0-_16_1${suffix}`)).toEqual(weights);
  });
});

describe('stages', () => {
  test.each([
    ['0-_16_2-11-2', 4],
    ['0-_16_-2-11-2', 4],
    ['0-_16_111', 2],
    ['031-_32_1-1-221-11121', 5],
  ])('%s has %d', (encoding, count) => {
    const network = networkOf(encoding, { classes: 2 });
    expect(network.stages.map((stage) => stage.name)).toEqual([
      'stem',
      ...Array.from({ length: count - 1 }, (_, i) => `stage${i + 1}`),
    ]);
  });

  test.each(['031-_32_1-1-221-11121', ...goldens])('%s: what follows a stage reads only its last layer', (encoding) => {
    const network = networkOf(encoding, { classes: 2 });
    for (const { end } of network.stages) {
      expect(network.layers[end]?.op).toBe('relu');
      const read = network.layers.slice(end + 1).flatMap(inputsOf);
      expect(read.filter((id) => id < end)).toEqual([]);
    }
    expect(network.layers[network.features]).toEqual({ op: 'globalPool', input: network.stages.at(-1)?.end });
  });
});

test('dropout stands before the dense layer, and only when asked for', () => {
  const a = parseEncoding('0-_16_1');
  expect(etNasNetwork(a, { classes: 3 }).layers.some((layer) => layer.op === 'dropout')).toBe(false);
  const [dropout, dense] = etNasNetwork(a, { classes: 3, dropout: 0.2 }).layers.slice(-2);
  expect(dropout).toMatchObject({ op: 'dropout', rate: 0.2 });
  expect(dense).toMatchObject({ op: 'dense', name: 'fc', units: 3 });
});

test.each([
  ['no class', { classes: 0 }, /0 classes/],
  ['half a class', { classes: 2.5 }, /2.5 classes/],
  ['a dropout of everything', { classes: 2, dropout: 1 }, /dropout 1/],
])('%s is refused', (_name, options, message) => {
  expect(() => networkOf('0-_16_1', options)).toThrow(message);
});

describe('families', () => {
  test.each(families)('$name builds its example', (family) => {
    expect(networkOf(family.example, { classes: 2 }).encoding).toBe(family.example);
  });
  test('a name of no family is refused with what is known', () => {
    expect(() => networkOf('resnet50', { classes: 2 })).toThrow('No family of networks knows the name "resnet50".');
  });
});
