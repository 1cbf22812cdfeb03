import { appendFileSync, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { PeerRun } from './peers.ts';
import type { PieceRegrets } from './work.ts';

interface Part {
  readonly regrets?: readonly PieceRegrets[];
  readonly runs?: readonly PeerRun[];
}

/** What was measured so far, in a file of a line each where one is given: a run of hours may be killed and go on. */
export class Kept {
  readonly regrets: PieceRegrets[] = [];
  readonly runs: PeerRun[] = [];
  readonly #file: string | undefined;

  private constructor(file: string | undefined) {
    this.#file = file;
  }

  static async open(file: string | undefined): Promise<Kept> {
    const kept = new Kept(file);
    if (file === undefined || !existsSync(file)) return kept;
    const lines = (await readFile(file, 'utf8')).split('\n');
    // the last line is whole only if its end was written too
    for (const line of lines.slice(0, -1)) kept.#take(JSON.parse(line) as Part);
    return kept;
  }

  add(part: Part): void {
    this.#take(part);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(part)}\n`);
  }

  #take({ regrets = [], runs = [] }: Part): void {
    this.regrets.push(...regrets);
    this.runs.push(...runs);
  }
}
