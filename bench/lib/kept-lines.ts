import { appendFileSync, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/**
 * What a long benchmark has measured so far, a JSON document a line, in a file where one is given: a run of hours may be
 * killed and go on, and several processes may add to one file.
 */
export class KeptLines<T> {
  readonly all: T[];
  readonly #file: string | undefined;

  private constructor(file: string | undefined, all: T[]) {
    this.#file = file;
    this.all = all;
  }

  static async open<T>(file: string | undefined): Promise<KeptLines<T>> {
    if (file === undefined || !existsSync(file)) return new KeptLines<T>(file, []);
    const lines = (await readFile(file, 'utf8')).split('\n');
    // the last line is whole only if its end was written too
    return new KeptLines(
      file,
      lines.slice(0, -1).map((line) => JSON.parse(line) as T),
    );
  }

  add(one: T): void {
    this.all.push(one);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(one)}\n`);
  }
}
