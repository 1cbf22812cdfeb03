import { expect, test } from '@jest/globals';
import { BarReporter, barLine } from '../../../src/cli/terminal/bar-reporter.ts';
import { LineReporter } from '../../../src/cli/terminal/line-reporter.ts';
import { plainPaint } from '../../../src/cli/terminal/paint.ts';
import { displayWidth } from '../../../src/cli/terminal/width.ts';
import { ManualClock } from '../../../src/lib/clock.ts';

/** What a reader sees at the end: each line after its last redraw. */
const screen = (written: string): string[] =>
  written
    .split('\n')
    .map((line) => line.split('\r\u001b[2K').at(-1) ?? '')
    .filter((line) => line !== '');

function aBar() {
  const clock = new ManualClock();
  let written = '';
  let writes = 0;
  const terminal = {
    columns: 60,
    write: (text: string) => {
      written += text;
      writes++;
    },
  };
  return { clock, bar: new BarReporter(terminal, plainPaint, clock), written: () => written, writes: () => writes };
}

test('thousands of calls redraw ten times a second at most', () => {
  const { bar, clock, writes } = aBar();
  bar.phase('training');
  for (let i = 0; i < 5000; i++) {
    clock.advance(0.001);
    bar.progress({ phase: 'training', done: i, total: 5000 });
  }
  expect(writes()).toBeLessThanOrEqual(51);
});

test('a finished phase leaves one line with its time, lines stand above the bar', () => {
  const { bar, clock, written } = aBar();
  bar.phase('decoding');
  clock.advance(2);
  bar.progress({ phase: 'decoding', done: 5, total: 10 });
  bar.line('3 files skipped');
  clock.advance(1);
  bar.phase('training');
  clock.advance(75);
  bar.close();
  expect(screen(written())).toEqual(['3 files skipped', '✓ decoding 3.0s', '✓ training 1m15s']);
});

test.each([20, 40, 60, 120])('the bar fits into %i columns', (columns) => {
  const line = barLine(
    { phase: 'training', done: 620, total: 1240, detail: 'loss 0.4127, 日本の城 accuracy 83.1 %', secondsLeft: 83 },
    plainPaint,
    columns,
  );
  expect(displayWidth(line)).toBeLessThan(columns);
  if (columns >= 60) expect(line).toContain('50%  1m23s left');
});

test('plain lines come at most every tenth and every 10 seconds, and never later than a minute', () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const reporter = new LineReporter((text) => lines.push(text), clock);
  for (let i = 0; i <= 100; i++) {
    reporter.progress({ phase: 'short', done: i, total: 100, secondsLeft: 20 - i / 5 });
    clock.advance(0.2);
  }
  expect(lines).toEqual(['short\n', 'short: 51%, 9.8s left\n']);
  lines.length = 0;
  for (let i = 0; i < 600; i++) {
    reporter.progress({ phase: 'long', done: i, total: 100_000, detail: 'loss\n0.4' });
    clock.advance(1);
  }
  expect(lines.length).toBe(10);
  expect(lines[1]).toBe('long: 0%, loss\\x0a0.4\n');
});
