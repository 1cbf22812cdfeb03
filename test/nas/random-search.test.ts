import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { costOf } from '../../src/nas/cost.ts';
import { parseEncoding } from '../../src/nas/encoding.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { type RandomSearchState, randomSearch } from '../../src/nas/random-search.ts';
import { proxyInputSize, proxySpace, type Result, type SearchSettings } from '../../src/nas/search.ts';

const settings = (over: Partial<SearchSettings> = {}): SearchSettings => ({
  evaluations: 20,
  population: 24,
  objectives: ['accuracy', 'stepSeconds'],
  constraints: {},
  space: proxySpace,
  inputSize: proxyInputSize,
  ...over,
});
const aSearch = (over: Partial<SearchSettings> = {}, seed = 1): RandomSearchState =>
  randomSearch.create(seed, settings(over));

const tiny = { opKinds: ['conv3'], maxOps: 1, maxSkips: 0, stemWidths: [16], blocks: [3, 3], maxWidth: 16 } as const;

const measured = { accuracy: 0.5, stepSeconds: 0.1, parametersM: 1, macsM: 10 };
const done = (id: number): Result => ({ id, measured: { ...measured, accuracy: id / 10_000 } });
const failed = (id: number): Result => ({ id, failed: 'the loss became infinite' });

/** Asks until nothing new comes, as a run without a bound on parallelism would. */
function askAll(state: RandomSearchState): RandomSearchState {
  const { state: next, candidates } = randomSearch.ask(state, 1000);
  return candidates.length === 0 ? next : askAll(next);
}

/** Through JSON, as every state goes between two calls. */
const kept = (state: RandomSearchState): RandomSearchState => randomSearch.read(JSON.parse(JSON.stringify(state)));

