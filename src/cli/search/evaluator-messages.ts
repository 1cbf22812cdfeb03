/** What a search and the processes that evaluate its candidates tell each other. */
import type { Rung } from '../../nas/ladder.ts';
import type { EvaluatorOptions } from './evaluator.ts';
import type { MeasuredCandidate } from './search-file.ts';

export type Request =
  | { readonly kind: 'open'; readonly options: EvaluatorOptions }
  | { readonly kind: 'measure'; readonly encoding: string }
  | { readonly kind: 'train'; readonly encoding: string; readonly rung: Rung };

export type Reply =
  | { readonly kind: 'opened' }
  | ({ readonly kind: 'measured' } & Omit<MeasuredCandidate, 'id'>)
  | { readonly kind: 'trained'; readonly accuracy: number; readonly seconds: number }
  /** The architecture's fault: it would fail again. */
  | { readonly kind: 'failed'; readonly why: string }
  /** The data's fault, or the machine's. */
  | { readonly kind: 'refused'; readonly message: string; readonly remedy: string; readonly isInput: boolean };
