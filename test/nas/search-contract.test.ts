import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { costOf, smallestSize } from '../../src/nas/cost.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { nsga2Search } from '../../src/nas/nsga2.ts';
import { randomSearch } from '../../src/nas/random-search.ts';
import {
  type Candidate,
  proxyInputSize,
  proxySpace,
  type Result,
  type Search,
  type SearchSettings,
} from '../../src/nas/search.ts';
import { trainingMemory } from '../../src/nas/training-memory.ts';

const settings = (over: Partial<SearchSettings> = {}): SearchSettings => ({
  evaluations: 20,
  population: 24,
  objectives: ['accuracy', 'stepSeconds'],
  constraints: {},
  space: proxySpace,
  inputSize: proxyInputSize,
  ...over,
});

/** What the tests look at of any search's state. */
interface State {
  readonly candidates: readonly Candidate[];
}
const searches: readonly (readonly [string, Search<State>])[] = [
  ['random search', randomSearch as unknown as Search<State>],
  ['NSGA-II', nsga2Search as unknown as Search<State>],
];

const tiny = { opKinds: ['conv3'], maxOps: 1, maxSkips: 0, stemWidths: [16], blocks: [3, 3], maxWidth: 16 } as const;

const measured = { accuracy: 0.5, stepSeconds: 0.1, parametersM: 1, macsM: 10 };
const done = (id: number): Result => ({ id, measured: { ...measured, accuracy: id / 10_000 } });
const failed = (id: number): Result => ({ id, failed: 'the loss became infinite' });

