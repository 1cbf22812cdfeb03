/** Experience as the operator keeps it: what the zoo ships and what its tasks brought, over one database. */
import type { ExperienceSink, ExperienceSource } from '../../controllers/fine-tune-task/ports.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Experience } from '../../planner/types.ts';
import type { ExperienceStore } from '../../store/experience.ts';
import { mergeExperience } from '../../store/shipped-experience.ts';

export interface ExperienceOptions {
  readonly store: Pick<ExperienceStore, 'add' | 'list' | 'count'>;
  readonly shipped: readonly Experience[];
  /** Whether all namespaces learn from each other's runs; else each one from its own and from what is everybody's. */
  readonly isShared: boolean;
  readonly clock: Clock;
  /** Told when the store is away and plans are made of what is known. */
  readonly onAway: (error: unknown) => void;
}

/** For how long a count holds: other replicas, and people, may add runs at any time, and each plan asks. */
const countedSeconds = 2;
/** Of all namespaces. No namespace has an empty name. */
const everybody = '';

interface Known {
  counted?: { readonly count: number; readonly atSeconds: number };
  listed?: readonly Experience[];
}

/**
 * A store that is away does not keep tasks from being planned: the runs that were read last serve until it is back.
 * What finished meanwhile is added later, by its task.
 */
export class KnownExperience implements ExperienceSource, ExperienceSink {
  readonly #options: ExperienceOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: ExperienceOptions) {
    this.#options = options;
  }

  circleOf(namespace: string): string {
    return this.#options.isShared ? everybody : namespace;
  }

  async revision(circle: string): Promise<string> {
    const { store, clock, onAway } = this.#options;
    const known = this.#knownOf(circle);
    const now = clock.nowSeconds();
    if (known.counted === undefined || now - known.counted.atSeconds >= countedSeconds) {
      try {
        known.counted = { count: await store.count(openTo(circle)), atSeconds: now };
      } catch (error) {
        onAway(error);
        known.counted = { count: known.counted?.count ?? 0, atSeconds: now };
      }
    }
    return String(known.counted.count);
  }

  async list(circle: string): Promise<readonly Experience[]> {
    const { store, shipped, onAway } = this.#options;
    const known = this.#knownOf(circle);
    try {
      known.listed = mergeExperience(shipped, await store.list(openTo(circle)));
    } catch (error) {
      onAway(error);
    }
    return known.listed ?? shipped;
  }

  /** A run stays its namespace's also where all share: they may stop to. */
  async add(experience: Experience, namespace: string): Promise<boolean> {
    const isNew = await this.#options.store.add(experience, namespace);
    delete this.#knownOf(this.circleOf(namespace)).counted;
    return isNew;
  }

  #knownOf(circle: string): Known {
    const known = this.#known.get(circle) ?? {};
    this.#known.set(circle, known);
    return known;
  }
}

const openTo = (circle: string) => (circle === everybody ? {} : { openTo: circle });
