/** Status of a FineTuneTask. Bounded: counts and the best few, never a list that grows with the work. */
import { conditions } from './conditions.ts';
import { memberName, timestamp, words } from './fields.ts';
import {
  budgetPoint,
  choiceOfRun,
  datasetFeatures,
  measuredStep,
  pastTask,
  prediction,
  reason,
  regime,
  target,
} from './regime.ts';
import { choice, flag, type Infer, integer, list, number, object, optional } from './schema.ts';
import { artifact } from './storage.ts';
import { taskConditions } from './task-conditions.ts';

/** Measured steps that a status keeps. */
export const mostSteps = 32;

const count = (description: string) => integer({ description, min: 0 });
const share = (description: string) => number({ description, min: 0, max: 1 });
const seconds = (description: string) => number({ description, min: 0 });

export const taskProfile = object(
  {
    features: datasetFeatures,
    trainImages: count('Images to train on.'),
    validationImages: count('Images to validate on.'),
    skipped: count('Files that cannot be used.'),
    steps: list(measuredStep, { description: 'Training steps measured on the node.', maxItems: mostSteps }),
    decodeSecondsPerImage: seconds('Reading, decoding and scaling one image, all workers together.'),
    startSeconds: seconds('Starting workers, graph and session.'),
    workers: optional(count('Workers that decode images on the node.')),
    seconds: seconds('Active seconds that the profile took.'),
  },
  { description: 'What was measured of the data set and of the node, before planning.', atomic: true },
);
export type TaskProfile = Infer<typeof taskProfile>;

export const taskPlan = object(
  {
    member: memberName('Member of the zoo to start from.'),
    regime,
    predicted: prediction,
    coverage: share('Nominal coverage of the intervals.'),
    confidence: choice(
      ['Usual', 'Low'],
      'Low where the data set is unlike all that the predictor has learnt from. The plan is a safe choice then.',
    ),
    doubt: optional(words('Why the confidence is low.', 256)),
    nearest: list(pastTask, { description: 'Data sets of finished runs that are most like this one.', maxItems: 3 }),
    reasons: list(reason, { description: 'What mattered most in the choice.', maxItems: 5 }),
    target: optional(target),
    tradeOff: list(budgetPoint, { description: 'What smaller and larger budgets would buy.', maxItems: 5 }),
    predictor: object(
      {
        name: words('Name.', 64),
        version: count('Version of its state.'),
        experiences: count('Finished runs that it has learned from.'),
      },
      { description: 'The predictor that judged the candidates.' },
    ),
    candidates: count('Candidates considered.'),
    fitting: count('How many of them fit into the budget.'),
    runnersUp: list(choiceOfRun, {
      description: 'The next best choices of clearly different member or regime.',
      maxItems: 5,
    }),
    plannedAt: timestamp('When the plan was made.'),
  },
  { description: 'Network and regime, chosen before any training pod exists.', atomic: true },
);
export type TaskPlan = Infer<typeof taskPlan>;

const replanned = object(
  {
    action: choice(
      ['Annealed', 'Switched'],
      'Annealed: the schedule was cut. Switched: the time left was given to another choice.',
    ),
    seconds: seconds('Active seconds at which it was decided.'),
    accuracy: share('Accuracy that was seen then.'),
    low: share('Lower end of what was expected of the plan by then.'),
    high: share('Upper end of that.'),
    choice: optional(choiceOfRun),
  },
  { description: 'How the run went on otherwise than planned, where it may (spec.replan).' },
);

export const taskResult = object(
  {
    accuracy: share('Top-1 accuracy on the validation split.'),
    top5Accuracy: optional(share('Top-5 accuracy on the same.')),
    macroF1: optional(share('Mean F1 of the classes.')),
    images: count('Usable images of both splits.'),
    classes: count('Classes.'),
    seconds: seconds('Active seconds of the whole task.'),
    steps: optional(count('Training steps that were run, in batches of the plan.')),
    replanned: optional(replanned),
  },
  { description: 'What came of the task.', atomic: true },
);
export type TaskResult = Infer<typeof taskResult>;

const progress = object(
  {
    step: count('Steps done.'),
    steps: count('Steps planned.'),
    accuracy: optional(share('Accuracy at the last evaluation.')),
    secondsLeft: optional(seconds('Expected active seconds left.')),
    lastReportTime: timestamp('When the pod last reported.'),
  },
  { description: 'How far the training is.', atomic: true },
);

export const fineTuneTaskStatus = object(
  {
    observedGeneration: optional(count('Generation of the spec that this status is for.')),
    phase: optional(
      choice(
        ['Pending', 'Profiling', 'Planning', 'Starting', 'Running', 'Suspended', 'Complete', 'Failed'],
        'Where the task stands, in one word. The conditions say more.',
      ),
    ),
    conditions: optional(conditions(taskConditions)),
    profile: optional(taskProfile),
    plan: optional(taskPlan),
    progress: optional(progress),
    activeSeconds: optional(seconds('Active seconds spent so far, over all suspensions and retries.')),
    timeLeft: optional(words('Expected time left, for people.', 32)),
    attempts: optional(
      object(
        {
          profile: count('Profile Jobs created.'),
          training: count('Training Jobs created.'),
          memoryPlan: count('How often batch and caches were halved for want of memory.'),
        },
        { description: 'How often it was tried.', atomic: true },
      ),
    ),
    result: optional(taskResult),
    artifact: optional(artifact('Where the trained model lies.')),
    experienceStored: optional(flag('Whether the finished run was kept as experience.')),
    startTime: optional(timestamp('When the first pod began to run.')),
    completionTime: optional(timestamp('When the task finished, either way.')),
  },
  { description: 'What became of it.' },
);
export type FineTuneTaskStatus = Infer<typeof fineTuneTaskStatus>;
export type TaskPhase = NonNullable<FineTuneTaskStatus['phase']>;
