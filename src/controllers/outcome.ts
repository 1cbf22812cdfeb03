import { ApiError, Conflict, LeaseLost } from '../kube/errors.ts';
import type { Next } from '../kube/worker-pool.ts';
import { InputError } from '../lib/errors.ts';

/** What came of one pass over an object. */
export type Outcome =
  | { readonly kind: 'done' }
  /** Nothing failed; there is something to do then. */
  | { readonly kind: 'requeue'; readonly seconds: number }
  /** Something failed that another try may mend. */
  | { readonly kind: 'retry'; readonly cause: unknown; readonly atLeastSeconds?: number | undefined }
  /** No try mends it before somebody changes the object. */
  | { readonly kind: 'stalled'; readonly reason: 'InvalidSpec'; readonly message: string };

export type OutcomeKind = Outcome['kind'];

export const done: Outcome = { kind: 'done' };

export const requeueAfter = (seconds: number | undefined): Outcome =>
  seconds === undefined ? done : { kind: 'requeue', seconds };

/** The one place where an outcome becomes what the work queue does. */
export function nextOf(outcome: Outcome): Next {
  switch (outcome.kind) {
    case 'done':
    case 'stalled':
      return { kind: 'done' };
    case 'requeue':
      return { kind: 'again', afterSeconds: outcome.seconds };
    case 'retry':
      return { kind: 'retry', atLeastSeconds: outcome.atLeastSeconds };
  }
}

/** What a pass that threw came to. */
export function outcomeOfError(error: unknown): Outcome {
  if (error instanceof LeaseLost) return done;
  if (error instanceof InputError) return { kind: 'stalled', reason: 'InvalidSpec', message: error.message };
  const atLeastSeconds = error instanceof ApiError ? error.retryAfterSeconds : undefined;
  return { kind: 'retry', cause: error, atLeastSeconds };
}

/** Another wrote first; the next pass sees what, so this is no news to anybody. */
export const isExpected = (outcome: Outcome): boolean => outcome.kind === 'retry' && outcome.cause instanceof Conflict;
