/** Why a zoo, or a part of it, fails, and what a failure of a pod means for a zoo. */
import type { ZooReason } from '../../crds/conditions.ts';
import type { JobFailure } from '../job-state.ts';

export type FailureReason = Exclude<ZooReason<'Failed'>, 'NotFailed'>;

/** What ends the whole zoo, or one candidate or member of it. */
export interface Failure {
  readonly reason: FailureReason;
  readonly message: string;
}

/**
 * `zoo`: data and image are everybody's, so nothing of the zoo can be made. `item`: this candidate or member alone.
 * `memory`: it may fit with smaller batches. `again`: the next attempt may do.
 */
export type Consequence = 'zoo' | 'item' | 'memory' | 'again';

export const consequences: Readonly<Record<JobFailure['reason'], Consequence>> = {
  AccessDenied: 'zoo',
  DataNotFound: 'zoo',
  NoImages: 'zoo',
  TooFewClasses: 'zoo',
  TooFewImages: 'zoo',
  TooManyDamaged: 'zoo',
  ArchiveUnreadable: 'zoo',
  ImageIncompatible: 'zoo',
  InvalidSpec: 'item',
  WeightsUnusable: 'item',
  BudgetSpent: 'item',
  Diverged: 'item',
  OutOfMemory: 'memory',
  NoSpace: 'again',
  OutputNotWritable: 'again',
  StorageUnreachable: 'again',
  Internal: 'again',
};
