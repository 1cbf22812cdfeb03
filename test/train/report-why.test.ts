import { expect, test } from '@jest/globals';
import { renderReport } from '../../src/train/report/render.ts';
import { aPlan, aReportData, aTuneResult } from '../support/report-data.ts';

test('the report says why the plan was taken, and warns where it is a guess', () => {
  const plan = aPlan({
    ...{ confidence: 'Low', doubt: 'It has far more classes than the nearest of 5 data sets seen before.' },
    nearest: [{ dataset: 'a <b> of birds', member: 'nano', accuracy: 0.64, seconds: 61, distance: 2.5 }],
  });
  const text = renderReport(aReportData({ result: aTuneResult({ plan }) }));
  expect(text).toContain('<strong>Low confidence. It has far more classes');
  expect(text).toContain('a &lt;b&gt; of birds (at best 64.0 %, nano in 1m1s)');
});
