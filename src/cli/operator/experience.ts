/** Experience as the operator keeps it: what the zoo ships and what its tasks brought, over one database. */
import type { ExperienceSink, ExperienceSource } from '../../controllers/fine-tune-task/ports.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Experience } from '../../planner/types.ts';
import type { ExperienceStore } from '../../store/experience.ts';
import { mergeExperience } from '../../store/shipped-experience.ts';

export interface ExperienceOptions {
  readonly store: Pick<ExperienceStore, 'add' | 'list' | 'count'>;
  readonly shipped: readonly Experience[];
  readonly clock: Clock;
  /** Told when the store is away and plans are made of what is known. */
  readonly onAway: (error: unknown) => void;
}

/** For how long a count holds: other replicas, and people, may add runs at any time, and each plan asks. */
const countedSeconds = 2;

/**
 * A store that is away does not keep tasks from being planned: the runs that were read last serve until it is back.
 * What finished meanwhile is added later, by its task.
 */
export class KnownExperience implements ExperienceSource, ExperienceSink {
  readonly #options: ExperienceOptions;
  #revision: { readonly count: number; readonly atSeconds: number } | undefined;
  #listed: readonly Experience[];

  constructor(options: ExperienceOptions) {
    this.#options = options;
    this.#listed = options.shipped;
  }

  async revision(): Promise<string> {
    const { store, clock, onAway } = this.#options;
    const now = clock.nowSeconds();
    if (this.#revision === undefined || now - this.#revision.atSeconds >= countedSeconds) {
      try {
        this.#revision = { count: await store.count(), atSeconds: now };
      } catch (error) {
        onAway(error);
        this.#revision = { count: this.#revision?.count ?? 0, atSeconds: now };
      }
    }
    return String(this.#revision.count);
  }

  async list(): Promise<readonly Experience[]> {
    const { store, shipped, onAway } = this.#options;
    try {
      this.#listed = mergeExperience(shipped, await store.list());
    } catch (error) {
      onAway(error);
    }
    return this.#listed;
  }

  async add(experience: Experience): Promise<boolean> {
    const isNew = await this.#options.store.add(experience);
    this.#revision = undefined;
    return isNew;
  }
}
