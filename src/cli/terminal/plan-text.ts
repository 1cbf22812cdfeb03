import { formatDuration } from '../../lib/duration.ts';
import type { Choice, Plan, Prediction } from '../../planner/types.ts';
import { doubtSentence, type Explained, whySentences } from '../../train/plan-words.ts';
import { compact, count, percent, regimeFacts } from '../../train/regime-words.ts';
import type { PlanOutcome, TradeOffOutcome } from '../requests.ts';
import type { Paint } from './paint.ts';
import { type Column, renderFacts, renderTable } from './table.ts';
import { printable, wrap } from './width.ts';

/** What of a plan is told in words; a plan on a cluster has no more. */
export type PlanWords = Omit<Plan, 'cloud' | 'runnersUp' | 'tradeOff'>;

const columns: readonly Column[] = [
  { title: '#', align: 'right' },
  { title: 'member', maxWidth: 28 },
  { title: 'px', align: 'right' },
  { title: 'frozen', align: 'right' },
  { title: 'optimizer' },
  { title: 'rate', align: 'right' },
  { title: 'augment' },
  { title: 'steps', align: 'right' },
  { title: 'accuracy', align: 'right' },
  { title: 'interval', align: 'right' },
  { title: 'time', align: 'right' },
];

/** The plan with its runners-up, as `plan` and `tune` show it before anything is trained. */
export function planText(outcome: PlanOutcome, paint: Paint): string {
  const { plan } = outcome;
  return [
    dataLine(outcome, paint),
    '',
    `${paint('bold', 'Plan')}  ${paint('dim', sourceWords(plan))}`,
    '',
    renderFacts(planFacts(plan, outcome.stages, paint), paint),
    ...whyLines(plan, paint),
    '',
    `${paint('bold', 'Ranking')}  ${paint('dim', 'the plan and its runners-up')}`,
    '',
    rankingTable([plan, ...plan.runnersUp], paint),
  ].join('\n');
}

/** Why this plan: a warning where there is one, then sentences. */
export function whyLines(plan: Explained, paint: Paint, columns = 80): readonly string[] {
  const doubt = doubtSentence(plan);
  const warning =
    doubt === undefined ? [] : ['', ...wrap(printable(doubt), columns - 2).map((line) => paint('yellow', line))];
  const sentences = whySentences(plan).flatMap((sentence) =>
    wrap(printable(sentence), columns - 4).map((line, i) => `${i === 0 ? '  ' : '    '}${line}`),
  );
  return [...warning, ...(sentences.length === 0 ? [] : ['', paint('bold', 'Why'), '', ...sentences])];
}

function dataLine({ dataset, images, classes, skipped }: Omit<TradeOffOutcome, 'tradeOff'>, paint: Paint): string {
  const data = [`${count(images)} images`, `${count(classes)} classes`];
  if (skipped > 0) data.push(paint('yellow', `${count(skipped)} files skipped`));
  return `${paint('bold', printable(dataset))}  ${data.join(', ')}`;
}

const tradeOffColumns: readonly Column[] = [
  { title: 'budget', align: 'right' },
  { title: 'accuracy', align: 'right' },
  { title: '0 %            100 %' },
  { title: 'interval', align: 'right' },
  { title: 'member', maxWidth: 28 },
  { title: 'px', align: 'right' },
  { title: 'frozen', align: 'right' },
  { title: 'steps', align: 'right' },
];
const plotWidth = 20;

/** What each budget would buy, as a table with a plot in it. */
export function tradeOffText(outcome: TradeOffOutcome, paint: Paint): string {
  const rows = outcome.tradeOff.map(({ budgetSeconds, plan }) => {
    const budget = formatDuration(budgetSeconds);
    if (plan === null) return [budget, '-', '', '', 'nothing fits'];
    const { member, regime, predicted } = plan;
    return [
      ...[budget, percent(predicted.accuracy), spanPlot(predicted), intervalCell(predicted), member],
      ...[String(regime.inputSize), String(regime.frozenStages), count(regime.steps)],
    ];
  });
  return [
    dataLine(outcome, paint),
    '',
    `${paint('bold', 'Trade-off')}  ${paint('dim', 'the accuracy that each budget is predicted to reach')}`,
    '',
    renderTable(tradeOffColumns, rows, { paint, indent: '  ' }),
  ].join('\n');
}

/** An interval of accuracies as a line, and in it the mean. */
function spanPlot({ low, high, accuracy }: Prediction): string {
  const at = (share: number): number => Math.min(plotWidth - 1, Math.max(0, Math.floor(share * plotWidth)));
  return Array.from({ length: plotWidth }, (_, i) => {
    if (i === at(accuracy)) return '●';
    return i >= at(low) && i <= at(high) ? '─' : '·';
  }).join('');
}

const intervalCell = ({ low, high }: Prediction): string => `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)}`;

/** Member, regime and prediction as label and value. */
export const planFacts = (
  plan: PlanWords,
  stages: number | undefined,
  paint: Paint,
): readonly (readonly [string, string])[] => [
  ['Member', paint('bold', printable(plan.member))],
  ...regimeFacts(plan.regime, stages),
  ['Accuracy', `${paint('bold', percent(plan.predicted.accuracy))} predicted, ${intervalWords(plan)}`],
  ['Time', `${formatDuration(plan.predicted.seconds)} of ${formatDuration(plan.budgetSeconds)}`],
];

/** What the plan was chosen from, and what the predictor has learnt. */
export function sourceWords(plan: PlanWords): string {
  const { experiences } = plan.predictor;
  const learnt = experiences === 1 ? '1 experience' : `${count(experiences)} experiences`;
  return `best of ${count(plan.fitting)} candidates that fit into ${formatDuration(plan.budgetSeconds)} (of ${count(plan.candidates)}), learnt from ${learnt}`;
}

function intervalWords({ predicted, coverage }: PlanWords): string {
  return `${percent(predicted.low)} to ${percent(predicted.high)} with ${percent(coverage, 0)} confidence`;
}

function rankingTable(choices: readonly Choice[], paint: Paint): string {
  const rows = choices.map(({ member, regime, predicted }, i) => [
    String(i + 1),
    member,
    String(regime.inputSize),
    String(regime.frozenStages),
    regime.optimizer,
    compact(regime.learningRate),
    regime.mix === 'none' ? regime.augmentation : `${regime.augmentation}+${regime.mix}`,
    count(regime.steps),
    percent(predicted.accuracy),
    intervalCell(predicted),
    formatDuration(predicted.seconds),
  ]);
  return renderTable(columns, rows, { paint, indent: '  ', strongRow: 0 });
}
