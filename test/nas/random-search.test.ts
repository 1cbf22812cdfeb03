import { expect, test } from '@jest/globals';
import { type RandomSearchState, randomSearch } from '../../src/nas/random-search.ts';
import { proxyInputSize, proxySpace, type Result } from '../../src/nas/search.ts';

const aSearch = (): RandomSearchState =>
  randomSearch.create(1, {
    ...{ evaluations: 12, population: 24, objectives: ['accuracy', 'stepSeconds'], constraints: {} },
    ...{ space: proxySpace, inputSize: proxyInputSize },
  });
const done = (id: number): Result => ({
  id,
  measured: { accuracy: 0.5, stepSeconds: 0.1, parametersM: 1, macsM: 10 },
});

/** Asks until nothing new comes, as a run without a bound on parallelism would. */
function askAll(state: RandomSearchState): RandomSearchState {
  const { state: next, candidates } = randomSearch.ask(state, 1000);
  return candidates.length === 0 ? next : askAll(next);
}

test('random search gives the same candidates for the same seed, whatever came between and in whatever order', () => {
  const straight = askAll(aSearch());
  let other = randomSearch.ask(aSearch(), 4).state;
  other = randomSearch.tell(other, [done(3), done(1)]);
  other = askAll(randomSearch.read(JSON.parse(JSON.stringify(other))));
  expect(other.candidates.map(({ encoding }) => encoding)).toEqual(straight.candidates.map(({ encoding }) => encoding));
});
