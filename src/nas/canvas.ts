// sides of a cell that a line leaves by
const north = 1;
const east = 2;
const south = 4;
const west = 8;

/** The character for each set of sides; corners are round, as wires are. */
const wires: Readonly<Record<number, string>> = {
  [north | south]: '│',
  [east | west]: '─',
  [south | west]: '╮',
  [north | west]: '╯',
  [south | east]: '╭',
  [north | east]: '╰',
  [south | east | west]: '┬',
  [north | east | west]: '┴',
  [north | south | east]: '├',
  [north | south | west]: '┤',
  [north | south | east | west]: '┼',
};

/** A drawing of characters in which wires join and cross properly, and text lies on top. */
export class Canvas {
  readonly #wires = new Map<number, Map<number, number>>();
  readonly #text = new Map<number, Map<number, string>>();

  text(row: number, column: number, text: string): void {
    for (const [i, character] of [...text].entries()) rowOf(this.#text, row).set(column + i, character);
  }

  /** A wire from (`fromRow`, `left`) to the right, down at `column`, and back to (`toRow`, `left`). */
  route(fromRow: number, left: number, column: number, toRow: number): void {
    for (const row of [fromRow, toRow]) {
      for (let c = left + 1; c < column; c++) this.#join(row, c, east | west);
    }
    this.#join(fromRow, column, west | south);
    for (let row = fromRow + 1; row < toRow; row++) this.#join(row, column, north | south);
    this.#join(toRow, column, west | north);
  }

  toString(): string {
    const rows = Math.max(-1, ...this.#wires.keys(), ...this.#text.keys()) + 1;
    return Array.from({ length: rows }, (_, row) => this.#line(row)).join('\n');
  }

  #line(row: number): string {
    const [sides, text] = [rowOf(this.#wires, row), rowOf(this.#text, row)];
    const columns = Math.max(-1, ...sides.keys(), ...text.keys()) + 1;
    const cells = Array.from({ length: columns }, (_, c) => text.get(c) ?? wires[sides.get(c) ?? 0] ?? ' ');
    return cells.join('').trimEnd();
  }

  #join(row: number, column: number, sides: number): void {
    const cells = rowOf(this.#wires, row);
    cells.set(column, (cells.get(column) ?? 0) | sides);
  }
}

function rowOf<T>(rows: Map<number, Map<number, T>>, row: number): Map<number, T> {
  const found = rows.get(row) ?? new Map<number, T>();
  rows.set(row, found);
  return found;
}
