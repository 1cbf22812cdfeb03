/** The trainings of `make bench-teacher`. What was pre-trained is kept on disk, for fine-tunings that come later. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTeacher, taskNetwork } from '../../src/cli/local/start-weights.ts';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { encodeSafetensors, readSafetensors } from '../../src/nas/safetensors.ts';
import { headTensors } from '../../src/nas/weight-shapes.ts';
import { memberOf, type Zoo } from '../../src/nas/zoo.ts';
import { baseRegime } from '../../src/planner/regime.ts';
import { fineTune, labelsOf } from '../../src/train/fine-tune.ts';
import { accuracyOf } from '../../src/train/metrics.ts';
import { type Answers, answersTo } from '../../src/train/teacher.ts';
import { archiveOf, type DatasetName, unpackedFolder } from '../tune/datasets.ts';
import { Images, inputSize, trainFromNothing } from '../zoo/training.ts';
import type { Arm } from './report.ts';

interface Options {
  /** Holds the members and the teacher. */
  readonly zoo: Zoo;
  readonly teacher: string;
  /** Of a pre-training. */
  readonly epochs: number;
  /** Of a fine-tuning. */
  readonly steps: number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export interface Slot {
  readonly member: string;
  readonly arm: Arm;
  readonly dataset: DatasetName;
  readonly seed: number;
}

const folder = fileURLToPath(new URL('../../.cache/bench-teacher', import.meta.url));

export class Trainings implements AsyncDisposable {
  readonly #options: Options;
  readonly #images = new Map<string, Promise<Images>>();
  #answers: Answers | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Accuracy on the validation images of the pre-training. Throws the signal's reason. */
  async pretrain(name: string, arm: Arm): Promise<number> {
    const { zoo, epochs, signal } = this.#options;
    const images = await this.#open('tiny-imagenet-100');
    const network = taskNetwork(memberOf(zoo, name), { classes: images.dataset.classes.length });
    const answers = arm === 'labels' ? undefined : await this.#answersTo(images);
    const unfinished = join(folder, `${this.#nameOf(name, arm)}-unfinished`);
    const made = await trainFromNothing(network, images, { epochs, seed: 1, unfinished, signal, answers });
    await writeFileAtomic(this.#file(name, arm), encodeSafetensors(made.weights));
    return made.accuracy;
  }

  /** Accuracy on the validation images of the task set. Throws the signal's reason. */
  async fineTune({ member, arm, dataset, seed }: Slot): Promise<number> {
    const { zoo, steps, signal } = this.#options;
    const { store } = await this.#open(dataset);
    const { classes } = store.dataset;
    const network = taskNetwork(memberOf(zoo, member), { classes: classes.length });
    const trained = await readSafetensors(this.#file(member, arm));
    const weights = new Map([...trained].filter(([tensor]) => !headTensors(network).includes(tensor)));
    const { logits, rows } = await fineTune({
      ...{ network, weights, store, seed, signal, clock: systemClock, startedSeconds: systemClock.nowSeconds() },
      // the start that a share goes back to is another one in each arm
      regime: { ...baseRegime, inputSize, steps, startShare: 0 },
      ...{ deadlineSeconds: undefined, stretch: 1, evaluations: 0, evaluationImages: store.val.count },
      ...{ resume: undefined, checkpointEverySeconds: Number.POSITIVE_INFINITY },
      keep: async () => {},
      onProgress: () => {},
    });
    if (logits === undefined) throw signal.reason;
    return accuracyOf(logits, labelsOf(store, rows), classes.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const images of this.#images.values()) await (await images).close();
  }

  async #answersTo({ store }: Images): Promise<Answers> {
    if (this.#answers !== undefined) return this.#answers;
    const { zoo, teacher: name, signal, log } = this.#options;
    const teacher = await openTeacher(zoo, name, store.dataset.classes.length);
    this.#answers = await answersTo(store, teacher, { signal, onProgress: () => {} });
    const right = accuracyOf(this.#answers.shares, store.train.labels, this.#answers.classes);
    log(`${name} is right about ${(100 * right).toFixed(1)} % of the training images`);
    return this.#answers;
  }

  #nameOf(member: string, arm: Arm): string {
    return `${member} ${arm} ${this.#options.epochs}`.replaceAll(' ', '-');
  }

  #file(member: string, arm: Arm): string {
    return join(folder, `${this.#nameOf(member, arm)}.safetensors`);
  }

  #open(dataset: DatasetName | 'tiny-imagenet-100'): Promise<Images> {
    const { signal } = this.#options;
    const open = async (): Promise<Images> => {
      const archive = await archiveOf(dataset);
      const path = dataset === 'tiny-imagenet-100' ? archive : await unpackedFolder(dataset, archive);
      return await Images.open(path, join(folder, 'images'), signal);
    };
    const found = this.#images.get(dataset) ?? open();
    this.#images.set(dataset, found);
    return found;
  }
}
