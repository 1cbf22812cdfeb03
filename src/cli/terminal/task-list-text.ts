import { formatDuration } from '../../lib/duration.ts';
import { count, percent } from '../../train/regime-words.ts';
import type { TaskSummary } from '../cluster/summary.ts';
import { ageOf } from './age.ts';
import type { Paint } from './paint.ts';
import { type Column, renderTable } from './table.ts';
import { displayWidth, printable, truncate } from './width.ts';

export interface ListStyle {
  readonly paint: Paint;
  readonly namespace: string;
  readonly now: Date;
  /** Of the terminal; undefined where lines may be as long as they like. */
  readonly columns: number | undefined;
}

const leastName = 12;
const mostTroubles = 5;

const columns: readonly Column[] = [
  { title: 'name' },
  { title: 'phase' },
  { title: 'member', maxWidth: 16 },
  { title: 'predicted', align: 'right' },
  { title: 'reached', align: 'right' },
  { title: 'done', align: 'right' },
  { title: 'left', align: 'right' },
  { title: 'age', align: 'right' },
];

/** The tasks of a namespace, one a row, and below them what keeps some from going on. */
export function taskListText(tasks: readonly TaskSummary[], style: ListStyle): string {
  if (tasks.length === 0) return `There are no tasks in the namespace "${printable(style.namespace)}".`;
  const rows = tasks.map((task) => rowOf(task, style.now));
  const table = renderTable(fitted(rows, style.columns), rows, { paint: style.paint });
  return [table, ...troubleLines(tasks, style)].join('\n');
}

const rowOf = (task: TaskSummary, now: Date): readonly string[] => [
  task.name,
  task.phase,
  task.member ?? '',
  task.predictedAccuracy === undefined ? '' : percent(task.predictedAccuracy),
  task.accuracy === undefined ? '' : percent(task.accuracy),
  task.done === undefined ? '' : `${Math.floor(task.done * 100)} %`,
  task.secondsLeft === undefined ? '' : formatDuration(task.secondsLeft),
  ageOf(task.createdAt, now),
];

/** Names give way where the terminal is narrow. */
function fitted(rows: readonly (readonly string[])[], width: number | undefined): readonly Column[] {
  if (width === undefined) return columns;
  const taken = columns.slice(1).reduce((sum, { title, maxWidth = Number.POSITIVE_INFINITY }, i) => {
    const widest = Math.max(title.length, ...rows.map((row) => displayWidth(row[i + 1] ?? '')));
    return sum + Math.min(widest, maxWidth) + 2;
  }, 0);
  return columns.map((column, i) => (i === 0 ? { ...column, maxWidth: Math.max(leastName, width - taken) } : column));
}

function troubleLines(tasks: readonly TaskSummary[], { paint, columns: width }: ListStyle): readonly string[] {
  const troubled = tasks.filter(({ trouble }) => trouble !== undefined).toReversed();
  if (troubled.length === 0) return [];
  const lines = troubled.slice(0, mostTroubles).flatMap(({ name, phase, trouble }) => {
    if (trouble === undefined) return [];
    const line = printable(`${name}: ${trouble.reason}. ${trouble.message}`);
    return [paint(phase === 'Failed' ? 'red' : 'yellow', truncate(line, width ?? Number.POSITIVE_INFINITY))];
  });
  const more = troubled.length - mostTroubles;
  return [
    '',
    ...lines,
    ...(more > 0 ? [paint('dim', `and ${count(more)} more; "nasoa status NAME" tells of each`)] : []),
  ];
}
