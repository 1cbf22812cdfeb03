import type { Clock } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import type { Progress, Reporter } from './reporter.ts';
import { printable } from './width.ts';

const everyShare = 0.1;
const everySeconds = 10;
const silentSeconds = 60;

/**
 * Plain lines for pipes and logs: one when a phase begins, then one a tenth of it but at least 10 s apart;
 * a long phase is never silent for more than about a minute.
 */
export class LineReporter implements Reporter {
  readonly #write: (text: string) => void;
  readonly #clock: Clock;
  #phase: string | undefined;
  #lastShare = 0;
  #lastSeconds = 0;

  constructor(write: (text: string) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  phase(name: string): void {
    this.#phase = name;
    this.#lastShare = 0;
    this.#lastSeconds = this.#clock.nowSeconds();
    this.line(name);
  }

  progress(progress: Progress): void {
    if (this.#phase !== progress.phase) this.phase(progress.phase);
    const now = this.#clock.nowSeconds();
    const share = progress.total ? progress.done / progress.total : undefined;
    // without a known end time alone decides
    const advanced = share === undefined || share - this.#lastShare >= everyShare - 1e-9;
    if (now - this.#lastSeconds < (advanced ? everySeconds : silentSeconds)) return;
    this.#lastShare = share ?? 0;
    this.#lastSeconds = now;
    const left = progress.secondsLeft === undefined ? [] : [`${formatDuration(progress.secondsLeft)} left`];
    const detail = progress.detail === undefined ? [] : [progress.detail];
    const far = share === undefined ? `${progress.done}` : `${Math.floor(share * 100)}%`;
    this.line(`${progress.phase}: ${[far, ...left, ...detail].join(', ')}`);
  }

  line(text: string): void {
    this.#write(`${printable(text)}\n`);
  }

  clear(): void {}

  close(): void {}
}
