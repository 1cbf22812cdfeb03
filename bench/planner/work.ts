/** The pieces that a run of the benchmark consists of: one training side and the data sets to choose for. */
export interface Piece {
  /** Of the seeds, or of the orders of a stream. */
  readonly seed: number;
  readonly learn: readonly string[];
  readonly choose: readonly string[];
  readonly budgets: readonly number[];
  readonly setting: 'one shot' | 'stream';
  /** Who chooses, by the names of `judgeKinds`. */
  readonly methods: readonly string[];
}

export interface PieceRegrets {
  readonly setting: Piece['setting'];
  readonly method: string;
  readonly seed: number;
  readonly dataset: string;
  /** In the order of the budgets. */
  readonly regrets: readonly number[];
}
