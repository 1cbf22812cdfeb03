interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

// cursor to the top left; erase to the end of a line, and of the screen
const [home, eraseLine, eraseBelow] = ['\u001b[H', '\u001b[K', '\u001b[J'];
const clear = '\u001b[2J';

/**
 * Shows one text in place of the one before. On a terminal it fills the screen, without flicker; elsewhere a text is
 * written only where it differs from the last one.
 */
export class Screen {
  readonly #terminal: Terminal;
  #last: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Columns of the terminal; undefined where there is none. */
  get columns(): number | undefined {
    return this.#terminal.isTTY === true ? (this.#terminal.columns ?? 80) : undefined;
  }

  show(text: string): void {
    const isFirst = this.#last === undefined;
    if (text === this.#last) return;
    this.#last = text;
    if (this.#terminal.isTTY !== true) {
      this.#terminal.write(`${isFirst ? '' : '\n'}${text}\n`);
      return;
    }
    const lines = text.split('\n').slice(0, Math.max(1, (this.#terminal.rows ?? 24) - 1));
    const body = lines.map((line) => `${line}${eraseLine}\n`).join('');
    this.#terminal.write(`${isFirst ? clear : ''}${home}${body}${eraseBelow}`);
  }
}
