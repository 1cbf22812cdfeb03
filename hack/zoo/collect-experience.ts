/**
 * Collects real fine-tuning runs as the zoo's experience: `node hack/zoo/collect-experience.ts DATASETS RUNS [MEMBER...]`,
 * where DATASETS is a folder of archives. Each run is a member in turn (of all, or of those named) with a random regime of
 * the planner's space, or its default regime; equal numbers give equal runs. A kill loses one run at most: started again
 * it goes on with the next.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startWeights, taskNetwork } from '../../src/cli/local/start-weights.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createRng, deriveSeed, type Rng } from '../../src/lib/rng.ts';
import { loadZoo, memberOf, shippedZooDir } from '../../src/nas/zoo.ts';
import { datasetFeatures } from '../../src/planner/features.ts';
import { defaultRegime, type RegimeSpace, sampleRegime } from '../../src/planner/regime.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate } from '../../src/planner/timing.ts';
import type { DatasetFeatures, Experience, MemberInfo, Regime } from '../../src/planner/types.ts';
import { trainingSide } from '../../src/train/augment.ts';
import { type Dataset, openDataset } from '../../src/train/dataset.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { Diverged } from '../../src/train/loop.ts';
import { accuracyOf } from '../../src/train/metrics.ts';
import { profile } from '../../src/train/profile.ts';

const [folder, runsText, ...wanted] = process.argv.slice(2);
if (!folder || !runsText) throw new Error('usage: node hack/zoo/collect-experience.ts DATASETS RUNS');
const names = ['pets', 'insects', 'dishes', 'vehicles', 'cifar-10-subset'];
const scratch = '.cache/scratch';
const seed = 20260;
/** Seconds of a run, drawn evenly on a logarithmic scale. */
const [shortest, longest] = [10, 150];
const zoo = await loadZoo(shippedZooDir());
const members = wanted.length === 0 ? zoo.members : wanted.map((name) => memberOf(zoo, name));
const timing = calibrate(zoo.members, []);
const file = join(shippedZooDir(), 'experience.jsonl');
const done = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
const opened = new Map<string, { dataset: Dataset; features: DatasetFeatures }>();

async function open(name: string) {
  const known = opened.get(name);
  if (known) return known;
  const dataset = await openDataset(join(folder as string, `${name}.tar.gz`), { seed: 1, scratch });
  const [smallest] = zoo.members.toSorted((a, b) => a.macsM - b.macsM) as [(typeof zoo.members)[number]];
  const classes = dataset.classes.length;
  const network = taskNetwork(smallest, classes);
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
  const entry = { dataset, features: datasetFeatures(measured.sample, measured.embedding, perClass) };
  opened.set(name, entry);
  return entry;
}

/** Every third run is a default regime; the others are drawn until one fits. */
function draw(i: number, member: MemberInfo, dataset: Dataset, features: DatasetFeatures, rng: Rng): Regime {
  const seconds = shortest * (longest / shortest) ** rng.next();
  const counts = { trainImages: dataset.train.length, validationImages: dataset.val.length };
  const space: RegimeSpace = {
    member,
    features,
    counts,
    timing,
    costs: { ...defaultRunCosts, evaluations: 3 },
    seconds,
    cacheBytes: 1e9,
  };
  if (i % 3 === 0) {
    const sizes = member.nativeSize > 128 ? [80, 96, 112, 128] : [48, 64, 96];
    const regime = defaultRegime(space, { inputSize: rng.pick(sizes) });
    if (regime) return regime;
  }
  for (let attempt = 0; attempt < 1000; attempt++) {
    const regime = sampleRegime(space, {}, rng);
    if (regime) return regime;
  }
  throw new Error(`no regime of ${member.name} fits into ${seconds} s`);
}

for (let i = done; i < Number(runsText); i++) {
  const rng = createRng(deriveSeed(seed, `run ${i}`));
  const { dataset, features } = await open(names[i % names.length] as string);
  const member = members[Math.floor(i / names.length) % members.length] as (typeof members)[number];
  const regime = draw(i, member, dataset, features, rng);
  const startedSeconds = systemClock.nowSeconds();
  const trainSide = trainingSide(regime.inputSize, regime.augmentation, features.resolution);
  const store = await decodeAll(dataset, { side: regime.inputSize, trainSide, scratch, workers: 2 });
  const network = taskNetwork(member, dataset.classes.length);
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
  const accuracy = tuned?.logits
    ? accuracyOf(tuned.logits, store.val.labels, dataset.classes.length)
    : 1 / dataset.classes.length;
  store.close();
  const { name, encoding, parametersM, macsM, nativeSize, stages } = member;
  const round = (n: number) => Number(n.toPrecision(5));
  const experience: Experience = {
    id: `shipped-${seed}-${i}`,
    finishedAt: new Date().toISOString(),
    dataset: dataset.name,
    features,
    member: { name, encoding, parametersM, macsM, nativeSize, accuracy: member.accuracy, stages },
    regime,
    budgetSeconds: longest,
    accuracy,
    activeSeconds: round(seconds),
    curve: [
      ...curve.flatMap((p) => (p.accuracy === undefined ? [] : [{ seconds: round(p.seconds), accuracy: p.accuracy }])),
      { seconds: round(seconds), accuracy },
    ],
  };
  appendFileSync(file, `${JSON.stringify(experience)}\n`);
  const { inputSize, frozenStages, optimizer, learningRate, augmentation, steps } = regime;
  console.log(
    i,
    dataset.name,
    name,
    accuracy.toFixed(3),
    seconds.toFixed(0),
    inputSize,
    frozenStages,
    optimizer,
    learningRate,
    augmentation,
    steps,
  );
}
for (const { dataset } of opened.values()) await dataset.close();
