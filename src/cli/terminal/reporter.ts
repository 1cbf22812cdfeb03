/** How far a phase is. `done` and `total` are in whatever the phase counts: images, steps, batches. */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  /** Undefined where the end is not known yet. */
  readonly total: number | undefined;
  /** A few words about the current state, such as `loss 0.412`. */
  readonly detail?: string;
  readonly secondsLeft?: number;
}

/** Tells a person what goes on; never part of a command's result. Calls are cheap and may come thousands of times. */
export interface Reporter {
  /** A new phase begins; ends the one before. */
  phase(name: string): void;
  progress(progress: Progress): void;
  /** One line that stays. */
  line(text: string): void;
  /** Takes a half-drawn bar off the screen, so that others may write. */
  clear(): void;
  close(): void;
}

export const silentReporter: Reporter = { phase() {}, progress() {}, line() {}, clear() {}, close() {} };
