import type { Rng } from '../lib/rng.ts';
import { cachedBytes } from './caching.ts';
import { runBytes } from './memory.ts';
import { type RunCosts, type RunCounts, type RunEstimate, runSeconds } from './run-time.ts';
import type { Timing } from './timing.ts';
import { type DatasetFeatures, type MemberInfo, type Regime, usesCachedFeatures } from './types.ts';

/** What a regime is chosen for: everything that its dimensions depend on. */
export interface RegimeSpace {
  readonly member: MemberInfo;
  readonly features: DatasetFeatures;
  readonly counts: RunCounts;
  readonly timing: Timing;
  readonly costs: RunCosts;
  /** Active seconds left for the run. */
  readonly seconds: number;
  /** Cached activations beyond this are not considered. */
  readonly cacheBytes: number;
  /** Memory of the process; without a bound where absent. */
  readonly memoryBytes?: number | undefined;
}

type Draft = { -readonly [K in keyof Regime]: Regime[K] };

type Dimensions = {
  readonly [K in keyof Regime]: (space: RegimeSpace, draft: Readonly<Regime>) => readonly Regime[K][];
};

const inputSizes = [32, 48, 64, 80, 96, 112, 128, 160, 192, 224] as const;
const batchSizes = [8, 16, 32, 64, 128] as const;
/** Beyond this many visits to each image nothing is gained. */
export const maximumEpochs = 150;
/** Epochs below which blending images only slows the fit down. */
const mixEpochs = 6;
/** Shares of the time left that a run may fill: mostly all of it; less serves tasks that overfit. */
const timeShares = [1, 1, 1, 0.75, 0.5, 0.3] as const;
/** Visits to each image before which no run overfits. */
const soundEpochs = 4;
/** Epochs for which a default regime gives up detail, and with cached activations, whose head was fitted to most images. */
const [defaultEpochs, defaultCachedEpochs] = [2, 1];
/** Steps for which it does so too: few images do not make up for too few of them. */
const defaultSteps = 65;
/** How many times larger images have to become for it to be worth keeping the first stages as they are. */
const clearlyLarger = 1.25;
/** How many times larger than they are images may be made. */
const mostEnlarged = 4;
/** Shares of the start from mild to where a head that is fitted to frozen features is near. */
const startShares = [0.25, 0.5, 0.75] as const;
/** Most dimensions in which a neighbour of the default regime differs by choice. */
const nearestChanges = 3;
/** Steps below which there is no training to speak of. */
const fewestSteps = 10;

/**
 * The candidate space: one entry a dimension, giving its choices from the space and from the dimensions above it
 * (they are drawn in this order). No choice left means that the draft is given up.
 */
export const dimensions: Dimensions = {
  inputSize: ({ member, features }) => {
    // enlarging adds no detail, but brings it to the scale that a network learnt to read: its price is time alone.
    // Beyond twice or below two sevenths of its native size it reads the wrong scale
    const sensible = (size: number) =>
      size <= Math.max(32, mostEnlarged * features.resolution) &&
      size <= 2 * member.nativeSize &&
      3.5 * size >= Math.min(member.nativeSize, 224);
    const fitting = inputSizes.filter(sensible);
    return fitting.length > 0 ? fitting : [nearestSize(member.nativeSize)];
  },
  frozenStages: ({ member }) => Array.from({ length: member.stages + 1 }, (_, k) => k),
  // the statistics of a batch of few, small images are worse than those of all of ImageNet, until much was trained
  normStatistics: ({ member }, { frozenStages }) =>
    frozenStages < member.stages ? ['stored', 'stored', 'batch'] : ['stored'],
  headStart: () => ['fitted', 'fitted', 'random'],
  augmentation: (_, { frozenStages }) =>
    // 'none' twice where it buys cached activations
    frozenStages > 0 ? ['none', 'none', 'light', 'medium', 'strong'] : ['none', 'light', 'medium', 'strong'],
  batchSize: ({ counts }) => {
    const fitting = batchSizes.filter((size) => size <= counts.trainImages);
    return fitting.length > 0 ? fitting : [Math.max(1, counts.trainImages)];
  },
  precision: ({ timing }) => timing.precisions,
  steps: (space, draft) => stepChoices(space, draft),
  mix: ({ counts }, { augmentation, steps, batchSize }) =>
    augmentation === 'none' || augmentation === 'light' || steps * batchSize < mixEpochs * counts.trainImages
      ? ['none']
      : ['none', 'mixup', 'cutmix'],
  optimizer: () => ['sgd', 'adamw'],
  learningRate: ({ member }, { optimizer, frozenStages }) => {
    // a head alone starts from nothing and bears, and needs, a larger rate than pre-trained weights
    const headOnly = frozenStages === member.stages;
    if (optimizer === 'adamw') {
      return headOnly ? [1e-3, 2e-3, 5e-3, 1e-2, 2e-2] : [1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 4e-3];
    }
    return headOnly ? [0.03, 0.1, 0.2, 0.5, 1] : [2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1];
  },
  // pre-trained features of the first stages serve most tasks as they are
  layerDecay: ({ member }, { frozenStages }) => (member.stages - frozenStages > 1 ? [1, 1, 0.8, 0.6] : [1]),
  weightDecay: (_, { optimizer }) => (optimizer === 'adamw' ? [0, 0.01, 0.05] : [0, 1e-4, 5e-4]),
  schedule: () => ['cosine', 'cosine', 'step', 'constant'],
  warmupShare: (_, { steps }) => (steps < 50 ? [0.1] : [0.03, 0.1]),
  labelSmoothing: () => [0, 0.1],
  dropout: () => [0, 0, 0.2],
  // an average over 100 steps needs several times as many to forget the start
  ema: (_, { steps }) => (steps >= 400 ? [0, 0.99] : [0]),
  startShare: ({ member }, draft) => (mayGoBack(draft, member) ? [0, 0, ...startShares] : [0]),
};

