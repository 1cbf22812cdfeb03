import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Decision } from '../../src/cli/local/decision.ts';
import type { PlanOutcome, TradeOffOutcome } from '../../src/cli/requests.ts';
import type { TuneResult } from '../../src/train/result.ts';
import { anImage } from '../support/image-files.ts';
import { startCli } from '../support/live-cli.ts';
import { runCli } from '../support/run-cli.ts';
import { aWorld, colourClasses, testMembers, type World } from '../support/zoo.ts';

const patience = 300_000;
let world: World;
let firstPlan: PlanOutcome;
/** As short as this machine, and whatever else it does now, allows. */
let budgetSeconds = 0;

beforeAll(async () => {
  world = await aWorld();
  const planned = await run('plan', 'colours', '--zoo', 'zoo', '--budget', '60s', '--json');
  firstPlan = JSON.parse(planned.stdout);
  // in half of it the images are learnt: other suites may take the other half of the processors
  budgetSeconds = Math.max(10, Math.ceil(2 + 4 * firstPlan.planningSeconds));
}, patience);
afterAll(() => world.remove());

const inWorld = (name: string): string => join(world.folder, name);
const run = (...args: string[]) => runCli(args, { env: world.env, cwd: world.folder });
const live = (name: string, ...args: string[]) =>
  startCli(args, { log: inWorld(`${name}.log`), env: world.env, cwd: world.folder });
const tuneArgs = (out: string) => ['tune', 'colours', '--zoo', 'zoo', '--budget', `${budgetSeconds}s`, '--out', out];
const read = (path: string): string => readFileSync(inWorld(path), 'utf8');
const resultOf = (out: string): TuneResult => JSON.parse(read(join(out, 'result.json')));
const usedIn = (out: string): number => Number(read(join(out, 'checkpoint', 'active-seconds')));
const ownRuns = async (): Promise<{ id: string; dataset: string }[]> =>
  JSON.parse((await run('experience', 'list', '--own', '--json')).stdout).runs;

/** What every finished run must show. */
function seeSound(out: string): TuneResult {
  const result = resultOf(out);
  expect(readdirSync(inWorld(out)).sort()).toEqual(['model', 'report.html', 'result.json']);
  expect(result).toMatchObject({ budgetSeconds, images: 160, classes: 4, skipped: 0, dataset: 'colours' });
  expect(result.accuracy).toBeGreaterThan(0.7);
  expect(result.activeSeconds).toBeGreaterThan(1);
  expect(result.activeSeconds).toBeLessThanOrEqual(budgetSeconds + Math.max(1, 0.01 * budgetSeconds));
  return result;
}

test('a plan is one JSON document and leaves nothing behind', () => {
  expect(firstPlan).toMatchObject({ dataset: 'colours', images: 160, classes: 4, skipped: 0 });
  expect(firstPlan.plan).toMatchObject({ budgetSeconds: 60, candidates: expect.any(Number) });
  expect(firstPlan.plan.runnersUp.length).toBeGreaterThan(0);
  expect(existsSync(inWorld('data'))).toBe(false);
});

test('several budgets are planned from one profile', async () => {
  const { stdout, code: exitCode } = await run('plan', 'colours', '--zoo', 'zoo', '--budgets', '5m,1s,1m', '--json');
  expect(exitCode).toBe(0);
  const { tradeOff, dataset }: TradeOffOutcome = JSON.parse(stdout);
  expect(dataset).toBe('colours');
  expect(tradeOff.map((point) => point.budgetSeconds)).toEqual([1, 60, 300]);
  // not even the profile is over within a second
  expect(tradeOff[0]?.plan).toBeNull();
  for (const { budgetSeconds: budget, plan } of tradeOff.slice(1)) {
    expect(plan?.budgetSeconds).toBe(budget);
    expect(plan?.predicted.seconds).toBeLessThanOrEqual(budget);
  }
});

test('budgets too short for anything are an error, as a single one is', async () => {
  const { stderr, code: exitCode } = await run('plan', 'colours', '--zoo', 'zoo', '--budgets', '1s,2s');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Nothing can be trained within 2.0s');
});

