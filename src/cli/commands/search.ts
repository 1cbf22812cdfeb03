import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../lib/duration.ts';
import type { Answer, CommandContext, Run } from '../context.ts';
import { Interruption } from '../interruption.ts';
import { decimal, integer, share } from '../options.ts';
import type { SearchOutcome, SearchRequest, SearchView } from '../search/run.ts';
import { requirePath } from '../task-options.ts';

interface SearchOptions {
  readonly out: string;
  readonly evaluations: number;
  readonly population: number;
  readonly time?: number;
  readonly parallel: number;
  readonly seed: number;
  readonly steps: number;
  readonly ladder: boolean;
  readonly timesCpu?: string | true;
  readonly valShare: number;
  readonly maxParameters?: number;
  readonly maxMemory?: number;
  readonly maxStep?: number;
  readonly minAccuracy?: number;
}

const notes = `
Candidates are trained briefly on the images, scaled to 64 px and less. The
folder gets report.html and state.json; the same command goes on after Ctrl-C
or a crash, and with more --evaluations after its end.

Examples:
  $ nasoa search ./tiny-imagenet --out search
  $ nasoa search images.tar.gz --out search --evaluations 60 --time 2h
  $ nasoa search ./images --out search --max-parameters 5 --max-step 0.2`;

export function addSearch(program: Command, run: Run): void {
  program
    .command('search')
    .summary('search for networks that are cheap to train')
    .description('Search for the architectures with the best accuracy for the time of a training step.')
    .argument('<path>', 'images: a folder or an archive')
    .requiredOption('--out <folder>', 'folder for the state and the report; a search in it goes on')
    .option('--evaluations <n>', 'candidates to evaluate', integer('--evaluations', { min: 1, max: 5000 }), 200)
    .option('--population <n>', 'candidates of a generation', integer('--population', { min: 4, max: 500 }), 24)
    .addOption(
      new Option('--time <time>', 'time after which no further candidate is begun, such as 2h').argParser((text) =>
        parseDuration(text, 'time'),
      ),
    )
    .option(
      '--parallel <n>',
      'candidates evaluated at one time; they disturb each other’s step times',
      integer('--parallel', { min: 1, max: 64 }),
      1,
    )
    .option('--seed <n>', 'seed of everything random', integer('--seed', { min: 0, max: 4_294_967_295 }), 0)
    .option('--steps <n>', 'steps of a training in full at most', integer('--steps', { min: 1, max: 100_000 }), 800)
    .option('--no-ladder', 'train each candidate in full at once')
    .addOption(
      new Option(
        '--times-cpu [cores]',
        'time steps on the CPU, also where a GPU trains the candidates; on these cores alone, such as 2-3',
      ).argParser(coresOf),
    )
    .option(
      '--val-share <share>',
      'share that validates, where the data has no split',
      share('--val-share', { min: 0.01, max: 0.9 }),
      0.2,
    )
    .option('--max-parameters <millions>', 'parameters at most', decimal('--max-parameters', { min: 0.001, max: 1000 }))
    .option(
      '--max-memory <mib>',
      'memory of a step over 64 images at most',
      integer('--max-memory', { min: 1, max: 1_000_000 }),
    )
    .option(
      '--max-step <seconds>',
      'seconds of a step over 64 images at most',
      decimal('--max-step', { min: 0.0001, max: 1000 }),
    )
    .option(
      '--min-accuracy <share>',
      'accuracy after a training in full at least, such as 0.2',
      decimal('--min-accuracy', { min: 0, max: 1 }),
    )
    .addHelpText('after', notes)
    .action(async (path: string, options: SearchOptions) => {
      await run(
        async (context) => {
          await requirePath(
            path,
            'data set',
            'Give the path of a folder with one folder of images per class, or of an archive.',
          );
          const { requireSome, searchLocally } = await import('../search/run.ts');
          const outcome = await searchLocally(await requestOf(path, options), context, await watcher(context));
          if (outcome.ended !== 'interrupted') requireSome(outcome);
          return await answer(outcome, options.out, context);
        },
        { interruptible: true, farewell: 'Stopping; what is evaluated is kept. Press Ctrl-C again to end at once.' },
      );
    });
}

