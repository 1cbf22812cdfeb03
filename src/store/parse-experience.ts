import { addedChoices, type Experience } from '../planner/types.ts';

/** A record from outside: either sound, and then only with the fields that are known, or the reason why not. */
export type ParsedExperience =
  | { readonly experience: Experience; readonly reason?: never }
  | { readonly reason: string; readonly experience?: never };

/** As an export tells it. */
export interface OwnedExperience {
  readonly experience: Experience;
  /** The namespace that it belongs to; everybody's where absent. */
  readonly owner: string | undefined;
  readonly reason?: never;
}

class Refusal extends Error {}

type Field = (value: unknown, path: string) => unknown;

const refuse = (path: string, wanted: string): never => {
  throw new Refusal(`${path} must be ${wanted}`);
};

const between =
  (low: number, high: number): Field =>
  (value, path) =>
    typeof value === 'number' && value >= low && value <= high ? value : refuse(path, `from ${low} to ${high}`);

const integer =
  (low: number, high: number): Field =>
  (value, path) =>
    Number.isInteger(value) && (value as number) >= low && (value as number) <= high
      ? value
      : refuse(path, `a whole number from ${low} to ${high}`);

const above =
  (low: number, high: number): Field =>
  (value, path) =>
    typeof value === 'number' && value > low && value <= high ? value : refuse(path, `above ${low}, at most ${high}`);

const below =
  (low: number, high: number): Field =>
  (value, path) =>
    typeof value === 'number' && value >= low && value < high ? value : refuse(path, `from ${low}, below ${high}`);

/** For a field that records of before lack. */
const orElse =
  (other: unknown, field: Field): Field =>
  (value, path) =>
    value === undefined ? other : field(value, path);

const oneOf =
  (...choices: readonly string[]): Field =>
  (value, path) =>
    typeof value === 'string' && choices.includes(value) ? value : refuse(path, `one of ${choices.join(', ')}`);

const text =
  (pattern: RegExp, wanted: string): Field =>
  (value, path) =>
    typeof value === 'string' && pattern.test(value) ? value : refuse(path, wanted);

const record =
  (fields: Readonly<Record<string, Field>>): Field =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(path, 'an object');
    const given = value as Readonly<Record<string, unknown>>;
    const prefix = path === '' ? '' : `${path}.`;
    return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field(given[name], prefix + name)]));
  };

const list =
  (most: number, field: Field): Field =>
  (value, path) => {
    if (!Array.isArray(value) || value.length > most) return refuse(path, `a list of at most ${most}`);
    return value.map((item, i) => field(item, `${path}[${i}]`));
  };

const share = between(0, 1);
const seconds = above(0, 1e8);

const experience = record({
  id: text(/^[\w.:-]{1,100}$/, 'up to 100 letters, digits and . : _ -'),
  finishedAt: (value, path) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]{5,15}(Z|[+-]\d\d:\d\d)$/.test(value) && Date.parse(value) > 0
      ? value
      : refuse(path, 'an ISO 8601 time with a zone'),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  dataset: text(/^[^/\\\u0000-\u001f]{1,200}$/, 'a name of up to 200 characters, not a path'),
  features: record({
    images: integer(1, 1e9),
    classes: integer(2, 1e6),
    imagesPerClassMean: between(0, 1e9),
    imagesPerClassDeviation: between(0, 1e9),
    resolution: between(1, 1e5),
    colourShare: share,
    pixelMean: share,
    pixelDeviation: share,
    separability: between(-100, 100),
    nearestMeanAccuracy: between(-1, 1),
  }),
  member: record({
    name: text(/^.{1,100}$/, 'a name of up to 100 characters'),
    encoding: text(/^.{1,300}$/, 'up to 300 characters'),
    parametersM: above(0, 1e5),
    macsM: above(0, 1e8),
    nativeSize: integer(8, 4096),
    accuracy: share,
    stages: integer(0, 1000),
  }),
  regime: record({
    inputSize: integer(8, 4096),
    batchSize: integer(1, 65_536),
    steps: integer(1, 1e9),
    frozenStages: integer(0, 1000),
    normStatistics: orElse(addedChoices.normStatistics, oneOf('batch', 'stored')),
    headStart: orElse(addedChoices.headStart, oneOf('random', 'fitted')),
    optimizer: oneOf('sgd', 'adamw'),
    learningRate: above(0, 100),
    layerDecay: orElse(addedChoices.layerDecay, above(0, 1)),
    weightDecay: between(0, 10),
    schedule: oneOf('cosine', 'step', 'constant'),
    warmupShare: share,
    augmentation: oneOf('none', 'light', 'medium', 'strong'),
    mix: oneOf('none', 'mixup', 'cutmix'),
    labelSmoothing: below(0, 1),
    dropout: orElse(addedChoices.dropout, below(0, 1)),
    ema: below(0, 1),
    startShare: orElse(addedChoices.startShare, share),
    precision: oneOf('fp32', 'bf16'),
  }),
  budgetSeconds: seconds,
  accuracy: share,
  activeSeconds: seconds,
  curve: list(1000, record({ seconds: between(0, 1e8), accuracy: share })),
});

/** Rules that no single field shows; each gives a reason where it is broken. */
const agreements: readonly ((e: Experience) => string | undefined)[] = [
  ({ features }) => (features.classes > features.images ? 'features.classes must not exceed the images' : undefined),
  ({ member, regime }) =>
    regime.frozenStages > member.stages ? 'regime.frozenStages must not exceed member.stages' : undefined,
  ({ curve }) =>
    curve.some((point, i) => i > 0 && point.seconds < (curve[i - 1]?.seconds ?? 0))
      ? 'curve must ascend in time'
      : undefined,
];

/** Checks a record from outside; unknown fields are dropped. */
export function parseExperience(raw: unknown): ParsedExperience {
  try {
    // every field of Experience has its entry above; the compiler cannot follow the table
    const parsed = experience(raw, '') as Experience;
    for (const broken of agreements) {
      const reason = broken(parsed);
      if (reason !== undefined) return { reason };
    }
    return { experience: parsed };
  } catch (error) {
    if (error instanceof Refusal) return { reason: error.message.replace(/^ must/, 'the record must') };
    throw error;
  }
}

/** The same for a line of JSON. */
export function parseExperienceLine(
  line: string,
): OwnedExperience | { readonly reason: string; readonly experience?: never; readonly owner?: never } {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return { reason: 'the line is not JSON' };
  }
  const { experience, reason } = parseExperience(raw);
  if (experience === undefined) return { reason };
  const { owner } = raw as { readonly owner?: unknown };
  if (owner === undefined) return { experience, owner };
  return typeof owner === 'string' && /^[a-z0-9-]{1,63}$/.test(owner)
    ? { experience, owner }
    : { reason: 'owner must be the name of a namespace' };
}