describe('a first run', () => {
  let log = '';
  beforeAll(async () => {
    const cli = await live('first', ...tuneArgs('first'));
    const exitCode = await cli.ended;
    log = cli.output();
    expect({ exitCode, log }).toMatchObject({ exitCode: 0 });
  }, patience);

  test('says where everything is', () => {
    for (const name of ['first/report.html', 'first/model', 'first/result.json']) expect(log).toContain(name);
    expect(log).toContain('nasoa predict first IMAGE...');
  });

  test('tells the plan with its runners-up before training starts, and the result after it', () => {
    const lines = log.split('\n');
    const marks = [/^profile$/, /^Plan {2}best of .* learnt from/, /^Ranking/, /^training$/, /^Result/];
    const order = marks.map((mark) => lines.findIndex((line) => mark.test(line)));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(log).toMatch(/Accuracy +\d.* predicted, .* with 80 % confidence/);
  });

  test('writes the promised result', () => {
    const result = seeSound('first');
    const { plan, predicted, versions, perClass, confusion, phases, curve } = result;
    expect(Object.keys(testMembers)).toContain(plan.member);
    expect(predicted).toEqual(plan.predicted);
    expect(predicted.low).toBeLessThanOrEqual(predicted.accuracy);
    expect(predicted.high).toBeGreaterThanOrEqual(predicted.accuracy);
    const tensorflow = expect.stringMatching(/^2\./);
    expect(versions).toMatchObject({ nasoa: expect.any(String), node: process.versions.node, tensorflow });
    expect(perClass.map(({ name }) => name)).toEqual(colourClasses);
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(result.validationImages);
    expect(result.trainingImages + result.validationImages).toBe(160);
    expect(phases.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(result.activeSeconds, 1);
    expect(curve.at(-1)).toMatchObject({ accuracy: result.accuracy, seconds: result.activeSeconds });
    expect(result.steps).toBeLessThanOrEqual(Math.round(4 * plan.regime.steps));
  });

  test('writes a report that needs nothing else', () => {
    const report = read('first/report.html');
    expect(report).toMatch(/^<!doctype html>/i);
    for (const name of colourClasses) expect(report).toContain(name);
    expect(report).not.toMatch(/(src|href)="(?!data:|#)/);
  });

  test('is kept as experience, once', async () => {
    expect(await ownRuns()).toMatchObject([{ dataset: 'colours' }]);
  });

  test('leaves a model that knows the images it was trained on', async () => {
    const images = colourClasses.flatMap((name) => [1, 2, 3, 4].map((i) => pictureOf(name, i)));
    const { code, stdout } = await run('predict', 'first', ...images, '--json', '--top', '2');
    expect(code).toBe(0);
    const { predictions } = JSON.parse(stdout) as { predictions: { predictions: { class: string }[] }[] };
    expect(new Set(predictions.map(({ predictions: named }) => named.length))).toEqual(new Set([2]));
    const right = predictions.filter(({ predictions: [best] }, i) => best?.class === colourClasses[i >> 2]);
    expect(right.length).toBeGreaterThanOrEqual(10);
  });

  test('leaves no scratch behind', () => {
    const scratch = inWorld('cache/scratch');
    expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([]);
  });
});

function pictureOf(name: string, i: number): string {
  const files = readdirSync(join(world.images, name)).sort();
  return join('colours', name, files[i] ?? '');
}

describe('a run that is stopped', () => {
  test(
    'by Ctrl-C keeps a checkpoint and says how to go on; --resume ends it within the same budget',
    async () => {
      const cli = await live('stopped', ...tuneArgs('stopped'));
      await cli.until(/^training$/m);
      await sleep(300);
      cli.child.kill('SIGINT');
      const exitCode = await cli.ended;
      const said = cli.output();
      expect({ exitCode, said }).toMatchObject({ exitCode: 130 });
      expect(said).toMatch(/Stopped after .* of .*; the checkpoint is kept\. Go on with:/);
      expect(readdirSync(inWorld('stopped'))).toEqual(['checkpoint']);
      const usedSeconds = usedIn('stopped');

      const refused = await run(...tuneArgs('stopped'));
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--resume') });

      // as it advised: without --zoo, which it remembers
      const command = /^ +nasoa (tune .* --resume)$/m.exec(said)?.[1] ?? '';
      const resumed = await run(...command.split(' '));
      expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('Result') });
      const result = seeSound('stopped');
      expect(result.resumed).toBeLessThanOrEqual(1);
      expect(result.activeSeconds).toBeGreaterThan(usedSeconds);
      // planned with the first run's experience, and kept as one more
      expect(result.plan.predictor.experiences).toBe(firstPlan.plan.predictor.experiences + 1);
      expect(await ownRuns()).toHaveLength(2);
    },
    patience,
  );

  test(
    'by a kill goes on within the same budget, and only with the same images',
    async () => {
      const cli = await live('killed', ...tuneArgs('killed'), '--no-learn');
      await cli.untilFile(inWorld('killed/checkpoint/state.safetensors'));
      cli.child.kill('SIGKILL');
      expect({ ended: await cli.ended, said: cli.output() }).toMatchObject({ ended: 'SIGKILL' });
      const usedSeconds = usedIn('killed');
      expect(usedSeconds).toBeGreaterThan(1);
      const kept = readdirSync(inWorld('killed/checkpoint'));

      const [image, aside] = [inWorld(pictureOf('grass', 0)), inWorld('aside')];
      await rename(image, aside);
      await writeFile(image, await anImage(9));
      const refused = await run('tune', 'colours', '--out', 'killed', '--resume');
      const words = expect.stringMatching(/begun on other images than colours holds now\.\n.*same images/);
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: words });
      expect(readdirSync(inWorld('killed/checkpoint'))).toEqual(kept);
      await rename(aside, image);

      // with another seed the images would be split anew, and some that validate were trained on: it has no say here
      const resumed = await run(
        'tune',
        'colours',
        '--out',
        'killed',
        '--resume',
        '--no-learn',
        '--seed',
        '5',
        '--json',
      );
      expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining('Plan  best of') });
      const result = seeSound('killed');
      expect(JSON.parse(resumed.stdout)).toEqual({ out: 'killed', ...result });
      expect(result).toMatchObject({ resumed: 1, seed: 0 });
      expect(result.activeSeconds).toBeGreaterThanOrEqual(usedSeconds);
      expect(statSync(inWorld('killed/model/saved_model.pb')).size).toBeGreaterThan(1000);
      expect(await ownRuns()).toHaveLength(2);
    },
    patience,
  );
});

