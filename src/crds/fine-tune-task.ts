/** FineTuneTask: one request to fine-tune on one data set within one budget. */
import { parseDuration } from '../lib/duration.ts';
import { duration, memberName, objectName } from './fields.ts';
import { type FineTuneTaskStatus, fineTuneTaskStatus } from './fine-tune-task-status.ts';
import type { apiVersion } from './group.ts';
import type { ResourceMeta } from './kubernetes.ts';
import { parseResource } from './parse-resource.ts';
import { pod, queueName, queueNameRule, resources } from './pod-options.ts';
import { regimeOverrides } from './regime.ts';
import {
  choice,
  flag,
  type Infer,
  immutable,
  immutableFields,
  integer,
  list,
  number,
  object,
  optional,
  withDefault,
} from './schema.ts';
import { dataSource, output } from './storage.ts';

interface Limits {
  readonly time?: string;
  readonly pricePerHour?: number;
  readonly maxCost?: number;
}

const budget = object(
  {
    time: optional(
      duration(
        'Active time: from first reading the data to the trained weights, over all suspensions and retries. ' +
          'Queueing, pulling the image, the final evaluation and the export do not count.',
      ),
    ),
    pricePerHour: optional(
      number({ description: 'Price of an hour of one pod, in any currency.', min: 0.000001, max: 1_000_000 }),
    ),
    targetAccuracy: optional(
      number({
        description:
          'Plan the shortest run, and so the cheapest, that is expected to reach this top-1 accuracy. The most accurate one within the limits where absent.',
        min: 0.001,
        max: 1,
      }),
    ),
    maxCost: optional(
      number({ description: 'Ceiling of the cost, in the same currency.', min: 0.000001, max: 1_000_000_000 }),
    ),
  },
  {
    description: 'What the task may spend. Where both limits are given, the one that is reached first counts.',
    rules: [
      {
        rule: 'has(self.time) || has(self.maxCost)',
        message: 'Give a limit: time, or maxCost with pricePerHour.',
        holds: ({ time, maxCost }: Limits) => time !== undefined || maxCost !== undefined,
      },
      {
        rule: '!has(self.maxCost) || has(self.pricePerHour)',
        message: 'maxCost needs pricePerHour, to know how long it lasts.',
        holds: ({ maxCost, pricePerHour }: Limits) => maxCost === undefined || pricePerHour !== undefined,
      },
    ],
  },
);

export const fineTuneTaskSpec = object(
  {
    zooRef: optional(
      object(
        { name: objectName('Name of a ModelZoo in the same namespace.') },
        { description: 'The zoo to start from. The one inside the image of the trainer where absent.' },
      ),
    ),
    data: immutable(dataSource('The data set to fine-tune on.'), 'data'),
    budget: immutable(budget, 'budget'),
    regime: optional(regimeOverrides),
    prefer: withDefault(
      choice(
        ['mean', 'balanced', 'lower-bound'],
        'What plans are ranked by: their expected accuracy, that less a part of its uncertainty, or less all of it.',
      ),
      'balanced',
    ),
    replan: withDefault(
      flag(
        'Change the plan while it is carried out: where the run falls out of what was predicted of it, its schedule is cut or the time left is given to a runner-up.',
      ),
      false,
    ),
    members: optional(
      list(memberName('Name of a member.'), {
        description: 'Members of the zoo that may be chosen. All where absent.',
        minItems: 1,
        maxItems: 64,
        keys: 'set',
      }),
    ),
    seed: immutable(
      withDefault(integer({ description: 'Seed of everything random.', min: 0, max: 4_294_967_295 }), 1),
      'seed',
    ),
    resources: withDefault(resources, {}),
    pod: withDefault(pod, {}),
    queueName: optional(queueName),
    suspend: withDefault(
      flag('Hold the task: a running pod writes its checkpoint and ends; no active time passes until it goes on.'),
      false,
    ),
    startDeadline: optional(
      duration('How long the task may wait for a pod to run, each time that it asks for one. Any time where absent.'),
    ),
    retries: withDefault(
      integer({
        description:
          'Failures to bear before the task fails. Preempted and evicted pods are not counted. The next attempt follows ' +
          '10 seconds after the first failure, and twice as long after each further one, up to 6 minutes.',
        min: 0,
        max: 10,
      }),
      3,
    ),
    ttlAfterFinished: optional(
      duration('When to delete the task after it finished. Its artifact and experience stay. Never where absent.'),
    ),
    output: immutable(output('Where to write the trained model, the report and the checkpoint.'), 'output'),
  },
  {
    description: 'What is asked for.',
    rules: [...immutableFields('zooRef', 'regime', 'members', 'prefer', 'replan'), queueNameRule],
  },
);
export type FineTuneTaskSpec = Infer<typeof fineTuneTaskSpec>;

export interface FineTuneTask {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'FineTuneTask';
  readonly metadata: ResourceMeta;
  readonly spec: FineTuneTaskSpec;
  readonly status?: FineTuneTaskStatus;
}

/** A task as the API server gives it, with defaults filled in. Throws InputError that names the field. */
export function parseFineTuneTask(raw: unknown): FineTuneTask {
  return parseResource(raw, 'FineTuneTask', fineTuneTaskSpec, fineTuneTaskStatus);
}

/** Active seconds that a budget allows: its time, or what its cost pays for, whichever ends first. */
export function budgetSeconds({ time, maxCost, pricePerHour }: FineTuneTaskSpec['budget']): number {
  const byTime = time === undefined ? Number.POSITIVE_INFINITY : parseDuration(time, 'budget');
  const byCost =
    maxCost === undefined || pricePerHour === undefined ? Number.POSITIVE_INFINITY : (maxCost / pricePerHour) * 3600;
  return Math.min(byTime, byCost, longestBudgetSeconds);
}

/** An experience admits no more; three years. */
const longestBudgetSeconds = 1e8;
