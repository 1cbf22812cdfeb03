import type { Clock } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';
import type { Progress, Reporter } from './reporter.ts';
import { displayWidth, printable, truncate } from './width.ts';

interface Terminal {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const redrawSeconds = 0.1;
const barColumns = 24;
// erase the line, then the cursor to its start
const eraseLine = '\r\u001b[2K';

/** One redrawn line on a terminal: phase, bar, share, detail, time left. A finished phase leaves one line behind. */
export class BarReporter implements Reporter {
  readonly #terminal: Terminal;
  readonly #paint: Paint;
  readonly #clock: Clock;
  #phase: { name: string; startSeconds: number } | undefined;
  #drawnSeconds = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(terminal: Terminal, paint: Paint, clock: Clock) {
    this.#terminal = terminal;
    this.#paint = paint;
    this.#clock = clock;
  }

  phase(name: string): void {
    this.#finishPhase();
    this.#phase = { name, startSeconds: this.#clock.nowSeconds() };
    this.#drawnSeconds = Number.NEGATIVE_INFINITY;
    this.progress({ phase: name, done: 0, total: undefined });
  }

  progress(progress: Progress): void {
    if (this.#phase?.name !== progress.phase) {
      this.phase(progress.phase);
      this.#drawnSeconds = Number.NEGATIVE_INFINITY;
    }
    const now = this.#clock.nowSeconds();
    if (now - this.#drawnSeconds < redrawSeconds) return;
    this.#drawnSeconds = now;
    this.#isDrawn = true;
    this.#terminal.write(`${eraseLine}${barLine(progress, this.#paint, this.#terminal.columns ?? 80)}`);
  }

  line(text: string): void {
    this.clear();
    this.#terminal.write(`${printable(text)}\n`);
  }

  clear(): void {
    if (this.#isDrawn) this.#terminal.write(eraseLine);
    this.#isDrawn = false;
    this.#drawnSeconds = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    this.#finishPhase();
  }

  #finishPhase(): void {
    if (this.#phase === undefined) return;
    const took = formatDuration(this.#clock.nowSeconds() - this.#phase.startSeconds);
    const { name } = this.#phase;
    this.#phase = undefined;
    this.clear();
    this.#terminal.write(`${this.#paint('green', '✓')} ${printable(name)} ${this.#paint('dim', took)}\n`);
  }
}

/** The bar as text that fits into one line: a line that wraps could not be redrawn. */
export function barLine(progress: Progress, paint: Paint, columns: number): string {
  const { done, total, detail, secondsLeft } = progress;
  const share = total === undefined || total <= 0 ? undefined : Math.min(1, Math.max(0, done / total));
  const parts: string[] = [];
  if (share !== undefined) parts.push(`${Math.floor(share * 100)}%`.padStart(4));
  if (secondsLeft !== undefined) parts.push(`${formatDuration(secondsLeft)} left`);
  if (detail !== undefined) parts.push(printable(detail));
  const name = printable(progress.phase);
  const bar = share === undefined ? '' : ` ${drawBar(share, paint)}`;
  const used = displayWidth(name) + displayWidth(bar) + 4;
  const rest = truncate(parts.join('  '), Math.max(0, columns - used));
  return `${paint('cyan', '›')} ${truncate(name, Math.max(0, columns - 3))}${used < columns ? bar : ''} ${rest}`.trimEnd();
}

function drawBar(share: number, paint: Paint): string {
  const filled = Math.round(share * barColumns);
  return `${paint('cyan', '━'.repeat(filled))}${paint('dim', '─'.repeat(barColumns - filled))}`;
}