test(
  'a run that falls out of what was predicted goes on with a runner-up, where it may',
  async () => {
    const cli = await live('changed', ...tuneArgs('changed'), '--no-learn', '--replan');
    const file = inWorld('changed/checkpoint/decision.json');
    await cli.untilFile(file);
    cli.child.kill('SIGKILL');
    await cli.ended;
    const decision = JSON.parse(readFileSync(file, 'utf8')) as Decision;
    const { member, regime, predicted } = decision.plan;
    const plain = { frozenStages: 0, augmentation: 'none', mix: 'none', dropout: 0, ema: 0 } as const;
    const sound = { member, regime: { ...regime, ...plain } };
    // a head of random numbers, so small a learning rate that nothing is learnt, and great hopes of it
    const hopeless = { ...sound.regime, headStart: 'random', learningRate: 1e-7, steps: 5 * regime.steps };
    const high = { accuracy: 0.95, low: 0.9, high: 0.98, seconds: predicted.seconds };
    const plan = {
      ...decision.plan,
      regime: hopeless,
      predicted: high,
      runnersUp: [{ ...sound, predicted: { ...high, seconds: 3 } }],
    };
    await writeFile(file, JSON.stringify({ ...decision, plan }));
    await rm(inWorld('changed/checkpoint/state.safetensors'), { force: true });

    const resumed = await run('tune', 'colours', '--out', 'changed', '--resume', '--no-learn');
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/had been expected: .* was given up/) });
    const result = seeSound('changed');
    expect(result.replanned).toMatchObject({ action: 'switched', before: { regime: { learningRate: 1e-7 } } });
    expect(result.plan.regime.learningRate).toBe(regime.learningRate);
    expect(result.phases.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(result.activeSeconds, 1);
    expect(read('changed/report.html')).toContain('Changed while it was carried out.');
  },
  patience,
);
