import { describe, expect, test } from '@jest/globals';
import type { Timed } from '../../bench/step/measure.ts';
import { parseReply, parseRequest, type Variant } from '../../bench/step/protocol.ts';
import { claimsOf, type Measurement, rowsOf } from '../../bench/step/report.ts';

const aTimed = (seconds: number): Timed => ({
  medianSeconds: seconds,
  roundSeconds: [seconds, seconds * 1.1],
  memory: { peakBytes: 2 ** 30, currentBytes: 2 ** 29 },
  versions: {},
});
const aVariant = (precision: 'fp32' | 'bf16'): Variant => ({ layout: 'channels_last', compile: false, precision });

/** Seconds of ours and the peer's in fp32, then in bf16. */
const aMeasurement = (ours32: number, peer32: number, ours16: number, peer16: number): Measurement => ({
  architecture: 'dense',
  encoding: '11011-_32_1-21@2',
  pairs: {
    fp32: { ours: aTimed(ours32), peer: aTimed(peer32), variant: aVariant('fp32') },
    bf16: { ours: aTimed(ours16), peer: aTimed(peer16), variant: aVariant('bf16') },
  },
});

describe('rows of an architecture', () => {
  test.each([
    ['take bf16 for both where it is quicker for both', aMeasurement(0.1, 0.2, 0.05, 0.15), 'bf16', 'bf16', 0.3333],
    ['take fp32 where bf16 is slower', aMeasurement(0.1, 0.2, 0.3, 3), 'fp32', 'fp32', 0.5],
    ['take for each engine its own best', aMeasurement(0.1, 0.2, 0.08, 3), 'bf16', 'fp32', 0.4],
  ])('%s', (_sentence, measurement, ours, peer, ratio) => {
    expect(rowsOf(measurement).at(-1)).toMatchObject({
      comparison: 'best',
      ours,
      peer: `${peer}, channels_last`,
      ratio,
      oursPeakMiB: 1024,
    });
  });
});

test('claims bound the mean and the largest ratio of each comparison', () => {
  const rows = [...rowsOf(aMeasurement(0.1, 0.4, 0.2, 0.8)), ...rowsOf(aMeasurement(0.4, 0.1, 0.1, 0.1))];
  expect(claimsOf(rows).map(({ value, holds }) => [value, holds])).toEqual([
    [0.5, true],
    [1, true],
    [1, false],
    [4, false],
    [0.5, true],
    [1, true],
  ]);
});

describe('the protocol', () => {
  test.each([
    ['no JSON', 'Segmentation fault', 'PyTorch replied "Segmentation fault"'],
    ['an error', '{"error":"EncodingError: no"}', 'PyTorch: EncodingError: no'],
  ])('throws at %s', (_sentence, line, message) => {
    expect(() => parseReply(line, 'PyTorch')).toThrow(message);
  });

  test.each([
    ['an unknown command', '{"cmd":"fly"}', 'unknown command'],
    ['no steps at all', '{"cmd":"steps","count":0}', 'count must be 1 or more'],
  ])('refuses %s', (_sentence, line, message) => {
    expect(() => parseRequest(line)).toThrow(message);
  });
});
