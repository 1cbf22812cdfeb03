import { formatDuration } from '../../lib/duration.ts';
import type { Choice, Plan } from '../../planner/types.ts';
import { compact, count, percent, regimeFacts } from '../../train/regime-words.ts';
import type { PlanOutcome } from '../requests.ts';
import type { Paint } from './paint.ts';
import { type Column, renderFacts, renderTable } from './table.ts';
import { printable } from './width.ts';

/** What of a plan is told in words; a plan on a cluster has no more. */
export type PlanWords = Omit<Plan, 'cloud' | 'runnersUp'>;

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
  const data = [`${count(outcome.images)} images`, `${count(outcome.classes)} classes`];
  if (outcome.skipped > 0) data.push(paint('yellow', `${count(outcome.skipped)} files skipped`));
  return [
    `${paint('bold', printable(outcome.dataset))}  ${data.join(', ')}`,
    '',
    `${paint('bold', 'Plan')}  ${paint('dim', sourceWords(plan))}`,
    '',
    renderFacts(planFacts(plan, outcome.stages, paint), paint),
    '',
    `${paint('bold', 'Ranking')}  ${paint('dim', 'the plan and its runners-up')}`,
    '',
    rankingTable([plan, ...plan.runnersUp], paint),
  ].join('\n');
}

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

function intervalWords({ predicted, confidence }: PlanWords): string {
  return `${percent(predicted.low)} to ${percent(predicted.high)} with ${percent(confidence, 0)} confidence`;
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
    `${(predicted.low * 100).toFixed(1)}–${(predicted.high * 100).toFixed(1)}`,
    formatDuration(predicted.seconds),
  ]);
  return renderTable(columns, rows, { paint, indent: '  ', strongRow: 0 });
}
