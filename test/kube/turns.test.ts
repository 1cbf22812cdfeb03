import { expect, test } from '@jest/globals';
import { inTurn } from '../../src/kube/turns.ts';
import { eventually } from '../support/manual-timers.ts';

test('what takes its time runs one at a turn of the event loop, in order', async () => {
  const log: string[] = [];
  const turn = (): void => {
    log.push('turn');
    if (log.length < 20 && !log.includes('c')) setImmediate(turn);
  };
  setImmediate(turn);
  for (const name of ['a', 'b', 'c']) inTurn(() => log.push(name));
  await eventually(() => log.includes('c'));
  expect(log.filter((entry) => entry !== 'turn')).toEqual(['a', 'b', 'c']);
  expect(log.join(' ')).toMatch(/a turn.* b turn.* c/);
});
