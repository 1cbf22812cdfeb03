import { encode } from '../../planner/encode.ts';
import { type KnownDataset, knownDatasets } from '../../planner/familiarity.ts';
import type { Predictor } from '../../planner/predictors/contract.ts';
import type { Experience } from '../../planner/types.ts';
import type { Lesson } from '../planning-protocol.ts';
import { type Learned, learnedFrom } from './plan-task.ts';

/** Weight of the newest run in the smoothed loss: about the last ten count. */
const newestShare = 0.1;
/** Growth since all runs were gone through after which that is done again. */
const replayGrowth = 1.1;

/** What a thread has learnt for the namespaces of a circle. */
export class Learner implements Learned {
  predictor: Predictor = learnedFrom([]);
  known: readonly KnownDataset[] = [];
  readonly #ids = new Set<string>();
  #loss: number | undefined;
  /** Runs at the last time that all were gone through. */
  #replayed = 0;

  /** Judges the predictor by the runs that it does not know yet, then lets it learn them. */
  learn(experiences: readonly Experience[]): Lesson {
    const unknown = experiences.filter(({ id }) => !this.#ids.has(id));
    const isFirst = this.#ids.size === 0;
    for (const experience of unknown) {
      this.#ids.add(experience.id);
      const x = encode(experience);
      if (!isFirst) this.#judge(Math.abs(this.predictor.predictOne(x).mean - experience.accuracy));
      this.predictor.learnOne(x, experience.accuracy);
    }
    // single runs are learnt as they come; once there are many, all are gone through again, which brings out more
    if (this.#ids.size > replayGrowth * this.#replayed) {
      this.predictor = learnedFrom(experiences);
      this.#replayed = this.#ids.size;
    }
    this.known = knownDatasets(experiences);
    return { experiences: this.#ids.size, ...(this.#loss === undefined ? {} : { loss: this.#loss }) };
  }

  #judge(error: number): void {
    this.#loss = this.#loss === undefined ? error : this.#loss + newestShare * (error - this.#loss);
  }
}
