import { join } from 'node:path';
import { formatDuration } from '../../lib/duration.ts';
import { replannedSentence } from '../../train/plan-words.ts';
import { count, percent } from '../../train/regime-words.ts';
import { outputNames, type TuneResult } from '../../train/result.ts';
import type { Paint } from './paint.ts';
import { renderFacts, renderTable } from './table.ts';
import { printable, truncate } from './width.ts';

const listedSkipped = 5;
/** Accuracies are shown in steps of a tenth of a percent. */
const shownStep = 0.001;

/** The result beside what the plan predicted, and where everything is. */
export function resultText(result: TuneResult, out: string, paint: Paint): string {
  const { predicted } = result;
  const replanned = replannedSentence(result);
  const rows = [
    ['accuracy', percent(result.accuracy), percent(predicted.accuracy), verdict(result)],
    [
      'time',
      formatDuration(result.activeSeconds),
      formatDuration(planningSeconds(result) + predicted.seconds),
      `of a budget of ${formatDuration(result.budgetSeconds)}`,
    ],
    ['top-5', percent(result.top5), '', ''],
    ['macro F1', result.macroF1.toFixed(3), '', ''],
  ];
  const table = renderTable(
    [{ title: '' }, { title: 'reached', align: 'right' }, { title: 'predicted', align: 'right' }, { title: '' }],
    rows,
    { paint, indent: '  ', strongRow: 0 },
  );
  return [
    `\n${paint('bold', 'Result')}  ${paint('dim', `on ${count(result.validationImages)} validation images`)}\n`,
    table,
    ...(replanned === undefined ? [] : ['', `  ${replanned}`]),
    ...skippedLines(result, paint),
    '',
    renderFacts(
      [
        ['Report', printable(join(out, outputNames.report))],
        ['Model', printable(join(out, outputNames.model))],
        ['Numbers', printable(join(out, outputNames.result))],
        ['Use it', `nasoa predict ${shellWord(out)} IMAGE...`],
      ],
      paint,
    ),
  ].join('\n');
}

/** What was reached until Ctrl-C, and how to go on. */
export function interruptedText(
  run: { readonly activeSeconds: number; readonly budgetSeconds: number; readonly checkpoint: boolean },
  path: string,
  out: string,
  paint: Paint,
): string {
  const when = `Stopped after ${formatDuration(run.activeSeconds)} of ${formatDuration(run.budgetSeconds)}`;
  if (!run.checkpoint) return `\n${when}, before there was anything to keep.`;
  const command = `nasoa tune ${shellWord(path)} --out ${shellWord(out)} --budget ${run.budgetSeconds}s --resume`;
  return `\n${when}; the checkpoint is kept. Go on with:\n\n  ${paint('bold', command)}`;
}

/** Whether what was reached lies within what was predicted. */
export function verdict({ accuracy, predicted }: Pick<TuneResult, 'accuracy' | 'predicted'>): string {
  const interval = `${(predicted.low * 100).toFixed(1)}–${(predicted.high * 100).toFixed(1)} %`;
  // what looks equal is within
  if (accuracy < predicted.low - shownStep / 2) return `below the predicted interval ${interval}`;
  if (accuracy > predicted.high + shownStep / 2) return `above the predicted interval ${interval}`;
  return `within the predicted interval ${interval}`;
}

// the prediction leaves profile and planning out, the budget does not
const planningSeconds = ({ phases }: TuneResult): number =>
  phases.filter(({ name }) => name === 'profile' || name === 'planning').reduce((sum, { seconds }) => sum + seconds, 0);

function skippedLines({ skipped, skippedFiles }: TuneResult, paint: Paint): string[] {
  if (skipped === 0) return [];
  const listed = skippedFiles.slice(0, listedSkipped).map(({ file, reason }) => {
    return `    ${truncate(printable(file), 60)}  ${paint('dim', printable(reason))}`;
  });
  const more = skipped - listed.length;
  const rest = more > 0 ? [`    ${paint('dim', `and ${count(more)} more, listed in the report`)}`] : [];
  return ['', `  ${paint('yellow', `${count(skipped)} files were skipped:`)}`, ...listed, ...rest];
}

/** `word` as a POSIX shell takes it literally. */
export const shellWord = (word: string): string => {
  const bare = printable(word);
  return /^[\w@%+=:,./~-]+$/.test(bare) ? bare : `'${bare.replaceAll("'", "'\\''")}'`;
};