/**
 * Whether weights between the start and the end of a run may be better than both: where the head began with nothing, or
 * statistics have changed, they are not.
 */
export const mayGoBack = (
  { headStart, normStatistics, frozenStages }: Pick<Regime, 'headStart' | 'normStatistics' | 'frozenStages'>,
  { stages }: Pick<MemberInfo, 'stages'>,
): boolean => headStart === 'fitted' && normStatistics === 'stored' && frozenStages < stages;

const order = Object.keys(dimensions) as readonly (keyof Regime)[];

/** Sound for nearly every task; what a candidate is before its dimensions are drawn. */
export const baseRegime: Regime = {
  inputSize: 64,
  batchSize: 32,
  steps: 0,
  frozenStages: 0,
  normStatistics: 'stored',
  headStart: 'fitted',
  optimizer: 'adamw',
  learningRate: 3e-4,
  layerDecay: 1,
  weightDecay: 0.01,
  schedule: 'cosine',
  warmupShare: 0.1,
  augmentation: 'light',
  mix: 'none',
  labelSmoothing: 0.1,
  dropout: 0,
  ema: 0,
  startShare: 0.25,
  precision: 'fp32',
};

/** One random regime of the space with the overrides held fixed; undefined where nothing fits. */
export function sampleRegime(space: RegimeSpace, overrides: Partial<Regime>, rng: Rng): Regime | undefined {
  const draft: Draft = { ...baseRegime, ...overrides };
  for (const dimension of order) {
    if (overrides[dimension] === undefined && !draw(dimension, draft, space, rng)) return undefined;
  }
  return admits(space, draft) ? draft : undefined;
}

function draw<K extends keyof Regime>(dimension: K, draft: Draft, space: RegimeSpace, rng: Rng): boolean {
  const choices = dimensions[dimension](space, draft);
  if (choices.length === 0) return false;
  draft[dimension] = rng.pick(choices);
  return true;
}

/**
 * What somebody does who knows the trade but not this data set, the sounder for the time first: AdamW with a cosine over all
 * the time there is, at the native input size or the largest below it that leaves time for some epochs. Either everything is
 * trained; or the first half of the stages stays as it is and its activations are computed once, which is sounder where it
 * lets images be clearly larger. Empty where not even the fewest steps fit.
 */
export function defaultRegimes(space: RegimeSpace, overrides: Partial<Regime> = {}): readonly Regime[] {
  const half = { frozenStages: Math.ceil(space.member.stages / 2), augmentation: 'none', ...overrides } as const;
  const [whole, frozen] = [filled(space, overrides), filled(space, half)];
  // without a cache there is nothing in it
  const cached = frozen && frozen.frozenStages > 0 && usesCachedFeatures(frozen) ? frozen : undefined;
  const isWorthIt = cached && whole && cached.inputSize >= clearlyLarger * whole.inputSize;
  const ordered = isWorthIt || !whole ? [cached, whole] : [whole, cached];
  return ordered.filter((regime) => regime !== undefined);
}

/** The first of `defaultRegimes`. */
export const defaultRegime = (space: RegimeSpace, overrides: Partial<Regime> = {}): Regime | undefined =>
  defaultRegimes(space, overrides)[0];

