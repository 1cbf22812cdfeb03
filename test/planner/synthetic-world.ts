import type { Rng } from '../../src/lib/rng.ts';
import { candidates } from '../../src/planner/candidates.ts';
import { logit, sigmoid } from '../../src/planner/logit.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate } from '../../src/planner/timing.ts';
import type { DatasetFeatures, Experience, MemberInfo, Regime } from '../../src/planner/types.ts';
import { aDataset, aZoo } from './builders.ts';

/**
 * A world whose law of accuracy is known and is not the planner's prior: other shapes, other constants, a hardness that
 * no feature shows, and noise. It stands for real runs where hundreds of them would take days.
 */
export interface World {
  readonly zoo: readonly MemberInfo[];
  /** Expected accuracy of a run. */
  accuracy(dataset: DatasetFeatures, hidden: number, member: MemberInfo, regime: Regime): number;
}

export interface WorldDataset {
  readonly name: string;
  readonly features: DatasetFeatures;
  /** What no feature shows: log odds by which the data set is harder or easier than it looks. */
  readonly hidden: number;
}

export const world: World = {
  zoo: aZoo(),
  accuracy: (dataset, hidden, member, regime) => {
    const samples = regime.steps * regime.batchSize;
    const trained = 1 - regime.frozenStages / member.stages;
    const ease = 0.8 * logit(dataset.nearestMeanAccuracy + 1 / dataset.classes) + hidden;
    const level = ease + 0.9 * logit(member.accuracy) + 0.5;
    const untrained = logit(1 / dataset.classes);
    const reached = samples / (samples + 15 * dataset.classes);
    const learnt = 1.1 * Math.log1p(samples / (300 * Math.sqrt(dataset.classes)));
    const saturation = (0.9 + 1.6 * trained) * Math.tanh(learnt / 3);
    const overfit = 0.25 * trained * Math.max(0, Math.log(samples / dataset.images / 40));
    const regularised = regime.augmentation === 'none' ? 1 : 0.4;
    const best = regime.optimizer === 'adamw' ? Math.log(6e-4) : Math.log(0.012);
    const rate = 1 / (1 + 0.15 * (Math.log(regime.learningRate) - best - (trained === 0 ? 2 : 0)) ** 2);
    const scale = 0.7 * (Math.log2(regime.inputSize / member.nativeSize) - 0.25) ** 2;
    const strong = regime.augmentation === 'strong' && samples / dataset.images < 8 ? 0.3 : 0;
    const gained = (level - untrained) * reached * rate ** 0.5 + saturation * rate;
    return sigmoid(untrained + gained - overfit * regularised - scale - strong);
  },
};

export function someDatasets(rng: Rng, count: number): readonly WorldDataset[] {
  return Array.from({ length: count }, (_, i) => {
    const classes = rng.pick([4, 10, 20, 50, 100]);
    const images = Math.round(classes * 10 ** (1.3 + 1.2 * rng.next()));
    const separable = 0.15 + 0.6 * rng.next();
    return {
      name: `set-${i}`,
      hidden: 0.3 * rng.normal(),
      features: aDataset({
        images,
        classes,
        imagesPerClassMean: images / classes,
        resolution: rng.pick([32, 64, 128, 256, 500]),
        pixelMean: 0.3 + 0.4 * rng.next(),
        separability: 0.5 * separable - 0.3 + 0.05 * rng.normal(),
        nearestMeanAccuracy: separable,
      }),
    };
  });
}

/** Choices that the law knows nothing of. */
const unknownToLaw = { normStatistics: 'batch', headStart: 'random' } as const;

/** `count` finished runs of random regimes on a data set, as they would be stored. */
export function someRuns(rng: Rng, dataset: WorldDataset, count: number): readonly Experience[] {
  const shared = {
    features: dataset.features,
    counts: { trainImages: dataset.features.images, validationImages: 200 },
    timing: calibrate(world.zoo, []),
    costs: defaultRunCosts,
    cacheBytes: 1e9,
  };
  const runs: Experience[] = [];
  while (runs.length < count) {
    const budgetSeconds = rng.pick([30, 60, 180, 600]);
    // the first candidates are the default regimes; the last is random
    const drawn = candidates(world.zoo, { ...shared, seconds: budgetSeconds }, unknownToLaw, rng, 12).at(-1);
    if (!drawn) continue;
    const { member, regime, seconds } = drawn;
    const expected = world.accuracy(dataset.features, dataset.hidden, member, regime);
    runs.push({
      id: `${dataset.name}-${runs.length}`,
      finishedAt: '2026-01-01T00:00:00Z',
      dataset: dataset.name,
      features: dataset.features,
      member,
      regime,
      budgetSeconds,
      accuracy: sigmoid(logit(expected) + 0.08 * rng.normal()),
      activeSeconds: seconds,
      curve: [],
    });
  }
  return runs;
}
