/** What the planner and its worker threads tell each other. */
import type { Experience } from '../planner/types.ts';
import type { PlanAnswer, PlanInput } from './fine-tune-task/ports.ts';

export interface PlanningSetup {
  /** Candidates to judge for each plan. */
  readonly candidates: number;
}

export type PlanningTask =
  /** Learn anew from all of these, for those of the circle. */
  | { readonly kind: 'learn'; readonly circle: string; readonly experiences: readonly Experience[] }
  | { readonly kind: 'plan'; readonly circle: string; readonly input: PlanInput }
  /** Nobody of the circle plans at present. */
  | { readonly kind: 'forget'; readonly circle: string };

/** The reply carries the order's number. */
export type PlanningOrder = PlanningTask & { readonly id: number };

/** What became of the predictor. */
export interface Lesson {
  readonly experiences: number;
  /** Smoothed absolute error of its predictions for runs that were new to it, 0 to 1; absent before the first one. */
  readonly loss?: number;
}

export type PlanningReply =
  | ({ readonly kind: 'learned'; readonly id: number; readonly seconds: number } & Lesson)
  | { readonly kind: 'planned'; readonly id: number; readonly answer: PlanAnswer }
  | { readonly kind: 'forgotten'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