function coresOf(text: string): string {
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return text;
  throw new InvalidArgumentError('Give numbers of cores, such as 2-3 or 0,2.');
}

async function requestOf(path: string, options: SearchOptions): Promise<SearchRequest> {
  const { proxyInputSize, proxySpace } = await import('../../nas/search.ts');
  const { defaultLadder, noLadder } = await import('../../nas/ladder.ts');
  const { comparedBatch } = await import('../../train/step-time.ts');
  const { out, evaluations, population, time, parallel, seed, steps, ladder, valShare, timesCpu } = options;
  const { maxParameters, maxMemory, maxStep, minAccuracy } = options;
  return {
    ...{ path, out, seed, steps, parallel, validationShare: valShare, timeSeconds: time },
    timesCpu: timesCpu === undefined ? undefined : timesCpu === true ? {} : { cores: timesCpu },
    ladder: ladder ? defaultLadder : noLadder,
    settings: {
      ...{ evaluations, population, space: proxySpace, inputSize: proxyInputSize },
      objectives: ['accuracy', 'stepSeconds'],
      constraints: {
        ...(maxParameters === undefined ? {} : { maxParametersM: maxParameters }),
        ...(maxStep === undefined ? {} : { maxStepSeconds: maxStep }),
        ...(minAccuracy === undefined ? {} : { minAccuracy }),
        ...(maxMemory === undefined ? {} : { maxMemory: { mib: maxMemory, batchSize: comparedBatch } }),
      },
    },
  };
}

/** On a terminal the front is drawn anew with each change; elsewhere a candidate that has come to its end is a line. */
async function watcher(context: CommandContext): Promise<(view: SearchView) => void> {
  const { Screen } = await import('../terminal/screen.ts');
  const { candidateLine, liveSearchText } = await import('../terminal/search-text.ts');
  const { frontOf } = await import('../../nas/objectives.ts');
  const { reporter, paint, json } = context;
  const screen = new Screen(process.stderr);
  const isLive = screen.columns !== undefined && !json && !process.argv.includes('--quiet');
  const told = new Set<number>();
  let isFirst = true;
  return ({ progress, secondsLeft, ...rest }) => {
    const { evaluated, remaining, open } = progress;
    if (isLive) {
      reporter.clear();
      screen.show(liveSearchText({ progress, secondsLeft, ...rest }, paint, screen.columns ?? 80));
      return;
    }
    const front = new Set(frontOf(evaluated, rest.file.search.settings).map(({ id }) => id));
    for (const one of evaluated) {
      if (!told.has(one.id) && !isFirst) reporter.line(candidateLine(one, front.has(one.id)));
      told.add(one.id);
    }
    isFirst = false;
    const detail = `${front.size} on the front, level ${rest.file.search.level.name}`;
    const total = evaluated.length + remaining + open.length;
    const base = { phase: 'search', done: evaluated.length, total, detail };
    reporter.progress(secondsLeft === undefined ? base : { ...base, secondsLeft });
  };
}

async function answer({ file, ended }: SearchOutcome, out: string, { signal }: CommandContext): Promise<Answer> {
  const { factsOf } = await import('../search/facts.ts');
  const { searchText } = await import('../terminal/search-text.ts');
  const facts = factsOf(file);
  return {
    document: { out, ended, ...facts },
    text: (paint) =>
      ended === 'interrupted'
        ? `${searchText(facts, out, paint)}\n\nStopped; the same command goes on.`
        : searchText(facts, out, paint),
    ...(ended === 'interrupted' && signal.reason instanceof Interruption ? { exitCode: signal.reason.exitCode } : {}),
  };
}
