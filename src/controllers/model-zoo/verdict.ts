import type { Answer } from '../job-state.ts';
import { type Consequence, consequences, type Failure } from './failure.ts';
import type { JobView } from './view.ts';

type AnswerOf<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

export interface Done {
  readonly means: 'done';
  readonly answer: AnswerOf<'candidate'> | AnswerOf<'pretraining'>;
}

/** What the end of a Job means. */
export type Verdict = Done | { readonly means: Consequence; readonly failure: Failure };

/** Undefined while a Job is not over, its answer may still come, or its failure is left alone. */
export function verdictOn({ state, role, deleting, wordsToCome, restSeconds }: JobView): Verdict | undefined {
  if (state.kind === 'answered') {
    const { answer } = state;
    if (answer.kind === role && (answer.kind === 'candidate' || answer.kind === 'pretraining')) {
      return { means: 'done', answer };
    }
    const message = `The pod answered as for ${answer.kind}, not ${role}.`;
    return { means: 'zoo', failure: { reason: 'ImageIncompatible', message } };
  }
  // a Job that we end ourselves may fail on its way out, which says nothing of its work
  if (state.kind !== 'failed' || deleting || wordsToCome || restSeconds > 0) return undefined;
  const { reason, message } = state.failure;
  return { means: consequences[reason], failure: { reason, message } };
}
