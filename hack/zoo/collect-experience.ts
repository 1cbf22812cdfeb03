/**
 * Collects real fine-tuning runs as the zoo's experience: `node hack/zoo/collect-experience.ts DATASETS RUNS [MEMBER...]`,
 * where DATASETS is a folder of archives. In turn a run is a member's default regime (members in turn, of all or of those
 * named), a random regime of the planner's space, or later a neighbour of the default, and what the planner picks who knows
 * the runs of the other data sets: its mistakes are what it has to learn. Later every second run is on a part of a data
 * set, fewer classes and fewer images, for many a task is small; it goes by the name of the whole, of which it says much.
 * `--ways default,near,pick`, `--seconds 180` and `--whole` leave only those ways, that budget, and no parts, where too little
 * is known; `--beside '[{}, {"batchSize":16}, {"member":"nano"}]'` runs default regimes with each of these choices on the
 * same part of a data set, of the member named or else of one in turn, for what a choice is worth shows best between runs
 * that nothing else divides; `--shares 0,0.25,0.5,0.75` makes a run of each of these shares of the start out of one training,
 * where it begins with what could be one; what is evaluated on its way has the first of them that is above 0. A kill loses
 * one run at most: started again it goes on with the next.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { taskFolder } from '../../bench/online/tasks.ts';
import { type DatasetName, datasetNames, unpackedFolder } from '../../bench/tune/datasets.ts';
import { startWeights, taskNetwork } from '../../src/cli/local/start-weights.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createRng, deriveSeed, type Rng } from '../../src/lib/rng.ts';
import { loadZoo, memberOf, shippedZooDir } from '../../src/nas/zoo.ts';
import { datasetFeatures } from '../../src/planner/features.ts';
import { makePlan } from '../../src/planner/plan.ts';
import { encodedOptions, lessonsOf, replay } from '../../src/planner/predictors/replay.ts';
import { defaultPredictor } from '../../src/planner/predictors/table.ts';
import { defaultRegimes, mayGoBack, nearRegime, type RegimeSpace, sampleRegime } from '../../src/planner/regime.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate, type Timing } from '../../src/planner/timing.ts';
import {
  type DatasetFeatures,
  type Experience,
  factsOf,
  type MemberInfo,
  type Plan,
  type Regime,
} from '../../src/planner/types.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';
import { trainingSide } from '../../src/train/augment.ts';
import { type Dataset, openDataset } from '../../src/train/dataset.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { Diverged } from '../../src/train/loop.ts';
import { accuracyOf } from '../../src/train/metrics.ts';
import { profile } from '../../src/train/profile.ts';

const { values: only, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ ways: { type: 'string' }, seconds: { type: 'string' }, beside: { type: 'string' } },
    shares: { type: 'string' },
    whole: { type: 'boolean', default: false },
  },
});
const [folder, runsText, ...wanted] = positionals;
if (!folder || !runsText) throw new Error('usage: node hack/zoo/collect-experience.ts DATASETS RUNS');
/**
 * Runs after which random regimes are not worth their time any more, nor other budgets than people give: what is close to a
 * sound regime is where the next plans are.
 */
const broadRuns = 100;
type Way = 'default' | 'random' | 'near' | 'pick';
const broadWays: readonly Way[] = ['default', 'random', 'pick'];
const laterWays = (only.ways?.split(',') ?? ['pick', 'near', 'default']) as readonly Way[];
type Beside = Partial<Regime> & { readonly member?: string };
const beside = only.beside === undefined ? undefined : (JSON.parse(only.beside) as readonly Beside[]);
const budgets: readonly number[] = only.seconds === undefined ? [60, 60, 180] : [Number(only.seconds)];
/** Of the runs of default regimes, those of any input size; the others have the one that suits the time. */
const sizedShare = 0.5;
/** Share of a budget that is left after planning. */
const trainingShare = 0.95;
const scratch = '.cache/scratch';
const seed = 20260;
/** Seconds of a run, drawn evenly on a logarithmic scale. */
const [shortest, longest] = [10, 150];
/** Parts of a data set from this number on are no tasks of `make bench-online`. */
const firstPart = 100;
const partsInto = fileURLToPath(new URL('../../.cache/experience', import.meta.url));
const zoo = await loadZoo(shippedZooDir());
const members = wanted.length === 0 ? zoo.members : wanted.map((name) => memberOf(zoo, name));
const file = join(shippedZooDir(), 'experience.jsonl');
const prefix = `shipped-${seed}-`;
const shares = (only.shares?.split(',') ?? []).map(Number);
/** A run's number follows in its id: one that was taken out is not made again under the number of another. */
const done = Math.max(
  0,
  ...(existsSync(file) ? await readShippedExperience(file) : []).map(({ id }) =>
    id.startsWith(prefix) ? Number.parseInt(id.slice(prefix.length), 10) + 1 : 0,
  ),
);

