import { systemClock } from '../lib/clock.ts';
import type { Answer, CommandContext, Run } from './context.ts';
import { failureDocument, failureOf, failureText } from './failure.ts';
import { Interruption, listenForInterruption } from './interruption.ts';
import { BarReporter } from './terminal/bar-reporter.ts';
import { LineReporter } from './terminal/line-reporter.ts';
import { paintFor } from './terminal/paint.ts';
import { type Reporter, silentReporter } from './terminal/reporter.ts';

/** How the answers of one invocation are to be shown. */
export interface SessionOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** Whatever one invocation writes goes through here: answers to standard output, all else to standard error. */
export class Session {
  readonly #options: SessionOptions;
  exitCode = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    // a library that prints must not spoil the one document
    if (options.json) console.log = console.info = console.debug = console.error;
  }

  readonly run: Run = async (body, options = {}) => {
    const reporter = this.#reporter();
    const stop = options.interruptible ? this.#listen(reporter, options.farewell) : undefined;
    const signal = stop?.signal ?? new AbortController().signal;
    try {
      const answer = await body(this.#context(reporter, signal));
      // what was interrupted is not done
      if (signal.aborted) reporter.clear();
      else reporter.close();
      this.exitCode = answer.exitCode ?? 0;
      this.#show(answer);
    } catch (error) {
      reporter.clear();
      if (error instanceof Interruption) this.#interrupted(error);
      else this.fail(error);
    } finally {
      stop?.dispose();
    }
  };

  /** Tells of an error and sets the exit code. */
  fail(error: unknown): void {
    const failure = failureOf(error);
    this.exitCode = failure.exitCode;
    const debug = Boolean(this.#options.env.NASOA_DEBUG);
    if (this.#options.json) {
      this.#writeDocument(failureDocument(failure));
      if (debug && failure.stack !== undefined) process.stderr.write(`${failure.stack}\n`);
    } else {
      process.stderr.write(`${failureText(failure, paintFor(process.stderr, this.#options.env), debug)}\n`);
    }
  }

  #interrupted(interruption: Interruption): void {
    this.exitCode = interruption.exitCode;
    const message = 'Stopped before anything was reached; nothing was written.';
    if (this.#options.json) this.#writeDocument({ interrupted: { message } });
    else process.stderr.write(`${message}\n`);
  }

  #listen(
    reporter: Reporter,
    farewell = 'Stopping and keeping the checkpoint; press Ctrl-C again to end at once.',
  ): ReturnType<typeof listenForInterruption> {
    return listenForInterruption(() => reporter.line(farewell));
  }

  #context(reporter: Reporter, signal: AbortSignal): CommandContext {
    const { json, quiet, env } = this.#options;
    const target = json ? process.stderr : process.stdout;
    const print = (text: string): void => {
      if (json && quiet) return;
      reporter.clear();
      target.write(`${text}\n`);
    };
    return { json, paint: paintFor(target, env), reporter, signal, clock: systemClock, env, print };
  }

  #reporter(): Reporter {
    const { quiet, env } = this.#options;
    if (quiet) return silentReporter;
    const { stderr } = process;
    return stderr.isTTY && env.TERM !== 'dumb'
      ? new BarReporter(stderr, paintFor(stderr, env), systemClock)
      : new LineReporter((text) => stderr.write(text), systemClock);
  }

  #show(answer: Answer): void {
    if (this.#options.json) this.#writeDocument(answer.document);
    else {
      const text = answer.text(paintFor(process.stdout, this.#options.env));
      if (text !== '') process.stdout.write(`${text}\n`);
    }
  }

  #writeDocument(document: unknown): void {
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}
