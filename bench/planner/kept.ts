import { KeptLines } from '../lib/kept-lines.ts';
import type { PeerRun } from './peers.ts';
import type { PieceRegrets } from './work.ts';

interface Part {
  readonly regrets?: readonly PieceRegrets[];
  readonly runs?: readonly PeerRun[];
}

/** What was measured so far: the regrets of the planner's choices, and the runs of the peers. */
export class Kept {
  readonly #lines: KeptLines<Part>;

  private constructor(lines: KeptLines<Part>) {
    this.#lines = lines;
  }

  static async open(file: string | undefined): Promise<Kept> {
    return new Kept(await KeptLines.open<Part>(file));
  }

  get regrets(): readonly PieceRegrets[] {
    return this.#lines.all.flatMap(({ regrets = [] }) => regrets);
  }

  get runs(): readonly PeerRun[] {
    return this.#lines.all.flatMap(({ runs = [] }) => runs);
  }

  add(part: Part): void {
    this.#lines.add(part);
  }
}
