import { type BlockPlan, type Merge, planBlock, strideOp } from './block.ts';
import { Canvas } from './canvas.ts';
import type { Architecture, ChannelCode, MacroBlock, OpKind } from './encoding.ts';

const opNames: Readonly<Record<OpKind, string>> = {
  conv3: '3×3 conv',
  conv1: '1×1 conv',
  conv3_grp2: '3×3 conv, 2 groups',
  conv3_grp4: '3×3 conv, 4 groups',
  conv3_base1: '3×3 depthwise conv',
  conv3_base32: '3×3 conv, groups of 32',
  conv3_sep: '3×3 separable conv',
};
const widthNames: Readonly<Record<ChannelCode, string>> = { 0: '¼×', 1: '½×', 2: '1×', 3: '2×', 4: '4×' };

// columns of the drawing, which ends before the 80th
const boxLeft = 5;
const boxRight = 37;
const centre = 21;
const firstRail = 42;
const lastRail = 78;

/** One skip: drawn from the row of its source to its own row beside the target. */
interface Rail {
  readonly merge: Merge;
  readonly label: string;
  readonly fromRow: number;
  readonly toRow: number;
}

/**
 * The block as a drawing of at most 80 columns: operations from top to bottom with their width relative to the
 * block's, places numbered at the left, skips at the right, and `↓2` where a block of stride 2 halves the size.
 */
export function drawBlock(a: Architecture): string {
  const plans = distinctPlans(a);
  const canvas = new Canvas();
  const placeRows = [1];
  const rails: Rail[] = [];
  canvas.text(0, centre - 5, 'block input');
  let row = 2;
  for (const [i, op] of a.ops.entries()) {
    canvas.text((placeRows[i] ?? 0) - (i === 0 ? 1 : 0), 1, `${i}`);
    drawBox(canvas, row, opNames[op.kind], `${i === strideOp(a) && isStrided(a) ? '↓2 ' : ''}${widthNames[op.code]}`);
    row += 3;
    for (const [q, merge] of (plans[0]?.ops[i]?.merges ?? []).entries()) {
      rails.push({ merge, label: projectionLabel(plans, i, q), fromRow: placeRows[merge.from] ?? 0, toRow: row });
      row++;
    }
    canvas.text(row, centre, '│ ReLU');
    placeRows.push(row + 1);
    row += 2;
  }
  canvas.text(row - 1, 1, `${a.ops.length}`);
  canvas.text(row - 1, centre - 5, 'block output');
  drawRails(canvas, rails);
  for (const [i, place] of placeRows.slice(0, -1).entries()) {
    canvas.text(place, centre, rails.some(({ merge }) => merge.from === i) ? '●' : '│');
  }
  return [canvas.toString(), '', ...legend(a, rails)].join('\n');
}

/** The macro in one line: the stem, then each stage as `width×blocks`, `↓2` where a stage starts with stride 2. */
export function macroSummary(a: Architecture): string {
  const parts: string[] = [`stem ${a.stemWidth}${a.stemStride === 1 ? '' : ` ↓${a.stemStride}`}`];
  let runs: { width: number; blocks: number }[] = [];
  let prefix = '';
  let width = a.stemWidth;
  const close = (): void => {
    if (runs.length > 0) parts.push(prefix + runs.map((run) => `${run.width}×${run.blocks}`).join(' '));
    runs = [];
  };
  for (const block of a.macro) {
    if (block.stride === 2) {
      close();
      prefix = '↓2 ';
    }
    width *= block.multiplier;
    const last = runs.at(-1);
    if (last?.width === width) last.blocks++;
    else runs.push({ width, blocks: 1 });
  }
  close();
  return parts.join(' │ ');
}

function drawBox(canvas: Canvas, row: number, name: string, width: string): void {
  const inner = boxRight - boxLeft - 1;
  const left = '─'.repeat(centre - boxLeft - 1);
  const right = '─'.repeat(boxRight - centre - 1);
  canvas.text(row, boxLeft, `┌${left}┴${right}┐`);
  canvas.text(row + 1, boxLeft, `│ ${name}${width.padStart(inner - name.length - 2)} │`);
  canvas.text(row + 2, boxLeft, `└${left}┬${right}┘`);
}

/** A skip that ends earlier runs further in, so that no skip crosses another one where it arrives. */
function drawRails(canvas: Canvas, rails: readonly Rail[]): void {
  const step = Math.min(5, Math.floor((lastRail - firstRail) / Math.max(1, rails.length - 1)));
  for (const [r, { merge, label, fromRow, toRow }] of rails.toSorted((x, y) => x.toRow - y.toRow).entries()) {
    const column = firstRail + r * step;
    canvas.route(fromRow, centre, column, toRow);
    const isAdd = merge.kind === 'add';
    canvas.text(toRow, boxLeft, `${isAdd ? 'add' : 'concat'} ${merge.from}→${merge.to}`);
    canvas.text(toRow, centre, isAdd ? '⊕◄' : '⊞◄');
    if (label !== '') canvas.text(toRow, centre + 7, ` ${label} `);
  }
}

/** Whether the skip's 1x1 convolution is there in all blocks, in some (bracketed), or in none. */
function projectionLabel(plans: readonly BlockPlan[], op: number, q: number): string {
  const projected = plans.filter((plan) => plan.ops[op]?.merges[q]?.projection !== undefined).length;
  if (projected === 0) return '';
  return projected === plans.length ? '1×1' : '(1×1)';
}

function legend(a: Architecture, rails: readonly Rail[]): readonly string[] {
  const lines = ["Batch norm follows each convolution; widths are shares of the block's width."];
  if (isStrided(a)) lines.push('↓2: where a block of stride 2 halves the size.');
  if (rails.some(({ label }) => label === '1×1')) lines.push('1×1: the skip passes a convolution.');
  if (rails.some(({ label }) => label === '(1×1)')) {
    lines.push('(1×1): the skip passes a convolution where a block changes size or width.');
  }
  return lines;
}

const isStrided = (a: Architecture): boolean => a.macro.some((block) => block.stride === 2);

/** The block as it occurs in this macro, once for each multiplier and stride. */
function distinctPlans(a: Architecture): readonly BlockPlan[] {
  const kinds = new Map<string, MacroBlock>(a.macro.map((block) => [`${block.multiplier} ${block.stride}`, block]));
  return [...kinds.values()].map((block) => planBlock(a, a.stemWidth, block));
}
