/** The trainings of `make bench-zoo`, each kept once it is finished. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usesGpu } from '../../src/graph/session.ts';
import { preciseProcessor } from '../../src/lib/processor.ts';
import type { KeptLines } from '../lib/kept-lines.ts';
import { archiveOf } from '../tune/datasets.ts';
import type { Contestant } from './networks.ts';
import { Images, trainFromNothing } from './training.ts';

export interface Trained {
  readonly name: string;
  readonly encoding: string;
  readonly epochs: number;
  readonly accuracy: number;
  /** What trained it: accuracies do not depend on it but for rounding. */
  readonly device: string;
}

interface Options {
  /** The images; tiny-imagenet-100 if left out. */
  readonly data: string | undefined;
  readonly epochs: number;
  readonly signal: AbortSignal;
}

/** Classes of tiny-imagenet-100. */
export const classes = 100;

const unfinishedIn = fileURLToPath(new URL('../../.cache/bench-zoo', import.meta.url));

export class KeptTrainings {
  readonly #kept: KeptLines<Trained>;
  readonly #options: Options;
  #images: Images | undefined;

  constructor(kept: KeptLines<Trained>, options: Options) {
    this.#kept = kept;
    this.#options = options;
  }

  /** What trained those that are kept. */
  get devices(): readonly string[] {
    return [...new Set(this.#kept.all.map(({ device }) => device))];
  }

  /** Of 1, on the validation images; undefined where it is not trained yet. */
  accuracyOf({ name, network }: Contestant): number | undefined {
    const { encoding } = network(classes);
    const { epochs } = this.#options;
    return this.#kept.all.find((one) => one.name === name && one.encoding === encoding && one.epochs === epochs)
      ?.accuracy;
  }

  /** Trains one; throws the signal's reason where it is interrupted, and goes on from there another time. */
  async run(one: Contestant): Promise<void> {
    const { epochs, signal } = this.#options;
    const images = await this.#open();
    const network = one.network(images.dataset.classes.length);
    const unfinished = join(unfinishedIn, `${one.name} after ${epochs}`.replaceAll(/[^\w.]+/g, '-'));
    const { accuracy } = await trainFromNothing(network, images, { epochs, seed: 1, unfinished, signal });
    const device = (await usesGpu()) ? 'a GPU' : preciseProcessor().cpu;
    this.#kept.add({ name: one.name, encoding: network.encoding, epochs, accuracy, device });
    process.stderr.write(`${one.name}: ${(100 * accuracy).toFixed(1)} % after ${epochs} epochs\n`);
  }

  async close(): Promise<void> {
    await this.#images?.close();
  }

  /** Not before the first training: decoded images take memory, and steps are timed without. */
  async #open(): Promise<Images> {
    const { data, signal } = this.#options;
    const scratch = join(tmpdir(), `nasoa-bench-zoo-${process.pid}`);
    this.#images ??= await Images.open(data ?? (await archiveOf('tiny-imagenet-100')), scratch, signal);
    return this.#images;
  }
}
