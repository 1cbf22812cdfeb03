import type { Choice, Plan, Prediction } from '../planner/types.ts';

/** What a run leaves in its output folder; every name is relative to that folder. */
export const outputNames = {
  result: 'result.json',
  report: 'report.html',
  model: 'model',
  /** Only while a run is unfinished. */
  checkpoint: 'checkpoint',
} as const;

/** One class of the validation split. Shares are 0 to 1. */
export interface ClassResult {
  readonly name: string;
  /** Validation images of this class. */
  readonly images: number;
  /** Of this class's images, the share that was recognised. */
  readonly recall: number;
  /** Of the images called so, the share that is; 0 where none was called so. */
  readonly precision: number;
  readonly f1: number;
}

/** A file that could not be used. */
export interface SkippedFile {
  /** Relative to the data set. */
  readonly file: string;
  readonly reason: string;
}

/** One evaluation on the validation split during the run, or the training loss at that moment. */
export interface CurvePoint {
  /** Active seconds since the data was first read. */
  readonly seconds: number;
  readonly step: number;
  /** Validation top-1, 0 to 1; undefined where only the training loss was taken. */
  readonly accuracy?: number;
  /** Mean training loss since the point before. */
  readonly trainingLoss?: number;
}

/** Where the active seconds went; to decode images, compute activations that are kept, and fit a head is preparation. */
export interface PhaseSeconds {
  readonly name: 'profile' | 'planning' | 'preparation' | 'training' | 'evaluation';
  readonly seconds: number;
}

/** How a run went on otherwise than planned. */
export interface Replanned {
  /** Its schedule was cut short, or the time left was given to another choice. */
  readonly action: 'annealed' | 'switched';
  /** Active seconds at which it was decided. */
  readonly seconds: number;
  /** What was seen then, and what was expected of the plan by then, 0 to 1. */
  readonly accuracy: number;
  readonly expected: { readonly low: number; readonly high: number };
  /** The choice that was given up. */
  readonly before?: Choice;
}

/** `result.json`: one finished run, as programs read it. Shares are 0 to 1, times are seconds. */
export interface TuneResult {
  readonly version: 1;
  /** A name for people, not a path. */
  readonly dataset: string;
  /** ISO 8601. */
  readonly finishedAt: string;
  /** Top-1 on the validation split, of the exported weights. */
  readonly accuracy: number;
  readonly top5: number;
  readonly macroF1: number;
  /** Active seconds as the budget counts them. */
  readonly activeSeconds: number;
  readonly budgetSeconds: number;
  /** Why training ended: every planned step was done, or time ran out first. */
  readonly stopped: 'completed' | 'budget';
  readonly steps: number;
  /** Times that this run went on from a checkpoint. */
  readonly resumed: number;
  /** What was carried out in the end. */
  readonly plan: Plan;
  /** Where that is not what was planned at first. */
  readonly replanned?: Replanned;
  readonly predicted: Prediction;
  /** Usable images of both splits. */
  readonly images: number;
  readonly trainingImages: number;
  readonly validationImages: number;
  readonly classes: number;
  /** Files that could not be used; `skippedFiles` lists the first of them. */
  readonly skipped: number;
  readonly skippedFiles: readonly SkippedFile[];
  /** In the order of the model's outputs. */
  readonly perClass: readonly ClassResult[];
  /** Validation images by true class (rows) and predicted class (columns), in the order of `perClass`. */
  readonly confusion: readonly (readonly number[])[];
  readonly curve: readonly CurvePoint[];
  readonly phases: readonly PhaseSeconds[];
  /** Share of the training time spent waiting for data. */
  readonly waitingShare: number;
  readonly seed: number;
  /** Of nasoa, node, tensorflow and what else shaped the numbers. */
  readonly versions: Readonly<Record<string, string>>;
  /** Processor, cores, memory; for comparing runs. */
  readonly machine: Readonly<Record<string, string>>;
}
