import { describe, expect, test } from '@jest/globals';
import { Congestion } from '../../src/kube/congestion.ts';
import { createRng } from '../../src/lib/rng.ts';
import { settle } from '../support/manual-timers.ts';

const wantedSeconds = 0.025;

/** After `count` writes that took so long each. */
function written(count: number, seconds: number, congestion = new Congestion({ most: 16, wantedSeconds })): Congestion {
  for (let i = 0; i < count; i++) congestion.answered(seconds);
  return congestion;
}

describe('the passes that may be under way', () => {
  test.each<[string, () => Congestion, number]>([
    ['are all while nothing was answered', () => written(0, 1), 16],
    ['are all while the server is fast', () => written(1000, 0.005), 16],
    ['are fewer once it is slow', () => written(16, 0.2), 11],
    ['are four at least, however slow it is', () => written(10_000, 30), 4],
    ['become more again, one by one', () => written(24, 0.005, written(10_000, 1)), 6],
    ['become all again', () => written(1000, 0.005, written(10_000, 1)), 16],
    ['are one where only one was allowed', () => written(1000, 1, new Congestion({ most: 1, wantedSeconds })), 1],
  ])('%s', (_what, congestion, window) => expect(congestion().window).toBe(window));

  test('are not changed by one slow answer among fast ones', () => {
    const congestion = new Congestion({ most: 16, wantedSeconds });
    congestion.answered(0.2);
    expect(written(15, 0.005, congestion).window).toBe(16);
  });

  test('are never more than the window, and all get in at some time', async () => {
    const rng = createRng(3);
    const congestion = new Congestion({ most: 8, wantedSeconds });
    let [inside, done] = [0, 0];
    const most: number[] = [];
    const pass = async (): Promise<void> => {
      await congestion.enter();
      most.push(++inside - congestion.window);
      for (let i = 0; i < 3; i++) await settle();
      congestion.answered(rng.next() < 0.5 ? 0.001 : 0.1);
      inside--;
      done++;
      congestion.leave();
    };
    await Promise.all(Array.from({ length: 200 }, pass));
    expect(done).toBe(200);
    expect(Math.max(...most)).toBeLessThanOrEqual(0);
  });
});