describe('random search', () => {
  test('asks for as many as are allowed at once, and for no more than are wanted', () => {
    const first = randomSearch.ask(aSearch({ evaluations: 5 }), 3);
    expect(first.candidates.map(({ id, attempt }) => [id, attempt])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    const second = randomSearch.ask(first.state, 3);
    expect(second.candidates.map(({ id }) => id)).toEqual([4, 5]);
    expect(randomSearch.ask(second.state, 3).candidates).toEqual([]);
  });

  test('gives the same candidates for the same seed, whatever came between and in whatever order', () => {
    const straight = askAll(aSearch({ evaluations: 12 }));
    let other = randomSearch.ask(aSearch({ evaluations: 12 }), 4).state;
    other = kept(randomSearch.tell(other, [done(3), done(1)]));
    other = kept(askAll(other));
    expect(other.candidates.map(({ encoding }) => encoding)).toEqual(
      straight.candidates.map(({ encoding }) => encoding),
    );
    expect(askAll(aSearch({ evaluations: 12 }, 2)).candidates[0]).not.toEqual(straight.candidates[0]);
  });

  test('asks a lost candidate again before new ones, as another attempt', () => {
    let { state } = randomSearch.ask(aSearch(), 3);
    state = randomSearch.lost(state, [2, 2]);
    expect(randomSearch.progress(state).open.map(({ id }) => id)).toEqual([1, 3]);
    const again = randomSearch.ask(state, 2);
    expect(again.candidates.map(({ id, attempt }) => [id, attempt])).toEqual([
      [2, 2],
      [4, 1],
    ]);
    expect(again.candidates[0]?.encoding).toBe(state.candidates[1]?.encoding);
  });

  test('replaces a candidate that failed', () => {
    let state = askAll(aSearch({ evaluations: 3 }));
    state = randomSearch.tell(state, [done(1), failed(2), done(3)]);
    expect(randomSearch.progress(state)).toMatchObject({ remaining: 1, open: [] });
    expect(randomSearch.ask(state, 5).candidates.map(({ id }) => id)).toEqual([4]);
  });

  test.each<readonly [string, readonly Result[]]>([
    ['a second result', [{ id: 1, measured: { ...measured, accuracy: 0.9 } }]],
    ['a failure after a result', [failed(1)]],
    ['the result of a candidate that was never asked', [done(99), done(0), done(-1)]],
    ['nothing', []],
  ])('is not changed by %s', (_, results) => {
    const state = randomSearch.tell(askAll(aSearch({ evaluations: 2 })), [done(1)]);
    expect(randomSearch.tell(state, results)).toEqual(state);
  });

  test('takes the result of a candidate that was given up for lost', () => {
    const lost = randomSearch.lost(askAll(aSearch({ evaluations: 1 })), [1]);
    const told = randomSearch.tell(lost, [done(1)]);
    expect(randomSearch.progress(told)).toMatchObject({ evaluated: [{ id: 1 }], remaining: 0 });
    expect(randomSearch.ask(told, 1).candidates).toEqual([]);
  });

  test('asks nothing that breaks a constraint, or that the images are too small for', () => {
    const state = askAll(aSearch({ evaluations: 60, constraints: { maxParametersM: 0.5 }, inputSize: 16 }));
    expect(state.candidates).toHaveLength(60);
    for (const { encoding } of state.candidates) {
      const network = networkOf(encoding, { classes: 10 });
      expect(parseEncoding(encoding).stemStride).toBe(2);
      expect(costOf(network, 16).parameters).toBeLessThanOrEqual(0.5e6);
    }
  });

  test.each<readonly [string, Partial<SearchSettings>, number]>([
    ['constraints that nothing keeps', { constraints: { maxParametersM: 1e-6 } }, 0],
    [
      'a space without a valid architecture',
      { space: { ...proxySpace, opKinds: ['conv3_base32'], maxOps: 1, stemWidths: [16] } },
      0,
    ],
    [
      'a space of few architectures',
      { space: { ...proxySpace, ...tiny } },
      // a stride of 2 in two or in all three of three blocks
      4,
    ],
  ])('says that it is exhausted after a bounded number of draws: %s', (_, over, found) => {
    let state = aSearch({ evaluations: 100, ...over });
    let calls = 0;
    while (randomSearch.progress(state).exhausted === undefined) {
      state = kept(randomSearch.ask(state, 10).state);
      calls++;
    }
    expect(calls).toBeLessThanOrEqual(40);
    expect(state.candidates).toHaveLength(found);
    const told = randomSearch.tell(
      state,
      state.candidates.map(({ id }) => done(id)),
    );
    expect(randomSearch.progress(told)).toMatchObject({ remaining: 0, open: [] });
  });

  test.each([
    ['nothing', null],
    ['another algorithm', { ...aSearch(), algorithm: 'nsga2' }],
    ['another version', { ...aSearch(), version: 2 }],
    ['a damaged state', { ...aSearch(), candidates: undefined }],
  ])('does not go on from %s', (_, raw) => {
    expect(() => randomSearch.read(raw)).toThrow('another version of nasoa, or is damaged');
  });
});

describe('whatever happens to its candidates', () => {
  const happenings = fc.array(
    fc.record({
      what: fc.constantFrom('ask', 'done', 'failed', 'lost', 'late', 'restart'),
      pick: fc.nat(),
      count: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 60 },
  );

  test('random search evaluates exactly as many as wanted, each once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), happenings, (evaluations, seed, events) => {
        let state = randomSearch.create(seed, settings({ evaluations }));
        for (const { what, pick, count } of events) state = happen(state, what, pick, count);
        state = toTheEnd(state);
        const { evaluated, open, remaining } = randomSearch.progress(state);
        expect([evaluated.length, open.length, remaining]).toEqual([evaluations, 0, 0]);
        expect(new Set(evaluated.map(({ id }) => id)).size).toBe(evaluations);
        expect(new Set(state.candidates.map(({ encoding }) => encoding)).size).toBe(state.candidates.length);
      }),
      { numRuns: 60 },
    );
  });

  function happen(state: RandomSearchState, what: string, pick: number, count: number): RandomSearchState {
    const { open } = randomSearch.progress(state);
    const one = open.length === 0 ? [] : [open[pick % open.length]?.id ?? 0];
    if (what === 'ask') return randomSearch.ask(state, Math.max(0, count - open.length)).state;
    if (what === 'done') return randomSearch.tell(state, one.map(done));
    if (what === 'failed') return randomSearch.tell(state, one.map(failed));
    if (what === 'lost') return randomSearch.lost(state, one);
    // of any candidate, in whatever phase it is, or of none
    if (what === 'late') return randomSearch.tell(state, [done(pick % (state.candidates.length + 2))]);
    return kept(state);
  }

  function toTheEnd(state: RandomSearchState): RandomSearchState {
    const { open, remaining } = randomSearch.progress(state);
    if (open.length === 0 && remaining === 0) return state;
    const told = randomSearch.tell(
      state,
      open.map(({ id }) => done(id)),
    );
    return toTheEnd(randomSearch.ask(told, 3).state);
  }
});
