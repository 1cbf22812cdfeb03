import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../../src/lib/rng.ts';
import { type Architecture, formatEncoding, parseEncoding } from '../../../src/nas/encoding.ts';
import { architectureVariation, type Level } from '../../../src/nas/nsga2/architecture-genome.ts';
import { proxySpace } from '../../../src/nas/search.ts';
import { defaultSpace, isWithin, type Space, sampleArchitecture } from '../../../src/nas/space.ts';

const levels: readonly Level[] = [
  { name: 'block' },
  { name: 'macro', blocks: ['031-_32_1-1', '12011-a02_32_1-1', '6-_16_1-1'] },
  { name: 'joint' },
];
const narrow: Space = {
  ...defaultSpace,
  opKinds: ['conv3', 'conv1'],
  maxOps: 2,
  maxSkips: 1,
  blocks: [2, 5],
  strides: [1, 2],
};
const spaces: readonly (readonly [string, Space])[] = [
  ['the space of the proxy', proxySpace],
  ['the published space', defaultSpace],
  ['a narrow space', narrow],
];

describe.each(levels)('at the level $name', (level) => {
  test.each(spaces)('children and mutants never leave %s', (_, space) => {
    const variation = architectureVariation(level, space);
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = createRng(seed);
        let [a, b] = [sampleArchitecture(rng, space), variation.sample(rng)];
        for (let generation = 0; generation < 8 && b !== undefined; generation++) {
          const child = variation.crossover(rng, a, b);
          const mutant = child && variation.mutate(rng, child);
          for (const born of [b, child, mutant]) {
            if (born === undefined) continue;
            expect(isWithin(born, space)).toBe(true);
            expect(parseEncoding(formatEncoding(born))).toEqual(born);
          }
          if (mutant !== undefined && child !== undefined)
            expect(formatEncoding(mutant)).not.toBe(formatEncoding(child));
          [a, b] = [b, mutant];
        }
      }),
      { numRuns: 60 },
    );
  });
});

const many = (level: Level): readonly Architecture[] => {
  const [rng, variation] = [createRng(3), architectureVariation(level, proxySpace)];
  const first = Array.from({ length: 200 }, () => variation.sample(rng)).filter((a) => a !== undefined);
  const mutants = first.flatMap((a) => variation.mutate(rng, a) ?? []);
  return [...first, ...mutants];
};
const different = (values: readonly unknown[]): number => new Set(values.map((value) => JSON.stringify(value))).size;

test('blocks are compared on one macro for each width of the stem', () => {
  const all = many({ name: 'block' });
  expect(different(all.map(({ ops, skips }) => [ops, skips]))).toBeGreaterThan(250);
  expect(different(all.map(({ stemWidth, macro }) => [stemWidth, macro]))).toBeLessThanOrEqual(
    proxySpace.stemWidths.length,
  );
});

test('macros are varied with the given blocks alone', () => {
  const blocks = ['031-_32_1-1', '6-_16_1-1'];
  const all = many({ name: 'macro', blocks });
  expect(different(all.map(({ macro }) => macro))).toBeGreaterThan(250);
  expect(new Set(all.map((a) => formatEncoding(a).split('_')[0]))).toEqual(new Set(['031-', '6-']));
});

test('mutants are near: most of them differ in few characters from what they came from', () => {
  const [rng, variation] = [createRng(5), architectureVariation({ name: 'joint' }, proxySpace)];
  const kept = Array.from({ length: 200 }, () => {
    const a = sampleArchitecture(rng, proxySpace);
    const mutant = variation.mutate(rng, a) ?? a;
    return formatEncoding(mutant)
      .split('_')
      .filter((part, i) => part === formatEncoding(a).split('_')[i]).length;
  });
  expect(kept.filter((parts) => parts >= 2).length).toBeGreaterThan(120);
});
