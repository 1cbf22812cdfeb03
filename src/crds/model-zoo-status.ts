/** Status of a ModelZoo. Bounded: counts and the best few, never a list of all candidates. */
import { conditions } from './conditions.ts';
import { encoding, memberName, timestamp, words } from './fields.ts';
import { choice, type Infer, integer, list, number, object, optional } from './schema.ts';
import { artifact } from './storage.ts';
import { zooConditions } from './zoo-conditions.ts';

const count = (description: string) => integer({ description, min: 0 });
const accuracy = (description: string) => number({ description, min: 0, max: 1 });
const stepSeconds = number({ description: 'Seconds of one training step, measured.', min: 0 });

const frontEntry = object(
  { encoding: encoding('Architecture.'), accuracy: accuracy('Accuracy after proxy training.'), stepSeconds },
  { description: 'A candidate that no other beats in every objective.' },
);
export type FrontEntry = Infer<typeof frontEntry>;

const zooMember = object(
  {
    name: memberName('Name, as tasks choose it.'),
    encoding: encoding('Architecture.'),
    accuracy: optional(accuracy('Accuracy of its pre-training.')),
    stepSeconds: optional(stepSeconds),
    phase: choice(['Pending', 'Pretraining', 'Ready', 'Failed'], 'Where its pre-training stands.'),
    attempts: optional(count('Pre-training Jobs created.')),
  },
  { description: 'A network of the zoo.' },
);
export type ZooMemberStatus = Infer<typeof zooMember>;

export const modelZooStatus = object(
  {
    observedGeneration: optional(count('Generation of the spec that this status is for.')),
    phase: optional(
      choice(
        ['Pending', 'Searching', 'Pretraining', 'Suspended', 'Ready', 'Failed'],
        'Where the zoo stands, in one word. The conditions say more.',
      ),
    ),
    conditions: optional(conditions(zooConditions)),
    evaluations: optional(
      object(
        {
          done: count('Candidates evaluated.'),
          running: count('Candidates being evaluated.'),
          failed: count('Candidates that could not be evaluated.'),
          total: count('Candidates asked for.'),
        },
        { description: 'How far the search is.', atomic: true },
      ),
    ),
    front: optional(list(frontEntry, { description: 'The best of the front, fastest first.', maxItems: 20 })),
    members: optional(list(zooMember, { description: 'The networks of the zoo.', maxItems: 64, keys: ['name'] })),
    membersReady: optional(count('Members that have their weights.')),
    activeSeconds: optional(number({ description: 'Active seconds of all its pods so far.', min: 0 })),
    timeLeft: optional(words('Expected time left, for people.', 32)),
    artifact: optional(artifact('Where the zoo lies: its index and weights.')),
    startTime: optional(timestamp('When the first pod began to run.')),
    completionTime: optional(timestamp('When the zoo was ready, or failed.')),
  },
  { description: 'What became of it.' },
);
export type ModelZooStatus = Infer<typeof modelZooStatus>;
export type ZooPhase = NonNullable<ModelZooStatus['phase']>;
