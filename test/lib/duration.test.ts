import { describe, expect, test } from '@jest/globals';
import { formatDuration, parseDuration } from '../../src/lib/duration.ts';
import { InputError } from '../../src/lib/errors.ts';

describe('a duration', () => {
  test.each([
    ['plain seconds', '90', 90],
    ['a unit', '5m', 300],
    ['several units', '1h30m', 5400],
    ['fractions', '1.5m', 90],
    ['days', '2d', 172800],
  ])('is read from %s', (_name, text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test.each([[''], ['0'], ['0s'], ['-5m'], ['5 minutes'], ['m5'], ['1e9'], ['NaN'], ['5m!']])(
    '"%s" is refused',
    (text) => {
      expect(() => parseDuration(text, 'budget')).toThrow(InputError);
      expect(() => parseDuration(text, 'budget')).toThrow(/budget/);
    },
  );

  test.each([
    [0.42, '0.4s'],
    [59.6, '1m'],
    [75, '1m15s'],
    [3600, '1h'],
    [5400, '1h30m'],
  ])('%d seconds read %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
