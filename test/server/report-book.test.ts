import { expect, test } from '@jest/globals';
import type { TrainerProgress } from '../../src/crds/trainer-job.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { ReportBook } from '../../src/server/report-book.ts';

const aReport = (uid: string, step: number, over: Partial<TrainerProgress> = {}): TrainerProgress => ({
  ...{ uid, role: 'training', attempt: 1, step, steps: 100, activeSeconds: step },
  ...over,
});
const end = { message: { kind: 'interrupted', activeSeconds: 5, step: 5 } } as const;

test('the latest report of a task stands, with the time that it came', () => {
  const clock = new ManualClock(0);
  const book = new ReportBook(clock);
  book.put(aReport('a', 1));
  clock.advance(60);
  book.put(aReport('a', 2));
  expect(book.latest('a')).toEqual({ report: aReport('a', 2), receivedAt: '1970-01-01T00:01:00.000Z' });
  expect(book.latest('b')).toBeUndefined();
  book.forget('a');
  expect(book.latest('a')).toBeUndefined();
});

test.each<[string, TrainerProgress, number]>([
  ['an earlier report that came late', aReport('a', 4), 5],
  ['the next attempt', aReport('a', 0, { attempt: 2 }), 0],
  ['another last word', aReport('a', 6, end), 6],
])("after a pod's last word comes %s", (_what, next, step) => {
  const book = new ReportBook(new ManualClock(0));
  book.put(aReport('a', 5, end));
  book.put(next);
  expect(book.latest('a')?.report.step).toBe(step);
});

test('the oldest are forgotten where there are too many', () => {
  const book = new ReportBook(new ManualClock(0), 2);
  for (const uid of ['a', 'b', 'a', 'c']) book.put(aReport(uid, 1));
  expect(['a', 'b', 'c'].map((uid) => book.latest(uid) !== undefined)).toEqual([true, false, true]);
});
