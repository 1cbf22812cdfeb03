import { describe, expect, test } from '@jest/globals';
import { countedClasses } from '../../src/nas/candidates.ts';
import { costOf } from '../../src/nas/cost.ts';
import { parseEncoding } from '../../src/nas/encoding.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { hypervolume } from '../../src/nas/nsga2/hypervolume.ts';
import { blockOf } from '../../src/nas/nsga2/levels.ts';
import { type Nsga2State, nsga2Search } from '../../src/nas/nsga2.ts';
import { frontOf } from '../../src/nas/objectives.ts';
import { randomSearch } from '../../src/nas/random-search.ts';
import {
  type Evaluated,
  type Measured,
  proxyInputSize,
  proxySpace,
  type Search,
  type SearchSettings,
} from '../../src/nas/search.ts';

const settings = (over: Partial<SearchSettings> = {}): SearchSettings => ({
  ...{ evaluations: 100, population: 16, objectives: ['accuracy', 'stepSeconds'], constraints: {} },
  ...{ space: proxySpace, inputSize: proxyInputSize },
  ...over,
});

/** A made-up world: time is what is computed, and accuracy grows with it; some operations and an even macro are better. */
function worldOf(encoding: string): Measured {
  const { ops, skips, macro } = parseEncoding(encoding);
  const { macs, parameters, activations } = costOf(networkOf(encoding, { classes: countedClasses }), proxyInputSize);
  const liked = {
    conv1: 0.3,
    conv3: 0.5,
    conv3_grp2: 0.1,
    conv3_grp4: 0,
    conv3_base1: 0.2,
    conv3_base32: 0.1,
    conv3_sep: 1,
  };
  const block = ops.reduce((sum, { kind }) => sum + liked[kind], 0) / ops.length + 0.2 * skips.length;
  const strides = macro.flatMap(({ stride }, i) => (stride === 2 ? [i / macro.length] : []));
  const even = strides.length === 3 ? 0.3 : 0;
  const stepSeconds = 0.01 + macs / 3e9 + activations / 2e8;
  return {
    accuracy: 1 / (1 + Math.exp(-(Math.log10(macs) - 7.5 + block + even))),
    ...{ stepSeconds, parametersM: parameters / 1e6, macsM: macs / 1e6 },
  };
}

function runToEnd<S>(search: Search<S>, seed: number, over: Partial<SearchSettings> = {}, atATime = 4): S {
  let state = search.create(seed, settings(over));
  for (;;) {
    const asked = search.ask(state, atATime);
    if (asked.candidates.length === 0 && search.progress(asked.state).remaining === 0) return asked.state;
    state = search.tell(
      asked.state,
      asked.candidates.map(({ id, encoding }) => ({ id, measured: worldOf(encoding) })),
    );
  }
}

const volumeOf = (evaluated: readonly Evaluated[]): number =>
  hypervolume(
    evaluated.map(({ accuracy, stepSeconds }) => [Math.log(stepSeconds), 1 - accuracy] as const),
    [Math.log(5), 1],
  );

describe('NSGA-II over architectures', () => {
  test('finds a better front than random search with as many evaluations', () => {
    const volumes = [1, 2, 3, 4].map((seed) => [
      volumeOf(nsga2Search.progress(runToEnd(nsga2Search, seed)).evaluated),
      volumeOf(randomSearch.progress(runToEnd(randomSearch, seed)).evaluated),
    ]);
    expect(volumes.filter(([ours = 0, random = 0]) => ours > random)).toHaveLength(4);
  });

  test('varies blocks on few macros first, then macros of the best blocks, then both', () => {
    const { candidates, level, levelFrom } = runToEnd(nsga2Search, 1);
    const architectures = candidates.map(({ encoding }) => parseEncoding(encoding));
    const macros = (from: number, to: number): number =>
      new Set(architectures.slice(from, to).map(({ macro }) => JSON.stringify(macro))).size;
    const blocks = (from: number, to: number): number =>
      new Set(candidates.slice(from, to).map(({ encoding }) => blockOf(encoding))).size;
    expect(macros(0, 30)).toBeLessThanOrEqual(proxySpace.stemWidths.length);
    expect(blocks(0, 30)).toBeGreaterThan(20);
    expect(blocks(34, 70)).toBeLessThanOrEqual(6);
    expect(macros(34, 70)).toBeGreaterThan(15);
    expect(level).toEqual({ name: 'joint' });
    expect(levelFrom).toBeGreaterThanOrEqual(70);
  });

  test('predicts step times of what it measured, and gives up what is predicted beyond its bound', () => {
    const bound = 0.05;
    const { stepModel, pruned, candidates } = runToEnd(nsga2Search, 2, { constraints: { maxStepSeconds: bound } });
    expect(stepModel?.error.median).toBeLessThan(0.1);
    expect(pruned).toBeGreaterThan(0);
    const tooSlow = (from: number): number =>
      candidates.slice(from).filter(({ encoding }) => worldOf(encoding).stepSeconds > 1.3 * bound).length;
    expect(tooSlow(40)).toBe(0);
  });

  test('has a front of what keeps its constraints, although others are more accurate', () => {
    const over = { constraints: { maxStepSeconds: 0.05 } };
    const front = frontOf(nsga2Search.progress(runToEnd(nsga2Search, 3, over)).evaluated, settings(over));
    expect(front.length).toBeGreaterThan(2);
    for (const { stepSeconds } of front) expect(stepSeconds).toBeLessThanOrEqual(0.05);
  });

  test('has nothing on its front that is less accurate than wanted, however fast, and nothing at all where all are', () => {
    const one: Evaluated = { id: 1, encoding: 'a', accuracy: 0.2, stepSeconds: 0.01, parametersM: 1, macsM: 1 };
    const other: Evaluated = { ...one, id: 2, accuracy: 0.6, stepSeconds: 1 };
    const front = (minAccuracy: number) => frontOf([one, other], settings({ constraints: { minAccuracy } }));
    expect([front(0.1), front(0.5), front(0.7)]).toEqual([[one, other], [other], []]);
  });

  test('never puts a candidate of a lower rung before one that was trained in full', () => {
    const full: Evaluated = { id: 1, encoding: 'a', accuracy: 0.2, stepSeconds: 1, parametersM: 1, macsM: 1 };
    const left: Evaluated = { ...full, id: 2, accuracy: 0.9, stepSeconds: 0.1, missedRungs: 1 };
    expect(frontOf([left, full], settings())).toEqual([full]);
  });

  test('asks as many at once as are wanted before any result is there, without end or repetition', () => {
    let state: Nsga2State = nsga2Search.create(1, settings());
    const asked = nsga2Search.ask(state, 100);
    state = asked.state;
    expect(asked.candidates.length).toBeGreaterThan(60);
    expect(new Set(asked.candidates.map(({ encoding }) => encoding)).size).toBe(asked.candidates.length);
  });
});
