import { expect, test } from '@jest/globals';
import type { PlanOutcome } from '../../../src/cli/requests.ts';
import { plainPaint } from '../../../src/cli/terminal/paint.ts';
import { planText, tradeOffText } from '../../../src/cli/terminal/plan-text.ts';
import { predictionsText } from '../../../src/cli/terminal/predictions-text.ts';
import { interruptedText, resultText } from '../../../src/cli/terminal/result-text.ts';
import { displayWidth } from '../../../src/cli/terminal/width.ts';
import { aPlan, aTuneResult } from '../../support/report-data.ts';

const aPlanOutcome = (changes: Partial<PlanOutcome> = {}): PlanOutcome => ({
  dataset: 'emoji',
  images: 1795,
  classes: 9,
  skipped: 3,
  features: {
    images: 1436,
    classes: 9,
    imagesPerClassMean: 160,
    imagesPerClassDeviation: 40,
    resolution: 72,
    colourShare: 1,
    pixelMean: 0.6,
    pixelDeviation: 0.3,
    separability: 0.4,
    nearestMeanAccuracy: 0.5,
  },
  stages: 11,
  plan: aPlan(),
  planningSeconds: 3.4,
  ...changes,
});

test('the plan tells what is chosen, how sure that is, and what comes next', () => {
  const text = planText(aPlanOutcome(), plainPaint);
  for (const words of [
    '1,795 images, 9 classes, 3 files skipped',
    'best of 2,113 candidates that fit into 2m (of 4,608), learnt from 61 experiences',
    'all but the first 2 stages of 11',
    '89.8 % predicted, 85.7 % to 93.2 % with 80 % confidence',
    '1m44s of 2m',
  ]) {
    expect(text).toContain(words);
  }
  const rows = text.split('\n').filter((line) => /^ {2}[1-6] /.test(line));
  expect(rows).toHaveLength(6);
  expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(120);
});

test('a trade-off shows what each budget would buy, and where nothing fits', () => {
  const { plan, stages: _, ...data } = aPlanOutcome();
  const predicted = { ...plan.predicted, accuracy: 0.5, low: 0.26, high: 0.74 };
  const tradeOff = [
    { budgetSeconds: 10, plan: null },
    { budgetSeconds: 90, plan: { ...plan, predicted } },
  ];
  const text = tradeOffText({ ...data, tradeOff }, plainPaint);
  const [short, long] = text.split('\n').slice(-2);
  expect(short).toMatch(/^ +10s +- +nothing fits$/);
  expect(long).toMatch(/^ +1m30s +50\.0 % +·····─────●────····· +26\.0–74\.0 +/);
  expect(long).toContain(plan.member);
  expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(100);
});

test.each([
  [0.9, 'within the predicted interval 85.7–93.2 %'],
  [0.99, 'above the predicted interval'],
  [0.3, 'below the predicted interval'],
])('an accuracy of %f is %s', (accuracy, words) => {
  expect(resultText(aTuneResult({ accuracy }), 'out', plainPaint)).toContain(words);
});

test('the result stands beside its prediction, with the way to the files', () => {
  const text = resultText(aTuneResult({ skipped: 50 }), "o'ut", plainPaint);
  expect(text).toMatch(/accuracy +8\d\.\d % +89\.8 %/);
  expect(text).toMatch(/time +1m57s +1m4\ds +of a budget of 2m/);
  expect(text).toContain('50 files were skipped:');
  expect(text).toContain('and 47 more, listed in the report');
  expect(text).toContain("o'ut/report.html");
  expect(text).toContain("nasoa predict 'o'\\''ut' IMAGE...");
});

test('after Ctrl-C the way on is a command that can be pasted', () => {
  const run = { activeSeconds: 72, budgetSeconds: 300, checkpoint: true };
  expect(interruptedText(run, 'my images', 'nasoa-out/my images', plainPaint)).toContain(
    "nasoa tune 'my images' --out 'nasoa-out/my images' --budget 300s --resume",
  );
  expect(interruptedText({ ...run, checkpoint: false }, 'x', 'y', plainPaint)).toContain(
    'before there was anything to keep',
  );
});

test('predictions of good images stand beside the reasons of bad ones', () => {
  const text = predictionsText(
    [
      {
        image: 'a.png',
        predictions: [
          { class: '猫', probability: 0.91 },
          { class: 'dog', probability: 0.09 },
        ],
      },
      { image: 'b.txt', error: 'it is no image' },
    ],
    plainPaint,
  );
  expect(text).toBe(
    'image  class  probability\na.png  猫          91.0 %\n       dog          9.0 %\nskipped: b.txt: it is no image',
  );
});
