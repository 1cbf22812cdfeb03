import { describe, expect, test } from '@jest/globals';
import type { Plan } from '../../src/planner/types.ts';
import { doubtSentence, type Explained, replannedSentence, whySentences } from '../../src/train/plan-words.ts';
import type { Replanned } from '../../src/train/result.ts';
import { aRegime } from '../planner/builders.ts';
import { aPlan as aReportPlan } from '../support/report-data.ts';

const aChoice = (accuracy: number, low: number) => ({
  member: 'small',
  regime: aRegime(),
  predicted: { accuracy, low, high: 0.95, seconds: 50 },
});

const aPlan = (over: Partial<Explained> = {}): Explained => ({
  ...aChoice(0.8, 0.7),
  ...{ confidence: 'Usual', nearest: [], reasons: [], runnersUp: [] },
  ...over,
});

describe('why a plan is what it is', () => {
  test.each<[string, Partial<Explained>, readonly string[]]>([
    ['nothing where nothing is known', {}, []],
    [
      'the data sets most alike, with their best runs',
      { nearest: [{ dataset: 'pets', member: 'nano', accuracy: 0.64, seconds: 61, distance: 0.2 }] },
      ['Most alike of the data sets known: pets (at best 64.0 %, nano in 1m1s).'],
    ],
    [
      'parts of one data set by their sizes',
      {
        nearest: [
          { dataset: 'pets', images: 2000, member: 'nano', accuracy: 0.64, seconds: 61, distance: 0.2 },
          { dataset: 'pets', images: 500, member: 'nano', accuracy: 0.5, seconds: 61, distance: 0.4 },
        ],
      },
      [
        'Most alike of the data sets known: pets (2,000 images; at best 64.0 %, nano in 1m1s), pets (500 images; at best 50.0 %, nano in 1m1s).',
      ],
    ],
    [
      'what a choice is worth',
      { reasons: [{ dimension: 'frozenStages', choice: '0', alternative: '1', loss: 0.021 }] },
      ['No frozen stage: the best plan with 1 frozen stage is expected to lose 2.1 points.'],
    ],
    [
      'a member by its very name',
      { reasons: [{ dimension: 'member', choice: 'et-3', alternative: 'nano', loss: 0.01 }] },
      ['et-3: the best plan with nano is expected to lose 1 point.'],
    ],
    [
      'that the target is in reach',
      { target: { accuracy: 0.9, isExpected: true } },
      ['The shortest run that is expected to reach 90.0 %.'],
    ],
    [
      'that it is not',
      { target: { accuracy: 0.9, isExpected: false } },
      ['No run within the budget is expected to reach 90.0 %; this is the most accurate one.'],
    ],
    [
      'that the next one is worse',
      { runnersUp: [aChoice(0.77, 0.7)] },
      ['The first runner-up (small, 64 px) is expected to reach 3.0 points less.'],
    ],
    [
      'that the next one is less sure',
      { runnersUp: [aChoice(0.81, 0.6)] },
      ['The first runner-up (small, 64 px) is expected to reach as much, but may end 10.0 points lower.'],
    ],
    [
      'that the next one is better, if it can be believed',
      { runnersUp: [aChoice(0.83, 0.72)] },
      [
        'The first runner-up (small, 64 px) is expected to reach 3.0 points more, but finished runs say too little of such a choice.',
      ],
    ],
    [
      'that the next one is as good',
      { runnersUp: [aChoice(0.8, 0.7)] },
      ['The first runner-up (small, 64 px) is expected to do as well.'],
    ],
  ])('tells %s', (_what, over, sentences) => expect(whySentences(aPlan(over))).toEqual(sentences));

  test('doubt is told where there is some', () => {
    expect(doubtSentence(aPlan())).toBeUndefined();
    expect(doubtSentence(aPlan({ confidence: 'Low', doubt: 'It is all grey.' }))).toMatch(
      /^Low confidence\. It is all grey\. The plan is the safest/,
    );
  });
});

describe('what became of a plan', () => {
  const seen = { seconds: 20, accuracy: 0.41, expected: { low: 0.55, high: 0.7 } };
  const plan: Plan = { ...aReportPlan(), ...aChoice(0.8, 0.7) };
  test.each<[string, Replanned | undefined, string | undefined]>([
    ['nothing where it was followed', undefined, undefined],
    [
      'which choice took its place',
      { action: 'switched', ...seen, before: { ...aChoice(0.8, 0.7), member: 'large' } },
      'After 20s the accuracy was 41.0 %, where 55.0 % to 70.0 % had been expected: large was given up, and small at 64 px trained in the time left.',
    ],
    [
      'that it was cut',
      { action: 'annealed', ...seen },
      'After 20s the accuracy was 41.0 %, where 55.0 % to 70.0 % had been expected, and falling: the schedule was cut.',
    ],
  ])('tells %s', (_what, replanned, sentence) => {
    expect(replannedSentence({ plan, ...(replanned === undefined ? {} : { replanned }) })).toBe(sentence);
  });
});