/** The base regime with those choices and all the time there is; undefined where that cannot be. */
function filled(space: RegimeSpace, choices: Partial<Regime>): Regime | undefined {
  const batchSize = Math.max(1, Math.min(baseRegime.batchSize, space.counts.trainImages));
  const draft: Draft = { ...baseRegime, batchSize, ...choices };
  if (choices.startShare === undefined && !mayGoBack(draft, space.member)) draft.startShare = 0;
  if (choices.inputSize === undefined) draft.inputSize = defaultSize(space, draft);
  if (choices.steps === undefined) {
    const steps = stepChoices(space, draft)[0];
    if (steps === undefined) return undefined;
    draft.steps = steps;
  }
  return admits(space, draft) ? draft : undefined;
}

/**
 * A neighbour of a regime of the space: up to `nearestChanges` of its dimensions drawn anew, and whatever no longer goes
 * with them; the steps fill the time anew. Undefined where nothing fits.
 */
export function nearRegime(
  space: RegimeSpace,
  start: Regime,
  overrides: Partial<Regime>,
  rng: Rng,
): Regime | undefined {
  const draft: Draft = { ...start };
  const free = order.filter((dimension) => dimension !== 'steps' && overrides[dimension] === undefined);
  const changed = new Set(rng.shuffle(free).slice(0, 1 + rng.int(nearestChanges)));
  const isKept = <K extends keyof Regime>(dimension: K): boolean =>
    overrides[dimension] !== undefined ||
    (dimension !== 'steps' &&
      !changed.has(dimension) &&
      dimensions[dimension](space, draft).includes(draft[dimension]));
  for (const dimension of order) {
    if (!isKept(dimension) && !draw(dimension, draft, space, rng)) return undefined;
  }
  return admits(space, draft) ? draft : undefined;
}

/** A network reads half of its native size well after some training; epochs are then worth more than detail. */
function defaultSize(space: RegimeSpace, draft: Readonly<Regime>): number {
  const { nativeSize } = space.member;
  const sensible = dimensions.inputSize(space, draft).filter((size) => size <= nativeSize);
  const detailed = sensible.filter((size) => 2.4 * size >= nativeSize);
  // images of less detail than that are not enlarged for it
  const sizes = detailed.length > 0 ? detailed : sensible;
  const epochs = usesCachedFeatures(draft) ? defaultCachedEpochs : defaultEpochs;
  const wanted = Math.max(defaultSteps, (epochs * space.counts.trainImages) / draft.batchSize);
  const leavesTime = (inputSize: number) =>
    estimateRun(space, { ...draft, inputSize }).stepsWithin(space.seconds) >= wanted;
  return sizes.findLast(leavesTime) ?? sizes[0] ?? nearestSize(nativeSize);
}

/** Steps for several shares of the time left, the longest first; empty where not even the fewest fit. */
function stepChoices(space: RegimeSpace, draft: Regime): readonly number[] {
  const estimate = estimateRun(space, draft);
  const fewest = fewestStepsOf(space, draft);
  const most = Math.ceil((maximumEpochs * space.counts.trainImages) / draft.batchSize);
  const fitting = (share: number) => Math.min(most, estimate.stepsWithin(share * space.seconds));
  const sound = Math.min(fitting(1), Math.ceil((soundEpochs * space.counts.trainImages) / draft.batchSize));
  return timeShares.map(fitting).filter((steps) => steps >= Math.max(fewest, sound));
}

/** A few steps, and enough for each class to have been seen. */
export function fewestStepsOf({ features, counts }: RegimeSpace, { batchSize }: Regime): number {
  return Math.max(fewestSteps, Math.ceil(Math.min(counts.trainImages, 4 * features.classes) / batchSize));
}

/** Whether a complete regime, overrides included, can run at all and in time. */
function admits(space: RegimeSpace, regime: Regime): boolean {
  const { member, counts, timing, memoryBytes = Number.POSITIVE_INFINITY } = space;
  if (regime.frozenStages > member.stages || regime.batchSize > Math.max(1, counts.trainImages)) return false;
  if (!timing.precisions.includes(regime.precision)) return false;
  const images = counts.trainImages + counts.validationImages;
  if (usesCachedFeatures(regime) && (cachedBytes(member, regime, images) ?? 0) > space.cacheBytes) return false;
  if ((runBytes(member, regime, images) ?? 0) > memoryBytes) return false;
  // the steps were chosen to fill the time: rounding must not refuse them
  return estimateRun(space, regime).seconds <= space.seconds * (1 + 1e-9);
}

export const estimateRun = (space: RegimeSpace, regime: Regime): RunEstimate =>
  runSeconds(space.member, regime, space.counts, space.timing, space.costs);

const nearestSize = (pixels: number): number =>
  inputSizes.reduce((best, size) => (Math.abs(size - pixels) < Math.abs(best - pixels) ? size : best));
