import type { Command } from 'commander';
import type { Network } from '../../nas/layers.ts';
import type { Answer, Run } from '../context.ts';
import { integer } from '../options.ts';
import type { Paint } from '../terminal/paint.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';

interface ArchOptions {
  readonly size: number;
  readonly classes: number;
}

interface StageCost {
  readonly name: string;
  readonly channels: number;
  /** Side of the stage's output in pixels. */
  readonly size: number;
  readonly parameters: number;
  readonly macs: number;
}

const notes = `
An encoding is BLOCK_STEM_MACRO: operations and skips of the block, channels
after the stem, one channel multiplier a block with "-" before a stride of 2.

Examples:
  $ nasoa arch 031-_32_1-1-221-11121
  $ nasoa arch 011-_32_2-211-2-111122 --size 64 --json`;

export function addArch(program: Command, run: Run): void {
  program
    .command('arch')
    .summary('what a network of the search space costs and looks like')
    .description('Count the parameters and multiply-accumulates of a network and draw its block.')
    .argument('<encoding>', 'the network')
    .option('--size <pixels>', 'side of the square input', integer('--size', { min: 1, max: 4096 }), 224)
    .option('--classes <n>', 'outputs of the head', integer('--classes', { min: 1, max: 100_000 }), 1000)
    .addHelpText('after', notes)
    .action(async (encoding: string, options: ArchOptions) => {
      await run(() => describe(encoding, options));
    });
}

async function describe(encoding: string, { size, classes }: ArchOptions): Promise<Answer> {
  const { networkOf } = await import('../../nas/families/table.ts');
  const { costOf } = await import('../../nas/cost.ts');
  const network = networkOf(encoding, { classes });
  const { parameters, macs, activations } = costOf(network, size);
  const stages = await stageCosts(network, size);
  const drawing = await drawingOf(encoding);
  const totals = { encoding, size, classes, parameters, macs, activations };
  return {
    document: { ...totals, stages },
    text: (paint) => archText(totals, stages, drawing, paint),
  };
}

async function stageCosts(network: Network, size: number): Promise<readonly StageCost[]> {
  const { costOf, shapesOf } = await import('../../nas/cost.ts');
  const { layers } = costOf(network, size);
  const shapes = shapesOf(network, size);
  return network.stages.map(({ name, end }, i) => {
    const own = layers.slice(i === 0 ? 0 : (network.stages[i - 1]?.end ?? -1) + 1, end + 1);
    return {
      name,
      channels: shapes[end]?.channels ?? 0,
      size: shapes[end]?.size ?? 0,
      parameters: own.reduce((sum, layer) => sum + layer.parameters, 0),
      macs: own.reduce((sum, layer) => sum + layer.macs, 0),
    };
  });
}

/** Only networks of the search space have a block to draw. */
async function drawingOf(encoding: string): Promise<string | undefined> {
  if (!/^\d/.test(encoding)) return undefined;
  const { parseEncoding } = await import('../../nas/encoding.ts');
  const { drawBlock } = await import('../../nas/draw.ts');
  return drawBlock(parseEncoding(encoding));
}

function archText(
  totals: ArchOptions & { encoding: string; parameters: number; macs: number; activations: number },
  stages: readonly StageCost[],
  drawing: string | undefined,
  paint: Paint,
): string {
  const facts = renderFacts(
    [
      ['parameters', scaled(totals.parameters)],
      ['macs', `${scaled(totals.macs)} at ${totals.size} px`],
      ['activations', scaled(totals.activations)],
      ['classes', String(totals.classes)],
    ],
    paint,
  );
  const table = renderTable(
    [
      { title: 'stage' },
      { title: 'output', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'macs', align: 'right' },
    ],
    stages.map(({ name, size, channels, parameters, macs }) => [
      name,
      `${size} × ${size} × ${channels}`,
      scaled(parameters),
      scaled(macs),
    ]),
    { paint, indent: '  ' },
  );
  const block = drawing === undefined ? [] : ['', paint('bold', 'Block'), '', indented(drawing)];
  return [paint('bold', totals.encoding), '', facts, '', table, ...block].join('\n');
}

const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');

function scaled(n: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  const power = n < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return power === 0 ? String(n) : `${(n / 1000 ** power).toFixed(2)}${units[power]}`;
}
