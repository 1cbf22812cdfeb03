import { formatDuration } from '../../lib/duration.ts';
import type { ImportReport } from '../../store/experience.ts';
import { count, percent } from '../../train/regime-words.ts';
import type { KnownRun } from '../commands/experience.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from './width.ts';

const listedRefusals = 10;

/** One run a row, latest last: nearest to the prompt. */
export function experienceText(runs: readonly KnownRun[], paint: Paint): string {
  if (runs.length === 0) return 'There is no experience yet; every finished "nasoa tune" adds a run.';
  const rows = runs.map((run) => [
    run.finishedAt.slice(0, 10),
    run.dataset,
    count(run.features.classes),
    count(run.features.images),
    run.member.name,
    `${run.regime.inputSize} px`,
    percent(run.accuracy),
    formatDuration(run.activeSeconds),
    formatDuration(run.budgetSeconds),
    run.source,
  ]);
  const table = renderTable(
    [
      { title: 'finished' },
      { title: 'data set', maxWidth: 28 },
      { title: 'classes', align: 'right' },
      { title: 'images', align: 'right' },
      { title: 'member', maxWidth: 24 },
      { title: 'input', align: 'right' },
      { title: 'accuracy', align: 'right' },
      { title: 'active', align: 'right' },
      { title: 'budget', align: 'right' },
      { title: 'source' },
    ],
    rows,
    { paint },
  );
  const own = runs.filter(({ source }) => source === 'own').length;
  return `${table}\n\n${paint('dim', `${runs.length} runs, ${own} of them your own`)}`;
}

/** What became of an imported file's lines. */
export function importText(report: ImportReport, paint: Paint): string {
  const { added, duplicates, refused } = report;
  const known = duplicates > 0 ? `, ${duplicates} were known already` : '';
  const lines = refused
    .slice(0, listedRefusals)
    .map(({ line, reason }) => `${paint('red', 'refused:')} line ${line}: ${printable(reason)}`);
  const more = refused.length - lines.length;
  return [`${added} runs added${known}.`, ...lines, ...(more > 0 ? [`and ${more} more lines`] : [])].join('\n');
}
