import { describe, expect, test } from '@jest/globals';
import { parseExperience, parseExperienceLine } from '../../src/store/parse-experience.ts';
import { aDataset, anExperience, aRegime } from '../planner/builders.ts';

describe('parseExperience', () => {
  test('a sound record comes back as it is', () => {
    expect(parseExperience(anExperience())).toEqual({ experience: anExperience() });
  });

  test('unknown fields, wherever they are, are dropped', () => {
    const loose = { ...anExperience(), path: '/home/me', features: { ...aDataset(), files: ['a.jpg'] } };
    expect(parseExperience(loose)).toEqual({ experience: anExperience() });
  });

  test('what regimes have gained since a record was written is as it was then', () => {
    const { layerDecay: _, dropout: __, startShare: ___, ...before } = aRegime();
    const raw = { ...anExperience(), regime: before };
    expect(parseExperience(raw).experience?.regime).toEqual(aRegime({ layerDecay: 1, dropout: 0, startShare: 0 }));
  });

  test.each<readonly [string, unknown, string]>([
    ['nothing', null, 'the record must be an object'],
    ['a list', [], 'the record must be an object'],
    ['an accuracy above 1', { ...anExperience(), accuracy: 1.2 }, 'accuracy must be from 0 to 1'],
    ['an accuracy that is no number', { ...anExperience(), accuracy: Number.NaN }, 'accuracy must be from 0 to 1'],
    ['an accuracy as text', { ...anExperience(), accuracy: '0.5' }, 'accuracy must be from 0 to 1'],
    ['negative seconds', { ...anExperience(), activeSeconds: -3 }, 'activeSeconds must be above 0, at most 100000000'],
    ['endless seconds', { ...anExperience(), activeSeconds: Number.POSITIVE_INFINITY }, 'activeSeconds must be'],
    ['a path as the data set', { ...anExperience(), dataset: '/home/me/images' }, 'dataset must be a name'],
    ['an id with blanks', { ...anExperience(), id: 'a b' }, 'id must be'],
    ['a time without a zone', { ...anExperience(), finishedAt: '2026-01-02T03:04:05' }, 'finishedAt must be'],
    ['a time that does not exist', { ...anExperience(), finishedAt: '2026-13-42T03:04:05Z' }, 'finishedAt must be'],
    ['one class', { ...anExperience(), features: aDataset({ classes: 1 }) }, 'features.classes must be'],
    [
      'more classes than images',
      { ...anExperience(), features: aDataset({ classes: 3000 }) },
      'features.classes must not',
    ],
    ['half a step', { ...anExperience(), regime: aRegime({ steps: 0.5 }) }, 'regime.steps must be a whole number'],
    [
      'a learning rate of 0',
      { ...anExperience(), regime: aRegime({ learningRate: 0 }) },
      'regime.learningRate must be',
    ],
    [
      'an unknown optimizer',
      { ...anExperience(), regime: { ...aRegime(), optimizer: 'adam' } },
      'regime.optimizer must',
    ],
    ['too many frozen stages', { ...anExperience(), regime: aRegime({ frozenStages: 5 }) }, 'regime.frozenStages must'],
    ['a missing member', { ...anExperience(), member: undefined }, 'member must be an object'],
    [
      'a curve without end',
      { ...anExperience(), curve: new Array(1001).fill({ seconds: 1, accuracy: 0.1 }) },
      'curve must',
    ],
    ['a poisoned curve', { ...anExperience(), curve: [{ seconds: 1, accuracy: 7 }] }, 'curve[0].accuracy must be'],
    [
      'a curve that goes back in time',
      { ...anExperience(), curve: [2, 1].map((seconds) => ({ seconds, accuracy: 0.1 })) },
      'curve must ascend in time',
    ],
  ])('%s is refused with the reason', (_, raw, reason) => {
    expect(parseExperience(raw).reason).toContain(reason);
  });

  test.each([
    ['no JSON', '{"id": ', 'the line is not JSON'],
    ['a number', '5', 'the record must be an object'],
  ])('a line that is %s is refused', (_, line, reason) => expect(parseExperienceLine(line)).toEqual({ reason }));
});
