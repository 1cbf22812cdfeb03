import { describe, expect, test } from '@jest/globals';
import { familiarityOf, knownDatasets } from '../../src/planner/familiarity.ts';
import type { DatasetFeatures } from '../../src/planner/types.ts';
import { aDataset, anExperience } from './builders.ts';

const seen = (dataset: string, features: Partial<DatasetFeatures> = {}, accuracy = 0.7) =>
  anExperience({ id: `${dataset} ${accuracy}`, dataset, features: aDataset(features), accuracy });

describe('how alike a data set is to those known', () => {
  test.each<[string, Partial<DatasetFeatures>]>([
    ['the very same', {}],
    ['twice the images', { images: 4000 }],
    ['three times the classes', { classes: 30 }],
    ['images of a third the size', { resolution: 43 }],
  ])('%s is of the same kind', (_what, features) => {
    expect(familiarityOf(aDataset(features), knownDatasets([seen('a')]))).toMatchObject({ confidence: 'Usual' });
  });

  test.each<[string, Partial<DatasetFeatures>, string]>([
    ['a thousand classes', { classes: 1000 }, 'more classes'],
    ['ten thousand classes', { classes: 10_000 }, 'far more classes'],
    ['fifty images', { images: 50 }, 'fewer images'],
    ['grey images', { colourShare: 0 }, 'less colour'],
    ['huge images', { resolution: 4000 }, 'larger images'],
    ['one class with nearly all images', { imagesPerClassDeviation: 600 }, 'less evenly filled classes'],
    ['nearly black images', { pixelMean: 0.05 }, 'darker images'],
  ])('%s make another kind', (_what, features, words) => {
    const { confidence, why } = familiarityOf(aDataset(features), knownDatasets([seen('a'), seen('b')]));
    expect({ confidence, why }).toEqual({
      confidence: 'Low',
      why: `It has ${words} than the nearest of 2 data sets seen before.`,
    });
  });

  test('one alike in everything is enough, however strange the others are', () => {
    const known = knownDatasets([seen('strange', { classes: 5000, resolution: 8 }), seen('alike')]);
    const { confidence, nearest } = familiarityOf(aDataset(), known);
    expect(confidence).toBe('Usual');
    expect(nearest.map(({ dataset }) => dataset)).toEqual(['alike', 'strange']);
  });

  test('names three at most, the nearest first, each by its best run', () => {
    const runs = [
      seen('far', { classes: 100 }),
      seen('near', { classes: 12 }, 0.6),
      seen('near', { classes: 12 }, 0.8),
      seen('farther', { classes: 300 }),
      seen('farthest', { classes: 900 }),
    ];
    const { nearest } = familiarityOf(aDataset(), knownDatasets(runs));
    expect(nearest.map(({ dataset }) => dataset)).toEqual(['near', 'far', 'farther']);
    expect(nearest[0]).toMatchObject({ accuracy: 0.8 });
  });

  test('a data set of which only a run that diverged is known is not known', () => {
    const known = knownDatasets([seen('diverged', {}, 0.12), seen('barely learnt', {}, 0.16)]);
    expect(known.map(({ dataset }) => dataset)).toEqual(['barely learnt']);
  });

  test('data sets of one name and other sizes are several', () => {
    const runs = [seen('images', { images: 90_000 }, 0.9), seen('images', {}, 0.6), seen('images', {}, 0.7)];
    const { confidence, nearest } = familiarityOf(aDataset(), knownDatasets(runs));
    expect(confidence).toBe('Usual');
    expect(nearest).toMatchObject([
      { images: 2000, accuracy: 0.7 },
      { images: 90_000, accuracy: 0.9 },
    ]);
  });

  test('nothing is like anything where no run is known', () => {
    expect(familiarityOf(aDataset(), [])).toEqual({
      confidence: 'Low',
      why: 'No finished run is known yet.',
      nearest: [],
    });
  });
});
