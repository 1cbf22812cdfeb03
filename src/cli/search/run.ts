/** `nasoa search`: the whole search on one machine, in processes of its own, its state on disk after each step. */
import { InputError, RunError } from '../../lib/errors.ts';
import { preciseProcessor } from '../../lib/processor.ts';
import type { Ladder } from '../../nas/ladder.ts';
import { nsga2Search } from '../../nas/nsga2.ts';
import type { SearchProgress, SearchSettings } from '../../nas/search.ts';
import { openDataset } from '../../train/dataset.ts';
import type { CommandContext } from '../context.ts';
import { scratchFolder } from '../local/planning.ts';
import { nextWork, onMachine, type Work, withFailed, withLost, withMeasured, withTrained } from './book.ts';
import { EvaluatorChild, EvaluatorLost } from './evaluator-child.ts';
import {
  readSearchFile,
  type SearchedData,
  type SearchFile,
  type TrainingChoices,
  writeSearchFile,
} from './search-file.ts';
import { writeSearchReport } from './write-report.ts';

export interface SearchRequest {
  readonly path: string;
  readonly out: string;
  readonly validationShare: number;
  readonly seed: number;
  readonly steps: number;
  readonly ladder: Ladder;
  readonly settings: SearchSettings;
  /** Active seconds of this run after which no further candidate is begun. */
  readonly timeSeconds: number | undefined;
  /** Candidates evaluated at one time. */
  readonly parallel: number;
  /**
   * Step times are those of the CPU, though a GPU may train: for members that people fine-tune without one. `cores`: on
   * these alone, in taskset's words.
   */
  readonly timesCpu: { readonly cores?: string } | undefined;
}

/** How far a search is, for those who watch it. */
export interface SearchView {
  readonly file: SearchFile;
  readonly progress: SearchProgress;
  readonly secondsLeft: number | undefined;
  readonly busy: readonly Work[];
}

export interface SearchOutcome {
  readonly file: SearchFile;
  readonly ended: 'done' | 'time' | 'exhausted' | 'interrupted';
}

/** Goes on where `out` holds the same search. `onView` hears of every change. */
export async function searchLocally(
  request: SearchRequest,
  context: CommandContext,
  onView: (view: SearchView) => void,
): Promise<SearchOutcome> {
  const { path, seed, validationShare } = request;
  const kept = await readSearchFile(request.out);
  context.reporter.phase('reading images');
  const scratch = scratchFolder(context.env);
  const dataset = await openDataset(path, { seed, valShare: validationShare, scratch, signal: context.signal });
  try {
    const { name, classes, train, val } = dataset;
    const data = { name, classes: classes.length, train: train.length, validation: val.length };
    const file = kept === undefined ? freshFile(request, data, context) : continued(kept, request, data);
    context.reporter.phase('search');
    const local = new LocalSearch(file, request, context, onView);
    return await local.run(dataset.root);
  } finally {
    await dataset.close();
  }
}

function freshFile(
  { settings, seed, steps, ladder }: SearchRequest,
  data: SearchedData,
  context: CommandContext,
): SearchFile {
  return {
    ...{ kind: 'nasoa-search', version: 1, data },
    training: { seed, steps, ladder },
    search: nsga2Search.create(seed, settings),
    ...{ measured: [], rungs: [], activeSeconds: 0 },
    machine: preciseProcessor(),
    startedAt: context.clock.date().toISOString(),
  };
}

/**
 * More or fewer evaluations may be asked for than before; whatever else differs would make candidates incomparable. The space
 * is no option: a search stays in the one that it was begun in, whatever new ones begin in.
 */
function continued(kept: SearchFile, request: SearchRequest, data: SearchedData): SearchFile {
  const { seed, steps, ladder, settings } = request;
  const training: TrainingChoices = { seed, steps, ladder };
  const { evaluations, space } = settings;
  const before = [kept.data, kept.training, { ...kept.search.settings, evaluations, space }];
  // through JSON, as what is on disk came
  if (JSON.stringify(before) !== JSON.stringify([data, training, settings])) {
    throw new InputError(
      `The folder "${request.out}" holds a search over other data or with other options.`,
      'Repeat the data and the options that it was begun with, or give another --out.',
    );
  }
  const search = { ...kept.search, settings: { ...kept.search.settings, evaluations } };
  return onMachine({ ...kept, search }, preciseProcessor());
}

class LocalSearch {
  #file: SearchFile;
  readonly #request: SearchRequest;
  readonly #context: CommandContext;
  readonly #onView: (view: SearchView) => void;
  readonly #busy = new Map<number, Work>();
  /** Resolves when the next evaluation has come to an end. */
  #change = Promise.withResolvers<void>();
  readonly #evaluatedBefore: number;
  readonly #startSeconds: number;
  #savedSeconds: number;
  #written: Promise<void> = Promise.resolve();
  /** Times the steps of all candidates, one after the other, where those that train do not. */
  #timer: EvaluatorChild | undefined;
  #timing: Promise<unknown> = Promise.resolve();

  constructor(file: SearchFile, request: SearchRequest, context: CommandContext, onView: (view: SearchView) => void) {
    this.#file = file;
    this.#request = request;
    this.#context = context;
    this.#onView = onView;
    this.#evaluatedBefore = nsga2Search.progress(file.search).evaluated.length;
    this.#startSeconds = context.clock.nowSeconds();
    this.#savedSeconds = this.#startSeconds;
  }

