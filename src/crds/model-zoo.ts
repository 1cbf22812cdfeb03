/** ModelZoo: the set of pre-trained networks a task may start from. */
import { duration, encoding, memberName } from './fields.ts';
import type { apiVersion } from './group.ts';
import type { ResourceMeta } from './kubernetes.ts';
import { type ModelZooStatus, modelZooStatus } from './model-zoo-status.ts';
import { parseResource } from './parse-resource.ts';
import { pod, queueName, queueNameRule, resources } from './pod-options.ts';
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
import { dataSource, output, weightsSource } from './storage.ts';

const seed = withDefault(integer({ description: 'Seed of everything random.', min: 0, max: 4_294_967_295 }), 1);

const constraints = object(
  {
    maxParametersM: optional(number({ description: 'Most parameters, in millions.', min: 0.001, max: 10_000 })),
    maxStepSeconds: optional(number({ description: 'Longest training step, in seconds.', min: 0.000001, max: 3600 })),
  },
  { description: 'What a candidate must keep.' },
);

const objectives = list(choice(['accuracy', 'stepSeconds', 'parametersM', 'macsM'], 'An objective.'), {
  description: 'What the front trades off. Accuracy is to be high, the others low.',
  minItems: 1,
  maxItems: 4,
  keys: 'set',
});

const search = object(
  {
    evaluations: immutable(integer({ description: 'Candidates to evaluate.', min: 1, max: 5000 }), 'evaluations'),
    time: optional(duration('Active time after which no further candidate is begun. No limit where absent.')),
    population: immutable(
      withDefault(integer({ description: 'Candidates of a generation.', min: 4, max: 500 }), 24),
      'population',
    ),
    parallelism: withDefault(integer({ description: 'Candidates evaluated at one time.', min: 1, max: 256 }), 2),
    objectives: immutable(withDefault(objectives, ['accuracy', 'stepSeconds']), 'objectives'),
    constraints: immutable(withDefault(constraints, {}), 'constraints'),
    seed: immutable(seed, 'seed'),
  },
  { description: 'The search for architectures. Absent, the zoo holds its imports alone.' },
);

const pretraining = object(
  {
    epochs: withDefault(integer({ description: 'Passes over the data.', min: 1, max: 1000 }), 60),
    teacher: optional(
      memberName(
        'Name of an import whose answers to the proxy data the members learn from beside the labels; it may have been trained on other classes.',
      ),
    ),
  },
  { description: 'How each member gets its weights.' },
);

const zooImport = object(
  {
    name: memberName('Name, as tasks choose it.'),
    encoding: encoding('Architecture of the weights.'),
    weights: weightsSource('The weights: safetensors, or .pth and .pt of PyTorch.'),
    nativeSize: withDefault(
      integer({ description: 'Input size of their pre-training in pixels.', min: 16, max: 512 }),
      224,
    ),
    accuracy: optional(number({ description: 'Top-1 accuracy on their own data set, as published.', min: 0, max: 1 })),
  },
  { description: 'A network that exists already.' },
);

interface Parts {
  readonly proxyData?: unknown;
  readonly search?: unknown;
  readonly imports: readonly unknown[];
}

export const modelZooSpec = object(
  {
    proxyData: optional(dataSource('The data set of the search and of the pre-training.')),
    search: optional(search),
    size: immutable(withDefault(integer({ description: 'Members to keep of the front.', min: 1, max: 48 }), 8), 'size'),
    pretraining: immutable(withDefault(pretraining, {}), 'pretraining'),
    imports: immutable(
      withDefault(list(zooImport, { description: 'Networks to import.', maxItems: 16, keys: ['name'] }), []),
      'imports',
    ),
    resources: withDefault(resources, {}),
    pod: withDefault(pod, {}),
    queueName: optional(queueName),
    suspend: withDefault(flag('Hold the zoo: running pods write their checkpoints and end.'), false),
    output: immutable(output('Where to write the zoo: index, weights and search history.'), 'output'),
  },
  {
    description: 'What is asked for.',
    rules: [
      ...immutableFields('proxyData'),
      {
        rule: 'has(self.search) == has(oldSelf.search)',
        message: 'search cannot be added or removed; create a new zoo instead.',
      },
      queueNameRule,
      {
        rule: 'has(self.search) || self.imports.size() > 0',
        message: 'Give a search, or imports, or both: the zoo would be empty.',
        holds: (value: Parts) => value.search !== undefined || value.imports.length > 0,
      },
      {
        rule: '!has(self.search) || has(self.proxyData)',
        message: 'search needs proxyData to evaluate its candidates on.',
        holds: (value: Parts) => value.search === undefined || value.proxyData !== undefined,
      },
    ],
  },
);
export type ModelZooSpec = Infer<typeof modelZooSpec>;

export interface ModelZoo {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'ModelZoo';
  readonly metadata: ResourceMeta;
  readonly spec: ModelZooSpec;
  readonly status?: ModelZooStatus;
}

/** A zoo as the API server gives it, with defaults filled in. Throws InputError that names the field. */
export function parseModelZoo(raw: unknown): ModelZoo {
  return parseResource(raw, 'ModelZoo', modelZooSpec, modelZooStatus);
}
