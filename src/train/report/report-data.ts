import type { TuneResult } from '../result.ts';

/** A validation image that the model was wrong and sure about. */
export interface Mistake {
  /** Data URI of a small PNG, JPEG or WebP. */
  readonly thumbnail: string;
  /** Name of the file, for the one who looks it up. */
  readonly file: string;
  readonly trueClass: string;
  readonly predictedClass: string;
  /** Of the predicted class, 0 to 1. */
  readonly probability: number;
}

/** Everything that the report shows. */
export interface ReportData {
  readonly result: TuneResult;
  /** Worst first. */
  readonly mistakes: readonly Mistake[];
  /** What is known of the chosen member. */
  readonly member: {
    readonly encoding: string;
    readonly parametersM: number;
    readonly macsM: number;
    readonly nativeSize: number;
    readonly stages: number;
  };
}
