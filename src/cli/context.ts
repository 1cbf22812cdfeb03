import type { Clock } from '../lib/clock.ts';
import type { Paint } from './terminal/paint.ts';
import type { Reporter } from './terminal/reporter.ts';

/** What a command gets besides its arguments. */
export interface CommandContext {
  /** Whether the answer is to be one JSON document. */
  readonly json: boolean;
  /** For text that goes to `print`. */
  readonly paint: Paint;
  readonly reporter: Reporter;
  /** Aborted by the first Ctrl-C; only commands that declare themselves interruptible see it happen. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  /** Writes lines for people before the answer is known; with --json they go to standard error. */
  print(text: string): void;
}

/** A command's answer in both forms; which one is shown is not the command's business. */
export interface Answer {
  readonly document: unknown;
  text(paint: Paint): string;
  /** 0 unless said otherwise. */
  readonly exitCode?: number;
}

/** How a command wants to be run. */
export interface CommandOptions {
  /** Handles Ctrl-C itself, by the context's signal, to keep what was reached. */
  readonly interruptible?: boolean;
  /** What the first Ctrl-C says, where no checkpoint is at stake. */
  readonly farewell?: string;
}

/** Runs a command's body with a context and shows its answer. */
export type Run = (body: (context: CommandContext) => Promise<Answer>, options?: CommandOptions) => Promise<void>;