interface Opened {
  readonly of: DatasetName;
  readonly dataset: Dataset;
  readonly features: DatasetFeatures;
  /** Of this machine. */
  readonly timing: Timing;
}

/** The whole data set, or the part of that number; measured at each run, for the speed of a machine changes. */
async function open(of: DatasetName, part: number | undefined): Promise<Opened> {
  const whole = await unpackedFolder(of, join(folder as string, `${of}.tar.gz`));
  const path = part === undefined ? whole : await taskFolder({ name: `${of}-${part}`, of }, whole, partsInto);
  const dataset = await openDataset(path, { seed: 1, scratch });
  const [smallest] = zoo.members.toSorted((a, b) => a.macsM - b.macsM) as [(typeof zoo.members)[number]];
  const classes = dataset.classes.length;
  const network = taskNetwork(smallest, { classes });
  const weights = () => startWeights(zoo, smallest.name, network);
  const { nativeSize, macsM } = smallest;
  const probe = { name: smallest.name, nativeSize, macsM, network, weights };
  const measured = await profile({
    dataset,
    probes: [probe],
    seed: 1,
    workers: 2,
    seconds: 3,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  const perClass = dataset.classes.map((_, label) => dataset.train.filter((item) => item.label === label).length);
  const features = datasetFeatures(measured.sample, measured.embedding, perClass);
  return { of, dataset, features, timing: calibrate(zoo.members, measured.steps) };
}

const shorter = (seconds: number): number => Number(seconds.toPrecision(5));
const countsOf = ({ train, val }: Dataset) => ({ trainImages: train.length, validationImages: val.length });

interface Drawing {
  readonly way: Way;
  readonly seconds: number;
  readonly turn: number;
  /** Of a default regime; those that suit the time where they are missing. */
  readonly choices: Partial<Regime> | undefined;
}

/** A default regime, a neighbour of one, or any one that fits. */
function draw(
  member: MemberInfo,
  { dataset, features, timing }: Opened,
  { way, seconds, turn, choices }: Drawing,
  rng: Rng,
): Regime {
  const costs = { ...defaultRunCosts, evaluations: 3 };
  const space: RegimeSpace = { member, features, timing, costs, seconds, counts: countsOf(dataset), cacheBytes: 1e9 };
  const sizes = member.nativeSize > 128 ? [96, 128, 160, 192, 224] : [48, 64, 96];
  const isSized = way === 'default' && choices === undefined && rng.next() < sizedShare;
  const defaults = defaultRegimes(space, choices ?? (isSized ? { inputSize: rng.pick(sizes) } : {}));
  if (way === 'default' && defaults.length > 0) return defaults[turn % defaults.length] as Regime;
  for (let attempt = 0; attempt < 1000; attempt++) {
    const isNear = way === 'near' && defaults.length > 0;
    const regime = isNear ? nearRegime(space, rng.pick(defaults), {}, rng) : sampleRegime(space, {}, rng);
    if (regime) return regime;
  }
  throw new Error(`no regime of ${member.name} fits into ${seconds} s`);
}

/** The planner's pick for one of the budgets that people give, from what is known of the other data sets. */
async function pick({ of, dataset, features, timing }: Opened, rng: Rng): Promise<Plan> {
  const known = (await readShippedExperience(file)).filter((run) => run.dataset !== of);
  const budgetSeconds = rng.pick(budgets);
  return makePlan({
    ...{ features, timing, counts: countsOf(dataset), members: zoo.members, rng, budgetSeconds },
    predictor: replay(defaultPredictor, encodedOptions(seed), lessonsOf(known), rng),
    spentSeconds: (1 - trainingShare) * budgetSeconds,
  });
}

for (let i = done; i < Number(runsText); i++) {
  const rng = createRng(deriveSeed(seed, `run ${i}`));
  // whole rounds over the data sets, so that each sees every member in every way
  const round = Math.floor(i / datasetNames.length);
  // of runs beside each other all are on the part of the first of them
  const first = beside ? round - (round % beside.length) : round;
  const isOfPart = i >= broadRuns && !only.whole && (beside !== undefined || round % 2 === 1);
  const part = isOfPart ? firstPart + first : undefined;
  const task = await open(datasetNames[i % datasetNames.length] as DatasetName, part);
  const { of, dataset, features } = task;
  const ways = i < broadRuns ? broadWays : laterWays;
  const way: Way = beside ? 'default' : (ways[round % ways.length] as Way);
  const allowed = i < broadRuns ? shortest * (longest / shortest) ** rng.next() : trainingShare * rng.pick(budgets);
  const plan = way === 'pick' ? await pick(task, rng) : undefined;
  const turn = Math.floor(round / (beside ?? ways).length);
  const inTurn = members[turn % members.length] as (typeof members)[number];
  const { member: named, ...choices } = beside?.[round % beside.length] ?? {};
  const chosen = plan?.member ?? named;
  const member = chosen === undefined ? inTurn : memberOf(zoo, chosen);
  // beside each other, what comes first of the default regimes is as the choices say
  const drawing = { way, seconds: allowed, turn: beside ? 0 : turn, choices: beside && choices };
  const drawn = plan?.regime ?? draw(member, task, drawing, rng);
  const sharesHere = mayGoBack(drawn, member) ? shares : [];
  const regime = { ...drawn, startShare: sharesHere.find((share) => share > 0) ?? drawn.startShare };
  const startedSeconds = systemClock.nowSeconds();
  const trainSide = trainingSide(regime.inputSize, regime.augmentation, features.resolution);
  const store = await decodeAll(dataset, { side: regime.inputSize, trainSide, scratch, workers: 2 });
  const network = taskNetwork(member, { classes: dataset.classes.length, dropout: regime.dropout });
  const run = fineTune({
    network,
    weights: await startWeights(zoo, member.name, network),
    ...{
      regime,
      store,
      seed: i,
      clock: systemClock,
      startedSeconds,
      deadlineSeconds: undefined,
      stretch: 1,
      evaluations: 3,
      otherShares: sharesHere.filter((share) => share !== regime.startShare),
    },
    resume: undefined,
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    keep: async () => {},
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  const tuned = await run.catch((error: unknown) => {
    // that a regime diverges is worth knowing: it is no better than guessing
    if (error instanceof Diverged) return undefined;
    throw error;
  });
  const curve = tuned?.outcome.curve ?? [];
  const seconds = tuned?.outcome.activeSeconds ?? systemClock.nowSeconds() - startedSeconds;
  const found = new Map([...(tuned?.otherLogits ?? []), [regime.startShare, tuned?.logits] as const]);
  const accuracies = [...found].map(([startShare, logits]) => {
    const guessed = 1 / dataset.classes.length;
    const accuracy = logits ? accuracyOf(logits, store.val.labels, dataset.classes.length) : guessed;
    return { startShare, accuracy };
  });
  store.close();
  await dataset.close();
  for (const { startShare, accuracy } of accuracies) {
    // what was evaluated on the way was so with the run's own share
    const before = curve.flatMap((p) =>
      p.accuracy === undefined || startShare !== regime.startShare
        ? []
        : [{ seconds: shorter(p.seconds), accuracy: p.accuracy }],
    );
    const experience: Experience = {
      id: `${prefix}${i}${accuracies.length > 1 ? `-share-${startShare}` : ''}`,
      finishedAt: new Date().toISOString(),
      dataset: of,
      features,
      member: factsOf(member),
      regime: { ...regime, startShare },
      budgetSeconds: longest,
      accuracy,
      activeSeconds: shorter(seconds),
      curve: [...before, { seconds: shorter(seconds), accuracy }],
    };
    appendFileSync(file, `${JSON.stringify(experience)}\n`);
  }
  const { inputSize, frozenStages, optimizer, learningRate, augmentation, steps } = regime;
  console.log(
    i,
    dataset.name,
    member.name,
    accuracies.map(({ accuracy }) => accuracy.toFixed(3)).join(' '),
    seconds.toFixed(0),
    inputSize,
    frozenStages,
    optimizer,
    learningRate,
    augmentation,
    steps,
    plan ? `planned for ${plan.predicted.accuracy.toFixed(3)}` : '',
  );
}
