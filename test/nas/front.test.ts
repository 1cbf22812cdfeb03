import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseMembers, frontSample, paretoFront } from '../../src/nas/front.ts';
import type { Evaluated, Objective } from '../../src/nas/search.ts';

const objectives: readonly Objective[] = ['accuracy', 'stepSeconds'];

const aCandidate = (id: number, accuracy: number, stepSeconds: number): Evaluated => ({
  ...{ id, accuracy, stepSeconds },
  ...{ encoding: `e${id}`, parametersM: stepSeconds * 10, macsM: 100 },
});
const ids = (candidates: readonly Evaluated[]) => candidates.map(({ id }) => id);

const measured = fc.record({ accuracy: fc.integer({ min: 0, max: 20 }), time: fc.integer({ min: 1, max: 20 }) });
const someCandidates = fc
  .array(measured, { maxLength: 60 })
  .map((all) => all.map(({ accuracy, time }, i) => aCandidate(i + 1, accuracy / 20, time / 100)));

const beats = (a: Evaluated, b: Evaluated): boolean =>
  a.accuracy >= b.accuracy &&
  a.stepSeconds <= b.stepSeconds &&
  (a.accuracy > b.accuracy || a.stepSeconds < b.stepSeconds);

describe('the front', () => {
  test.each<readonly [string, readonly Evaluated[], readonly number[]]>([
    ['of nothing is empty', [], []],
    ['of one is that one', [aCandidate(1, 0.5, 1)], [1]],
    ['leaves out who is slower and worse', [aCandidate(1, 0.5, 1), aCandidate(2, 0.4, 2)], [1]],
    ['leaves out who is as fast and worse', [aCandidate(1, 0.5, 1), aCandidate(2, 0.4, 1)], [1]],
    ['keeps a trade-off', [aCandidate(1, 0.5, 1), aCandidate(2, 0.6, 2)], [2, 1]],
    ['keeps twins', [aCandidate(1, 0.5, 1), aCandidate(2, 0.5, 1)], [1, 2]],
  ])('%s', (_, candidates, front) => expect(ids(paretoFront(candidates, objectives))).toEqual(front));

  test('is those whom nobody beats, and nobody else', () => {
    fc.assert(
      fc.property(someCandidates, (all) => {
        const unbeaten = all.filter((one) => !all.some((other) => beats(other, one)));
        expect(new Set(ids(paretoFront(all, objectives)))).toEqual(new Set(ids(unbeaten)));
      }),
    );
  });

  test('may be of one objective alone, or of others', () => {
    const all = [aCandidate(1, 0.5, 1), aCandidate(2, 0.6, 2)];
    expect(ids(paretoFront(all, ['accuracy']))).toEqual([2]);
    expect(ids(paretoFront(all, ['parametersM']))).toEqual([1]);
  });

  test('is judged fast enough for an event loop at the most candidates that a zoo may have', () => {
    const all = Array.from({ length: 5000 }, (_, i) => aCandidate(i, Math.sin(i) ** 2, 1 + Math.cos(7 * i) ** 2));
    const started = process.cpuUsage();
    expect(chooseMembers(all, objectives, 48)).toHaveLength(48);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
  });
});

describe('the members', () => {
  const line = Array.from({ length: 100 }, (_, i) => aCandidate(i + 1, (i + 1) / 101, 0.01 * 1.05 ** i));

  test('are spread over the front, fastest first, with both ends', () => {
    const chosen = ids(chooseMembers(line, objectives, 5));
    expect(chosen).toHaveLength(5);
    expect([chosen[0], chosen.at(-1)]).toEqual([1, 100]);
    const gaps = chosen.slice(1).map((id, i) => id - (chosen[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(10);
  });

  test('come from the next fronts where the first is too small', () => {
    const all = [aCandidate(1, 0.9, 1), aCandidate(2, 0.8, 2), aCandidate(3, 0.7, 3), aCandidate(4, 0.6, 4)];
    expect(ids(chooseMembers(all, objectives, 3))).toEqual([1, 2, 3]);
    expect(ids(frontSample(all, objectives, 20))).toEqual([1]);
  });

  test('are as many as asked for or there are, each once, and the best is among them', () => {
    fc.assert(
      fc.property(someCandidates, fc.integer({ min: 1, max: 48 }), (all, size) => {
        const chosen = chooseMembers(all, objectives, size);
        expect(chosen).toHaveLength(Math.min(size, all.length));
        expect(new Set(ids(chosen)).size).toBe(chosen.length);
        const best = Math.max(0, ...all.map(({ accuracy }) => accuracy));
        if (all.length > 0) expect(chosen.some(({ accuracy }) => accuracy === best)).toBe(true);
        const times = chosen.map(({ stepSeconds }) => stepSeconds);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
    );
  });
});
