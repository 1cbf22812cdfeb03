import { describe, expect, test } from '@jest/globals';
import { ofOneProcessor, versionsOf } from '../../bench/lib/processors.ts';

describe('runs to be compared', () => {
  const [first, second] = [
    { arm: 'first', cpu: 'elsewhere' },
    { arm: 'second', cpu: 'elsewhere' },
  ];
  const secondHere = { arm: 'second', cpu: 'here' };

  test.each([
    ['begin anew where another processor has done but some', [first], []],
    ['are taken from another processor that has done all', [first, second], [first, second]],
    ['go on with what was done here', [first, secondHere], [secondHere]],
    ['are those of here where both have done all', [first, second, { arm: 'first', cpu: 'here' }, secondHere], 'here'],
  ])('%s', (_name, runs, expected) => {
    const comparable = ofOneProcessor(runs, { here: 'here', all: 2 });
    if (typeof expected === 'string') expect(comparable.map(({ cpu }) => cpu)).toEqual([expected, expected]);
    else expect(comparable).toEqual(expected);
  });
});

describe('of runs', () => {
  const run = (cpu: string, versions: Readonly<Record<string, string>>) => ({ cpu, versions });

  test('the versions of all libraries are told, and each processor once', () => {
    const runs = [run('one', { tensorflow: '2.21.0' }), run('one', { torch: '2.15.0' }), run('another', {})];
    expect(versionsOf(runs)).toEqual({ tensorflow: '2.21.0', torch: '2.15.0', cpus: 'one; another' });
  });
});
