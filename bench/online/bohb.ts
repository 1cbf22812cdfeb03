/** BOHB over the members and regimes that the planner chooses from: a trial is a real run, of a ninth to all of the budget. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RunError } from '../../src/lib/errors.ts';
import type { MemberInfo, Regime } from '../../src/planner/types.ts';
import { mean } from '../lib/statistics.ts';
import type { WantedRegime } from '../tune/ways.ts';

const script = fileURLToPath(new URL('bohb.py', import.meta.url));

export interface Trial {
  readonly member: string;
  readonly regime: Regime;
  /** Seconds that it was given, and those that it took. */
  readonly allowed: number;
  readonly seconds: number;
  readonly accuracy: number;
  /** See `DriverOutcome`. */
  readonly hits: string;
}

export interface Search {
  readonly python: string;
  readonly seed: number;
  readonly members: readonly Pick<MemberInfo, 'name' | 'stages'>[];
  /** Seconds of the longest trial, and of all together. */
  readonly longestSeconds: number;
  readonly allSeconds: number;
  readonly run: (member: string, wanted: WantedRegime, seconds: number) => Promise<Omit<Trial, 'member' | 'allowed'>>;
}

interface Question {
  readonly configuration: Configuration;
  readonly seconds: number;
}

/** Seconds left at which no further trial is begun. */
const fewestSeconds = 1;

/** Trials in their order until the time of all is spent; the last is cut to what is left. */
export async function bohb(search: Search): Promise<readonly Trial[]> {
  const seconds = [1 / 9, 1 / 3, 1].map((share) => share * search.longestSeconds);
  const job = { seed: search.seed, seconds, space: spaceOf(search.members) };
  const child = spawn(search.python, ['-B', script, JSON.stringify(job)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const trials: Trial[] = [];
  let left = search.allSeconds;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { configuration, seconds: asked } = JSON.parse(line) as Question;
      const allowed = Math.min(asked, left);
      const { member, wanted } = wantedOf(configuration, search.members);
      const found = await search.run(member, wanted, allowed);
      trials.push({ member, allowed, ...found });
      left -= found.seconds;
      if (left < fewestSeconds) break;
      child.stdin.write(`${JSON.stringify(found.accuracy)}\n`);
    }
  } finally {
    child.stdin.end();
  }
  if ((await ended) === 0 && left < fewestSeconds) return trials;
  throw new RunError('BOHB ended before its time.', 'See its messages above.');
}

/** Accuracy of the best trial of a search. */
export interface Best {
  /** On the images that it was chosen by: the best of many tries is lucky, and new images are not to be had for it. */
  readonly seen: number;
  /** On each fifth of the images of the trial chosen by the other four: what its user has on images that chose nothing. */
  readonly held: number;
}

const parts = 5;

/** What a user of the search has after so many seconds; 0 before the first trial is finished. */
export function bestWithin(trials: readonly Trial[], seconds: number): Best {
  const finished = finishedWithin(trials, seconds);
  const held = Array.from({ length: parts }, (_, part) => {
    const others = finished.map((trial) => accuracyOn(trial, (image) => image % parts !== part));
    const chosen = finished[others.indexOf(Math.max(...others))];
    return chosen ? accuracyOn(chosen, (image) => image % parts === part) : 0;
  });
  return { seen: Math.max(0, ...finished.map(({ accuracy }) => accuracy)), held: mean(held) };
}

function finishedWithin(trials: readonly Trial[], seconds: number): readonly Trial[] {
  let spent = 0;
  return trials.filter((trial) => {
    spent += trial.seconds;
    // a hundredth, as every arm is allowed
    return spent <= 1.01 * seconds;
  });
}

/** On some of the validation images; on none of them, and of a trial that trained nothing, that of the whole. */
function accuracyOn({ hits, accuracy }: Trial, isMeant: (image: number) => boolean): number {
  const some = [...hits].filter((_, image) => isMeant(image));
  return some.length === 0 ? accuracy : some.filter((hit) => hit === '1').length / some.length;
}

type Configuration = Readonly<
  Omit<WantedRegime, 'frozenStages' | 'batchSize' | 'precision' | 'warmupShare'> & {
    member: string;
    frozenShare: number;
    batchPower: number;
  }
>;

type Hyperparameter =
  | { readonly values: readonly (string | number)[] }
  | { readonly range: readonly [number, number]; readonly log: boolean };

const linear = (...range: readonly [number, number]): Hyperparameter => ({ range, log: false });
const logarithmic = (...range: readonly [number, number]): Hyperparameter => ({ range, log: true });

/** The dimensions of the planner's space with all the values that they can take for any member. */
const hyperparameters: Readonly<Record<Exclude<keyof Configuration, 'member'>, Hyperparameter>> = {
  inputSize: logarithmic(32, 224),
  frozenShare: linear(0, 1),
  normStatistics: { values: ['stored', 'batch'] },
  headStart: { values: ['fitted', 'random'] },
  augmentation: { values: ['none', 'light', 'medium', 'strong'] },
  batchPower: linear(3, 7),
  mix: { values: ['none', 'mixup', 'cutmix'] },
  optimizer: { values: ['adamw', 'sgd'] },
  learningRate: logarithmic(1e-4, 4e-3),
  layerDecay: linear(0.6, 1),
  weightDecay: linear(0, 0.05),
  schedule: { values: ['cosine', 'step', 'constant'] },
  labelSmoothing: linear(0, 0.1),
  dropout: linear(0, 0.2),
  ema: { values: [0, 0.99] },
  startShare: linear(0, 0.75),
};

const spaceOf = (members: Search['members']) => [
  { name: 'member', values: members.map(({ name }) => name) },
  ...Object.entries(hyperparameters).map(([name, one]) => ({ name, ...one })),
];

/** Of AdamW's rates and decays, what SGD has in the planner's space, and a head that is trained alone. */
const [sgdRates, sgdDecays, headRates] = [22, 0.01, 8];

function wantedOf(configuration: Configuration, members: Search['members']) {
  const { member, frozenShare, batchPower, learningRate, weightDecay, ...same } = configuration;
  const stages = members.find(({ name }) => name === member)?.stages ?? 0;
  const frozenStages = Math.round(frozenShare * stages);
  const isSgd = same.optimizer === 'sgd';
  const wanted: WantedRegime = {
    ...same,
    frozenStages,
    batchSize: 2 ** batchPower,
    learningRate: learningRate * (isSgd ? sgdRates : 1) * (frozenStages === stages ? headRates : 1),
    weightDecay: weightDecay * (isSgd ? sgdDecays : 1),
    warmupShare: 0.1,
    precision: 'fp32',
  };
  return { member, wanted };
}