describe.each(searches)('%s', (_name, search) => {
  const aSearch = (over: Partial<SearchSettings> = {}, seed = 1): State => search.create(seed, settings(over));

  /** Asks until nothing new comes, as a run without a bound on parallelism would. */
  function askAll(state: State): State {
    const { state: next, candidates } = search.ask(state, 1000);
    return candidates.length === 0 ? next : askAll(next);
  }

  /** Through JSON, as every state goes between two calls. */
  const kept = (state: State): State => search.read(JSON.parse(JSON.stringify(state)));

  test('a result told anew takes the place of the one before, and nothing else changes', () => {
    const told = search.tell(askAll(aSearch({ evaluations: 3 })), [done(1), failed(2), done(3)]);
    expect(search.tell(told, [done(3), failed(1)])).toEqual(told);
    const anew = search.retell(told, [{ id: 1, measured: { ...measured, stepSeconds: 9 } }, failed(3), done(77)]);
    const { evaluated, failed: gone } = search.progress(kept(anew));
    expect(evaluated.map(({ id, stepSeconds }) => [id, stepSeconds])).toEqual([[1, 9]]);
    expect(gone.map(({ id }) => id)).toEqual([2, 3]);
  });

  test('asks for as many as are allowed at once, and for no more than are wanted', () => {
    const first = search.ask(aSearch({ evaluations: 5 }), 3);
    expect(first.candidates.map(({ id, attempt }) => [id, attempt])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    const second = search.ask(first.state, 3);
    expect(second.candidates.map(({ id }) => id)).toEqual([4, 5]);
    expect(search.ask(second.state, 3).candidates).toEqual([]);
  });

  test('gives the same candidates for the same seed and the same results, through JSON or not', () => {
    const [one, other] = [false, true].map((isKept) => {
      let state = aSearch({ evaluations: 40 });
      for (let i = 0; i < 10; i++) {
        const asked = search.ask(state, 4);
        state = search.tell(
          asked.state,
          asked.candidates.map(({ id }) => done(id)),
        );
        if (isKept) state = kept(state);
      }
      return state.candidates;
    });
    expect(one).toEqual(other);
    expect(askAll(aSearch({ evaluations: 12 }, 2)).candidates[0]).not.toEqual(one?.[0]);
  });

  test('asks a lost candidate again before new ones, as another attempt', () => {
    let { state } = search.ask(aSearch(), 3);
    state = search.lost(state, [2, 2]);
    expect(search.progress(state).open.map(({ id }) => id)).toEqual([1, 3]);
    const again = search.ask(state, 2);
    expect(again.candidates.map(({ id, attempt }) => [id, attempt])).toEqual([
      [2, 2],
      [4, 1],
    ]);
    expect(again.candidates[0]?.encoding).toBe(state.candidates[1]?.encoding);
  });

  test('replaces a candidate that failed', () => {
    let state = askAll(aSearch({ evaluations: 3 }));
    state = search.tell(state, [done(1), failed(2), done(3)]);
    expect(search.progress(state)).toMatchObject({ remaining: 1, open: [] });
    expect(search.ask(state, 5).candidates.map(({ id }) => id)).toEqual([4]);
  });

  test.each<readonly [string, readonly Result[]]>([
    ['a second result', [{ id: 1, measured: { ...measured, accuracy: 0.9 } }]],
    ['a failure after a result', [failed(1)]],
    ['the result of a candidate that was never asked', [done(99), done(0), done(-1)]],
    ['nothing', []],
  ])('is not changed by %s', (_, results) => {
    const state = search.tell(askAll(aSearch({ evaluations: 2 })), [done(1)]);
    expect(search.tell(state, results)).toEqual(state);
  });

  test('takes the result of a candidate that was given up for lost', () => {
    const lost = search.lost(askAll(aSearch({ evaluations: 1 })), [1]);
    const told = search.tell(lost, [done(1)]);
    expect(search.progress(told)).toMatchObject({ evaluated: [{ id: 1 }], remaining: 0 });
    expect(search.ask(told, 1).candidates).toEqual([]);
  });

  test('asks nothing that breaks a constraint, or that the images are too small for', () => {
    const state = askAll(
      aSearch({
        evaluations: 60,
        constraints: { maxParametersM: 0.5, maxMemory: { mib: 60, batchSize: 64 } },
        inputSize: 16,
      }),
    );
    expect(state.candidates).toHaveLength(60);
    for (const { encoding } of state.candidates) {
      const network = networkOf(encoding, { classes: 10 });
      expect(smallestSize(network)).toBeLessThanOrEqual(16);
      expect(costOf(network, 16).parameters).toBeLessThanOrEqual(0.5e6);
      expect(trainingMemory(network, 16, 64)).toBeLessThanOrEqual(60 * 2 ** 20);
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
      // two strides of the stem, and a stride of 2 in two or in all three of three blocks
      8,
    ],
  ])('says that it is exhausted after a bounded number of draws: %s', (_, over, found) => {
    let state = aSearch({ evaluations: 100, ...over });
    let calls = 0;
    while (search.progress(state).exhausted === undefined) {
      state = kept(search.ask(state, 10).state);
      calls++;
    }
    expect(calls).toBeLessThanOrEqual(40);
    expect(state.candidates).toHaveLength(found);
    const told = search.tell(
      state,
      state.candidates.map(({ id }) => done(id)),
    );
    expect(search.progress(told)).toMatchObject({ remaining: 0, open: [] });
  });

  test.each([
    ['nothing', null],
    ['another algorithm', { ...aSearch(), algorithm: 'another' }],
    ['another version', { ...aSearch(), version: 2 }],
    ['a damaged state', { ...aSearch(), candidates: undefined }],
  ])('does not go on from %s', (_, raw) => {
    expect(() => search.read(raw)).toThrow('another version of nasoa, or is damaged');
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

    test('it evaluates exactly as many as wanted, each once', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), happenings, (evaluations, seed, events) => {
          let state = search.create(seed, settings({ evaluations }));
          for (const { what, pick, count } of events) state = happen(state, what, pick, count);
          state = toTheEnd(state);
          const { evaluated, open, remaining } = search.progress(state);
          expect([evaluated.length, open.length, remaining]).toEqual([evaluations, 0, 0]);
          expect(new Set(evaluated.map(({ id }) => id)).size).toBe(evaluations);
          expect(new Set(state.candidates.map(({ encoding }) => encoding)).size).toBe(state.candidates.length);
        }),
        { numRuns: 60 },
      );
    });

    function happen(state: State, what: string, pick: number, count: number): State {
      const { open } = search.progress(state);
      const one = open.length === 0 ? [] : [open[pick % open.length]?.id ?? 0];
      if (what === 'ask') return search.ask(state, Math.max(0, count - open.length)).state;
      if (what === 'done') return search.tell(state, one.map(done));
      if (what === 'failed') return search.tell(state, one.map(failed));
      if (what === 'lost') return search.lost(state, one);
      // of any candidate, in whatever phase it is, or of none
      if (what === 'late') return search.tell(state, [done(pick % (state.candidates.length + 2))]);
      return kept(state);
    }

    function toTheEnd(state: State): State {
      const { open, remaining } = search.progress(state);
      if (open.length === 0 && remaining === 0) return state;
      const told = search.tell(
        state,
        open.map(({ id }) => done(id)),
      );
      return toTheEnd(search.ask(told, 3).state);
    }
  });
});
