/**
 * The planner's words in the API: a data set's features, a regime, a prediction, a measured step. The shapes are those
 * of `src/planner/types.ts`, which this folder may not import; test/crds/planner-shapes.test.ts holds them equal.
 */
import { memberName, words } from './fields.ts';
import { choice, flag, type Infer, integer, number, object, optional, withDefault } from './schema.ts';

const share = (description: string) => number({ description, min: 0, max: 1 });
const seconds = (description: string) => number({ description, min: 0 });

/** One entry for each choice of a regime. The limits are those of the options of `nasoa tune`. */
const choices = {
  inputSize: integer({ description: 'Side of the square input in pixels.', min: 16, max: 512 }),
  batchSize: integer({ description: 'Images of a training step.', min: 1, max: 1024 }),
  frozenStages: integer({
    description: "First stages of the network that are not trained. 0 trains all; the member's number trains the head.",
    min: 0,
    max: 64,
  }),
  normStatistics: choice(
    ['batch', 'stored'],
    'Statistics that the batch norms of trained stages go by: those of each batch, or those of the pre-training.',
  ),
  headStart: choice(
    ['random', 'fitted'],
    'What the head starts from: random numbers, or a fit to the features of some training images.',
  ),
  optimizer: choice(['sgd', 'adamw'], 'Optimizer.'),
  learningRate: number({ description: 'Peak learning rate, reached after the warm-up.', min: 1e-7, max: 10 }),
  layerDecay: number({
    description:
      'Learning rate of a stage over that of the stage after it. The head has the whole; 1 gives all the same.',
    min: 0.1,
    max: 1,
  }),
  weightDecay: number({ description: 'Weight decay.', min: 0, max: 1 }),
  schedule: choice(['cosine', 'step', 'constant'], 'How the learning rate falls after the warm-up.'),
  warmupShare: number({ description: 'Share of the steps in which the learning rate rises.', min: 0, max: 0.9 }),
  augmentation: choice(['none', 'light', 'medium', 'strong'], 'How much training images are changed at random.'),
  mix: choice(['none', 'mixup', 'cutmix'], 'How images of a batch are blended.'),
  labelSmoothing: number({ description: 'Share of the label spread over all classes.', min: 0, max: 0.5 }),
  dropout: number({ description: 'Share of the pooled features that drop out before the head.', min: 0, max: 0.9 }),
  ema: number({ description: "Decay of the weights' moving average. 0 keeps none.", min: 0, max: 0.99999 }),
  startShare: share('Share of the weights that training began with in those that come out of it.'),
  precision: choice(['fp32', 'bf16'], 'Precision of the arithmetic.'),
} as const;

export const regimeOverrides = object(
  {
    inputSize: optional(choices.inputSize),
    batchSize: optional(choices.batchSize),
    frozenStages: optional(choices.frozenStages),
    normStatistics: optional(choices.normStatistics),
    headStart: optional(choices.headStart),
    optimizer: optional(choices.optimizer),
    learningRate: optional(choices.learningRate),
    layerDecay: optional(choices.layerDecay),
    weightDecay: optional(choices.weightDecay),
    schedule: optional(choices.schedule),
    warmupShare: optional(choices.warmupShare),
    augmentation: optional(choices.augmentation),
    mix: optional(choices.mix),
    labelSmoothing: optional(choices.labelSmoothing),
    dropout: optional(choices.dropout),
    ema: optional(choices.ema),
    startShare: optional(choices.startShare),
    precision: optional(choices.precision),
  },
  {
    description:
      'Choices of the regime that are made already. The planner makes the others, and the number of steps follows ' +
      'from the budget.',
  },
);
export type RegimeOverrides = Infer<typeof regimeOverrides>;

/** A whole regime, as a plan states it. */
export const regime = object(
  {
    ...choices,
    // plans of before have none of these
    normStatistics: withDefault(choices.normStatistics, 'batch'),
    headStart: withDefault(choices.headStart, 'random'),
    layerDecay: withDefault(choices.layerDecay, 1),
    dropout: withDefault(choices.dropout, 0),
    startShare: withDefault(choices.startShare, 0),
    steps: integer({ description: 'Training steps.', min: 1, max: 1_000_000_000 }),
  },
  { description: 'Every choice of the run but the network.' },
);
export type Regime = Infer<typeof regime>;

