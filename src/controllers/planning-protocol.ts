/** What the planner and its worker threads tell each other. */
import type { Experience } from '../planner/types.ts';
import type { PlanAnswer, PlanInput } from './fine-tune-task/ports.ts';

export interface PlanningSetup {
  /** Candidates to judge for each plan. */
  readonly candidates: number;
}

export type PlanningTask =
  /** Learn anew from all of these. */
  | { readonly kind: 'learn'; readonly experiences: readonly Experience[] }
  | { readonly kind: 'plan'; readonly input: PlanInput };

/** The reply carries the order's number. */
export type PlanningOrder = PlanningTask & { readonly id: number };

export type PlanningReply =
  | { readonly kind: 'learned'; readonly id: number; readonly seconds: number }
  | { readonly kind: 'planned'; readonly id: number; readonly answer: PlanAnswer }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