  async run(root: string): Promise<SearchOutcome> {
    const { validationShare, seed, steps, parallel, timesCpu } = this.#request;
    const options = { path: root, validationShare, seed, steps };
    const trainers = Array.from({ length: parallel }, () => new EvaluatorChild(options));
    this.#timer = timesCpu === undefined ? undefined : new EvaluatorChild(options, { hidesGpu: true, ...timesCpu });
    const children = this.#timer === undefined ? trainers : [...trainers, this.#timer];
    const close = (): void => void Promise.allSettled(children.map((child) => child.close()));
    this.#context.signal.addEventListener('abort', close, { once: true });
    this.#show();
    try {
      await Promise.all(trainers.map((child) => this.#work(child)));
    } finally {
      this.#context.signal.removeEventListener('abort', close);
      await Promise.allSettled(children.map((child) => child.close()));
    }
    await this.#keep(this.#file);
    await writeSearchReport(this.#request.out, this.#file);
    return { file: this.#file, ended: this.#ended() };
  }

  async #work(child: EvaluatorChild): Promise<void> {
    while (!this.#context.signal.aborted) {
      const { file, work } = nextWork(this.#file, new Set(this.#busy.keys()), !this.#isTimeUp());
      if (work === 'wait') {
        await this.#change.promise;
        continue;
      }
      if (work === undefined) {
        const { open, remaining, exhausted } = nsga2Search.progress(file.search);
        if (this.#isTimeUp() || exhausted !== undefined || (remaining === 0 && open.length <= this.#busy.size)) return;
        // a call draws only so often, and the next one goes on
        this.#file = file;
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      this.#busy.set(work.candidate.id, work);
      // the state is kept before any evaluation begins
      await this.#keep(file);
      this.#show();
      try {
        await this.#evaluate(child, work);
      } finally {
        this.#busy.delete(work.candidate.id);
        this.#change.resolve();
        this.#change = Promise.withResolvers<void>();
      }
      this.#show();
    }
  }

  async #evaluate(child: EvaluatorChild, work: Work): Promise<void> {
    const { id, encoding } = work.candidate;
    const rung = work.kind === 'train' ? this.#request.ladder.rungs[work.rung] : undefined;
    try {
      if (work.kind === 'measure') {
        const reply = await this.#measure(child, encoding);
        if (reply.kind === 'failed') await this.#keep(withFailed(this.#file, id, reply.why));
        else {
          const { stepSeconds, parametersM, macsM } = reply;
          await this.#keep(withMeasured(this.#file, { id, stepSeconds, parametersM, macsM }));
        }
      } else if (rung !== undefined) {
        const reply = await child.ask({ kind: 'train', encoding, rung }, 'trained');
        if (reply.kind === 'failed') await this.#keep(withFailed(this.#file, id, reply.why));
        else await this.#keep(withTrained(this.#file, { id, rung: work.rung }, reply));
      }
    } catch (error) {
      // whoever ends the search ends its processes
      if (this.#context.signal.aborted) return;
      if (!(error instanceof EvaluatorLost)) throw error;
      await this.#keep(withLost(this.#file, work.candidate, error.message));
    }
  }

  #measure(child: EvaluatorChild, encoding: string) {
    const timer = this.#timer;
    if (timer === undefined) return child.ask({ kind: 'measure', encoding }, 'measured');
    const reply = this.#timing.then(() => timer.ask({ kind: 'measure', encoding }, 'measured'));
    this.#timing = reply.catch(() => undefined);
    return reply;
  }

  /** One write at a time, in the order of the changes. */
  #keep(file: SearchFile): Promise<void> {
    const now = this.#context.clock.nowSeconds();
    this.#file = { ...file, activeSeconds: file.activeSeconds + now - this.#savedSeconds };
    this.#savedSeconds = now;
    const state = this.#file;
    this.#written = this.#written.then(() => writeSearchFile(this.#request.out, state));
    return this.#written;
  }

  #isTimeUp(): boolean {
    const { timeSeconds = Number.POSITIVE_INFINITY } = this.#request;
    return this.#context.clock.nowSeconds() - this.#startSeconds >= timeSeconds;
  }

  #show(): void {
    const progress = nsga2Search.progress(this.#file.search);
    const took = this.#context.clock.nowSeconds() - this.#startSeconds;
    const done = progress.evaluated.length - this.#evaluatedBefore;
    const timeLeft = (this.#request.timeSeconds ?? Number.POSITIVE_INFINITY) - took;
    const evaluating =
      done > 0 ? (took / done) * (progress.remaining + progress.open.length) : Number.POSITIVE_INFINITY;
    const least = Math.max(0, Math.min(timeLeft, evaluating));
    const secondsLeft = Number.isFinite(least) ? least : undefined;
    this.#onView({ file: this.#file, progress, secondsLeft, busy: [...this.#busy.values()] });
  }

  #ended(): SearchOutcome['ended'] {
    const { remaining, open, exhausted } = nsga2Search.progress(this.#file.search);
    if (this.#context.signal.aborted) return 'interrupted';
    if (remaining === 0 && open.length === 0) return exhausted === undefined ? 'done' : 'exhausted';
    return 'time';
  }
}

/** Throws RunError where nothing could be evaluated. */
export function requireSome({ file }: SearchOutcome): void {
  const { evaluated, failed } = nsga2Search.progress(file.search);
  if (evaluated.length > 0 || failed.length === 0) return;
  throw new RunError(
    `Not one of ${failed.length} candidates could be evaluated: ${failed[0]?.why}`,
    'Look at the messages above; with too little memory a smaller --max-memory helps.',
  );
}