export const datasetFeatures = object(
  {
    images: integer({ description: 'Training images.', min: 0 }),
    classes: integer({ description: 'Classes.', min: 0 }),
    imagesPerClassMean: number({ description: 'Mean number of training images of a class.', min: 0 }),
    imagesPerClassDeviation: number({ description: 'Standard deviation of that number.', min: 0 }),
    resolution: number({ description: "Median of the images' shorter sides in pixels.", min: 0 }),
    colourShare: share('Share of the images that are not grey.'),
    pixelMean: share('Mean of the pixels.'),
    pixelDeviation: share('Standard deviation of the pixels.'),
    separability: number({ description: "LogME of a sample's features in the zoo's smallest member." }),
    nearestMeanAccuracy: number({
      description: 'Leave-one-out nearest-class-mean accuracy in the same features, minus chance.',
      min: -1,
      max: 1,
    }),
  },
  { description: 'What is known of the data set before any training, and what the prediction rests on.' },
);
export type DatasetFeatures = Infer<typeof datasetFeatures>;

export const prediction = object(
  {
    accuracy: share('Expected top-1 accuracy on the validation split.'),
    low: share('Lower end of the interval of that accuracy.'),
    high: share('Upper end of the interval.'),
    seconds: seconds('Expected active seconds of decoding, training and evaluation.'),
  },
  { description: 'What the predictor expects of the run.' },
);
export type Prediction = Infer<typeof prediction>;

export const choiceOfRun = object(
  { member: memberName('Member of the zoo.'), regime, predicted: prediction },
  { description: 'A member, a regime, and what the predictor expects of them.' },
);
export type Choice = Infer<typeof choiceOfRun>;

export const pastTask = object(
  {
    dataset: words('Its name.', 253),
    images: optional(integer({ description: 'Its images; several parts of one data set differ in them.', min: 0 })),
    member: memberName('Member of its best run.'),
    accuracy: share('Top-1 accuracy of that run.'),
    seconds: seconds('Active seconds of that run.'),
    distance: number({ description: 'From the data set of the plan; below 1 the two are of a kind.', min: 0 }),
  },
  { description: 'A data set of finished runs, by its best run.' },
);

export const reason = object(
  {
    dimension: choice(
      ['member', 'inputSize', 'frozenStages', 'optimizer', 'augmentation', 'mix', 'batchSize', 'schedule'],
      'What was chosen.',
    ),
    choice: words('How.', 63),
    alternative: words('The best other choice.', 63),
    loss: share('Cautious accuracy that the other choice is predicted to lose.'),
  },
  { description: 'The best candidate that chooses otherwise in one respect.' },
);

export const target = object(
  {
    accuracy: share('Accuracy that was asked for.'),
    isExpected: flag('Whether the plan is expected to reach it. Else it is the most accurate one.'),
  },
  { description: 'The shortest run to an accuracy was asked for.' },
);

export const budgetPoint = object(
  {
    budgetSeconds: seconds('Active seconds.'),
    member: memberName('Member of the best plan for that budget.'),
    accuracy: share('Its expected top-1 accuracy.'),
  },
  { description: 'What a budget would buy.' },
);

export const measuredStep = object(
  {
    member: memberName('Member of the zoo.'),
    inputSize: integer({ description: 'Side of the square input in pixels.', min: 1 }),
    batchSize: integer({ description: 'Images of the step.', min: 1 }),
    frozenStages: integer({ description: 'Stages that were not trained.', min: 0 }),
    cachedFeatures: flag('Whether the frozen stages were computed beforehand.'),
    precision: optional(choice(['fp32', 'bf16'], 'Precision of the arithmetic. fp32 where absent.')),
    seconds: seconds('Seconds of the step.'),
  },
  { description: 'One training step, measured on the node.' },
);
export type MeasuredStep = Infer<typeof measuredStep>;
