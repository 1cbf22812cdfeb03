import { formatDuration } from '../../lib/duration.ts';
import { frontOf } from '../../nas/objectives.ts';
import type { Evaluated } from '../../nas/search.ts';
import type { SearchFacts } from '../search/facts.ts';
import type { SearchView } from '../search/run.ts';
import type { Paint } from './paint.ts';
import { renderFacts, renderTable } from './table.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(1)} ms`;
/** Rows of the table of the front that fit beside the plot. */
const mostRows = 12;

/** The search as it stands, for a terminal that is drawn anew. */
export function liveSearchText(
  { file, progress, secondsLeft, busy }: SearchView,
  paint: Paint,
  columns: number,
): string {
  const { evaluated, failed, remaining, open } = progress;
  const total = evaluated.length + remaining + open.length;
  const left = secondsLeft === undefined ? '' : `, ${formatDuration(secondsLeft)} left`;
  const { level, settings, stepModel, pruned } = file.search;
  const front = frontOf(evaluated, settings);
  const model =
    stepModel === undefined
      ? 'step times: too few for a prediction'
      : `step times predicted within ${percent(stepModel.error.median)} (median), ${pruned} candidates given up unseen`;
  const doing = busy.map(
    (work) => `${work.candidate.encoding} (${work.kind === 'measure' ? 'timed' : `rung ${work.rung + 1}`})`,
  );
  return [
    `${paint('bold', `${evaluated.length} of ${total} candidates`)}${left}; level: ${level.name}, ${failed.length} failed`,
    model,
    `now: ${doing.join(', ')}`,
    '',
    plot(evaluated, front, paint, Math.min(100, columns)),
    '',
    frontTable(front.toReversed().slice(0, mostRows), paint),
  ].join('\n');
}

/** One line for logs, when a candidate has come to its end. */
export function candidateLine(one: Evaluated, isOnFront: boolean): string {
  const { missedRungs = 0 } = one;
  const far = missedRungs === 0 ? '' : `, left ${missedRungs} rung${missedRungs === 1 ? '' : 's'} before the end`;
  return `${one.id} ${one.encoding}: accuracy ${percent(one.accuracy)}, step ${milliseconds(one.stepSeconds)}${far}${isOnFront ? ', on the front' : ''}`;
}

export function searchText(facts: SearchFacts, out: string, paint: Paint): string {
  const { stepModel, rungs } = facts;
  const rungText = rungs.map((rung, i): readonly [string, string] => [
    `rung ${i + 1}`,
    `${rung.inputSize} px, ${percent(rung.stepShare)} of the steps: rank correlation ${rung.correlation?.toFixed(2) ?? 'not known yet'} over ${rung.candidates} candidates`,
  ]);
  const known: (readonly [string, string])[] = [
    ['candidates', `${facts.evaluated}, of them ${facts.inFull} trained in full; ${facts.failed} failed`],
    [
      'step times',
      stepModel === undefined
        ? 'too few for a prediction'
        : `predicted within ${percent(stepModel.medianError)} (median), ${percent(stepModel.ninthError)} (9 of 10); ${facts.pruned} given up unseen`,
    ],
    ...rungText,
    ['active time', formatDuration(facts.activeSeconds)],
    ['result', `${out}/report.html and state.json`],
  ];
  return `${paint('bold', `${facts.front.length} architectures on the front`)}\n${frontTable(facts.front, paint)}\n\n${renderFacts(known, paint)}`;
}

const frontTable = (front: readonly Evaluated[], paint: Paint): string =>
  renderTable(
    [
      { title: 'accuracy', align: 'right' },
      { title: 'step', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'architecture' },
    ],
    front.map((one) => [
      percent(one.accuracy),
      milliseconds(one.stepSeconds),
      `${one.parametersM.toFixed(2)} M`,
      one.encoding,
    ]),
    { paint, indent: '  ' },
  );

const plotRows = 12;
const labelColumns = 9;

/** Accuracy over step time, its logarithm; the front stands out. */
function plot(evaluated: readonly Evaluated[], front: readonly Evaluated[], paint: Paint, columns: number): string {
  const shown = evaluated.filter(({ missedRungs = 0 }) => missedRungs === 0);
  if (shown.length === 0) return paint('dim', '  no candidate was trained in full yet');
  const width = Math.max(20, columns - labelColumns - 2);
  const times = shown.map(({ stepSeconds }) => Math.log(stepSeconds));
  const accuracies = shown.map(({ accuracy }) => accuracy);
  const [low, high] = [Math.min(...accuracies), Math.max(...accuracies)];
  const [fast, slow] = [Math.min(...times), Math.max(...times)];
  const cells = Array.from({ length: plotRows }, () => new Array<string>(width).fill(' '));
  const place = (one: Evaluated, mark: string): void => {
    const row = Math.round(((high - one.accuracy) / (high - low || 1)) * (plotRows - 1));
    const column = Math.round(((Math.log(one.stepSeconds) - fast) / (slow - fast || 1)) * (width - 1));
    const cellsOfRow = cells[row];
    if (cellsOfRow) cellsOfRow[column] = mark;
  };
  for (const one of shown) place(one, paint('dim', '·'));
  for (const one of front) place(one, paint('green', '●'));
  const lines = cells.map((row, i) => {
    const label = i === 0 ? percent(high) : i === plotRows - 1 ? percent(low) : '';
    return `${label.padStart(labelColumns)} ${row.join('').trimEnd()}`;
  });
  const [left, right] = [milliseconds(Math.exp(fast)), milliseconds(Math.exp(slow))];
  const gap = ' '.repeat(Math.max(1, width - left.length - right.length));
  return [...lines, paint('dim', `${' '.repeat(labelColumns + 1)}${left}${gap}${right}`)].join('\n');
}
