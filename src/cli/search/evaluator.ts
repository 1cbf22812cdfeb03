/** Evaluates candidates over data that is decoded once: the very step and training that pods of a ModelZoo run. */
import type { Clock } from '../../lib/clock.ts';
import { countedClasses } from '../../nas/candidates.ts';
import { costOf } from '../../nas/cost.ts';
import { networkOf } from '../../nas/families/table.ts';
import type { Rung } from '../../nas/ladder.ts';
import { proxyInputSize } from '../../nas/search.ts';
import type { Regime } from '../../planner/types.ts';
import { type Dataset, openDataset } from '../../train/dataset.ts';
import { decodeAll, type ImageStore } from '../../train/image-cache.ts';
import { pretrain, pretrainingSide, proxyRegime } from '../../train/pretraining.ts';
import { comparedStep } from '../../train/step-time.ts';
import { scratchFolder, workersHere } from '../local/planning.ts';
import { proxyPart } from '../local/visited-images.ts';
import type { MeasuredCandidate } from './search-file.ts';

export interface EvaluatorOptions {
  readonly path: string;
  readonly validationShare: number;
  readonly seed: number;
  /** Of a training in full at most. */
  readonly steps: number;
}

interface Context {
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export class Evaluator {
  readonly #options: EvaluatorOptions;
  readonly #context: Context;
  readonly #dataset: Dataset;
  /** By side of the images. */
  readonly #stores = new Map<number, ImageStore>();

  private constructor(options: EvaluatorOptions, context: Context, dataset: Dataset) {
    this.#options = options;
    this.#context = context;
    this.#dataset = dataset;
  }

  static async open(options: EvaluatorOptions, context: Context): Promise<Evaluator> {
    const { path, seed, validationShare } = options;
    const scratch = scratchFolder(context.env);
    const dataset = await openDataset(path, { seed, valShare: validationShare, scratch, signal: context.signal });
    return new Evaluator(options, context, proxyPart(dataset, visitsOf(dataset, options), options.seed));
  }

  /** A training step timed, and what the architecture costs. */
  async measure(encoding: string): Promise<Omit<MeasuredCandidate, 'id'>> {
    const network = networkOf(encoding, { classes: this.#dataset.classes.length });
    const { comparedSeconds } = await comparedStep(network, proxyInputSize, 0, this.#context);
    const { parameters, macs } = costOf(networkOf(encoding, { classes: countedClasses }), proxyInputSize);
    return { stepSeconds: comparedSeconds, parametersM: parameters / 1e6, macsM: macs / 1e6 };
  }

  /** Throws Diverged. */
  async train(encoding: string, rung: Rung): Promise<{ readonly accuracy: number; readonly seconds: number }> {
    const store = await this.#storeOf(rung.inputSize);
    const { clock, signal } = this.#context;
    const startedSeconds = clock.nowSeconds();
    const { evaluation } = await pretrain({
      network: networkOf(encoding, { classes: this.#dataset.classes.length }),
      regime: rungRegime(store.train.count, rung, this.#options.steps),
      ...{ store, seed: this.#options.seed, clock, signal, startedSeconds },
      ...{ deadlineSeconds: undefined, evaluations: 0, resume: undefined },
      checkpointEverySeconds: Number.POSITIVE_INFINITY,
      keep: async () => {},
      onProgress: () => {},
    });
    if (evaluation === undefined) throw signal.reason;
    return { accuracy: evaluation.accuracy, seconds: clock.nowSeconds() - startedSeconds };
  }

  async close(): Promise<void> {
    for (const store of this.#stores.values()) store.close();
    await this.#dataset.close();
  }

  async #storeOf(side: number): Promise<ImageStore> {
    const found = this.#stores.get(side);
    if (found !== undefined) return found;
    const { env, signal } = this.#context;
    const store = await decodeAll(this.#dataset, {
      ...{ side, trainSide: pretrainingSide(side) },
      ...{ scratch: scratchFolder(env), workers: workersHere(), signal, onProgress: () => {} },
    });
    this.#stores.set(side, store);
    return store;
  }
}

/** The recipe of candidates, for a rung: fewer steps with a whole schedule of their own, of smaller images. */
export function rungRegime(images: number, { inputSize, stepShare }: Rung, steps: number): Regime {
  const full = proxyRegime(images, steps);
  return { ...full, inputSize, steps: Math.max(1, Math.round(full.steps * stepShare)) };
}

/** So many images are seen; no others need decoding. */
const visitsOf = (dataset: Dataset, { steps }: EvaluatorOptions): number =>
  steps * proxyRegime(dataset.train.length).batchSize;
