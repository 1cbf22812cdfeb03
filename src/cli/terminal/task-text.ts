import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import { budgetSeconds } from '../../crds/fine-tune-task.ts';
import type { TaskPlan, TaskResult } from '../../crds/fine-tune-task-status.ts';
import type { Condition } from '../../crds/kubernetes.ts';
import type { Artifact, DataSource, Output } from '../../crds/storage.ts';
import { formatDuration } from '../../lib/duration.ts';
import { replannedSentence } from '../../train/plan-words.ts';
import { count, percent } from '../../train/regime-words.ts';
import { summaryOf } from '../cluster/summary.ts';
import { ageOf } from './age.ts';
import { barLine } from './bar-reporter.ts';
import type { Paint } from './paint.ts';
import { planFacts, sourceWords, whyLines } from './plan-text.ts';
import { verdict } from './result-text.ts';
import { type Column, renderFacts, renderTable } from './table.ts';
import { displayWidth, printable, wrap } from './width.ts';

export interface TaskStyle {
  readonly paint: Paint;
  readonly now: Date;
  /** Width to wrap sentences at. */
  readonly columns: number;
  /** Flags that lead another command to the same task, such as ` -n vision`. */
  readonly flags: string;
}

/** All that is known of a task: what it asks for, its plan, how far it is, its conditions, its result. */
export function taskText(task: FineTuneTask, style: TaskStyle): string {
  const { paint } = style;
  const { metadata, status = {} } = task;
  const phase = status.phase ?? 'Pending';
  const colour = phase === 'Failed' ? 'red' : phase === 'Complete' ? 'green' : 'cyan';
  const head = `${paint('bold', printable(metadata.name))}  ${paint(colour, phase)}`;
  const where = `in the namespace ${printable(metadata.namespace)}, created ${ageOf(metadata.creationTimestamp, style.now)} ago`;
  const isLong = displayWidth(head) + 2 + displayWidth(where) > style.columns;
  return [
    `${head}${isLong ? '\n' : '  '}${paint('dim', where)}`,
    ...troubleLines(task, style),
    '',
    renderFacts(requestFacts(task), paint),
    ...planLines(task, style),
    ...progressLines(task, style),
    ...resultLines(task, style),
    ...conditionLines(status.conditions ?? [], style),
  ].join('\n');
}

function troubleLines(task: FineTuneTask, { paint, columns }: TaskStyle): readonly string[] {
  const { trouble, phase } = summaryOf(task);
  if (trouble === undefined) return [];
  const lines = wrap(printable(`${trouble.reason}: ${trouble.message}`), columns);
  return ['', ...lines.map((line) => paint(phase === 'Failed' ? 'red' : 'yellow', line))];
}

function requestFacts({ spec, status = {} }: FineTuneTask): readonly (readonly [string, string])[] {
  const { profile, activeSeconds = 0 } = status;
  const { gpu } = spec.resources;
  const limit = formatDuration(budgetSeconds(spec.budget));
  const money =
    spec.budget.maxCost === undefined ? '' : `, at most ${spec.budget.maxCost} at ${spec.budget.pricePerHour} an hour`;
  const facts: [string, string][] = [['Data', printable(placeWords(spec.data))]];
  if (profile !== undefined) {
    const { trainImages, validationImages, features, skipped } = profile;
    const damaged = skipped === 0 ? '' : `, ${count(skipped)} files skipped`;
    const images = `${count(trainImages)} to train on, ${count(validationImages)} to validate on`;
    facts.push(['Images', `${images}, ${count(features.classes)} classes${damaged}`]);
  }
  const spent = activeSeconds === 0 ? 'nothing' : formatDuration(activeSeconds);
  facts.push(['Budget', `${spent} of ${limit} active time spent${money}`]);
  if (gpu !== undefined) facts.push(['GPU', printable(gpu.count === 1 ? gpu.name : `${gpu.count} × ${gpu.name}`)]);
  if (spec.queueName !== undefined) facts.push(['Queue', printable(spec.queueName)]);
  if (spec.zooRef !== undefined) facts.push(['Zoo', printable(spec.zooRef.name)]);
  facts.push(['Output', printable(placeWords(spec.output))]);
  return facts;
}

export function placeWords({ claim, s3 }: DataSource | Output): string {
  if (claim === undefined) return s3.url + (s3.endpoint === undefined ? '' : ` at ${s3.endpoint}`);
  return `claim ${claim.claimName}${claim.path === undefined ? '' : `, ${claim.path}`}`;
}

const rankingColumns: readonly Column[] = [
  { title: '#', align: 'right' },
  { title: 'member', maxWidth: 14 },
  { title: 'px', align: 'right' },
  { title: 'frozen', align: 'right' },
  { title: 'optimizer' },
  { title: 'steps', align: 'right' },
  { title: 'accuracy', align: 'right' },
  { title: 'interval', align: 'right' },
  { title: 'time', align: 'right' },
];

/** The plan, as `nasoa plan` shows it, and its runners-up. */
export function planLines({ spec, status }: FineTuneTask, { paint, columns }: TaskStyle): readonly string[] {
  const plan = status?.plan;
  if (plan === undefined) return [];
  const stated = { ...plan, budgetSeconds: budgetSeconds(spec.budget) };
  const source = wrap(sourceWords(stated), columns - 6).map((line) => paint('dim', line));
  return [
    '',
    `${paint('bold', 'Plan')}  ${source.join('\n      ')}`,
    '',
    renderFacts(planFacts(stated, undefined, paint), paint),
    ...whyLines(stated, paint, columns),
    ...(plan.runnersUp.length === 0
      ? []
      : ['', `${paint('bold', 'Ranking')}  ${paint('dim', 'the plan and its runners-up')}`, '', ranking(plan, paint)]),
  ];
}

function ranking(plan: TaskPlan, paint: Paint): string {
  const rows = [plan, ...plan.runnersUp].map(({ member, regime, predicted }, i) => [
    String(i + 1),
    member,
    String(regime.inputSize),
    String(regime.frozenStages),
    regime.optimizer,
    count(regime.steps),
    percent(predicted.accuracy),
    `${(predicted.low * 100).toFixed(1)}–${(predicted.high * 100).toFixed(1)}`,
    formatDuration(predicted.seconds),
  ]);
  return renderTable(rankingColumns, rows, { paint, indent: '  ', strongRow: 0 });
}

function progressLines({ status = {} }: FineTuneTask, { paint, columns, now }: TaskStyle): readonly string[] {
  const { progress, phase } = status;
  if (progress === undefined || phase === 'Complete' || phase === 'Failed') return [];
  const { step, steps, accuracy, secondsLeft, lastReportTime } = progress;
  const detail = `step ${count(step)} of ${count(steps)}${accuracy === undefined ? '' : `, ${percent(accuracy)}`}`;
  const left = secondsLeft === undefined || phase !== 'Running' ? {} : { secondsLeft };
  const bar = barLine({ phase: 'train', done: step, total: steps, detail, ...left }, paint, columns - 2);
  return [
    '',
    `${paint('bold', 'Progress')}  ${paint('dim', `reported ${ageOf(lastReportTime, now)} ago`)}`,
    '',
    `  ${bar}`,
  ];
}

export function resultLines({ metadata, status = {} }: FineTuneTask, { paint, flags }: TaskStyle): readonly string[] {
  const { result, plan, artifact } = status;
  if (result === undefined) return [];
  const { accuracy, top5Accuracy, macroF1, seconds } = result;
  const predicted = plan?.predicted;
  const rows = [
    [
      'accuracy',
      percent(accuracy),
      percentOf(predicted?.accuracy),
      predicted === undefined ? '' : verdict({ accuracy, predicted }),
    ],
    ['time', formatDuration(seconds), '', ''],
    ...(top5Accuracy === undefined ? [] : [['top-5', percent(top5Accuracy), '', '']]),
    ...(macroF1 === undefined ? [] : [['macro F1', macroF1.toFixed(3), '', '']]),
  ];
  const titles: readonly Column[] = [
    { title: '' },
    { title: 'reached', align: 'right' },
    { title: 'predicted', align: 'right' },
    { title: '' },
  ];
  const table = renderTable(titles, rows, { paint, indent: '  ', strongRow: 0 });
  const facts = artifact === undefined ? [] : [['Model', printable(artifactWords(artifact))] as const];
  const fetch = ['Get it', `nasoa get-model ${metadata.name}${flags}`] as const;
  const replanned = plan === undefined ? undefined : replannedSentence(planned(plan, result.replanned));
  const changed = replanned === undefined ? [] : ['', `  ${replanned}`];
  return ['', paint('bold', 'Result'), '', table, ...changed, '', renderFacts([...facts, fetch], paint)];
}

/** As a result file tells it. */
function planned(plan: TaskPlan, replanned: TaskResult['replanned']) {
  if (replanned === undefined) return { plan };
  const { action, seconds, accuracy, low, high, choice = plan } = replanned;
  return {
    plan: choice,
    replanned: {
      action: action === 'Switched' ? ('switched' as const) : ('annealed' as const),
      ...{ seconds, accuracy, expected: { low, high }, before: plan },
    },
  };
}

const percentOf = (share: number | undefined): string => (share === undefined ? '' : percent(share));

/** Where an artifact lies, and how large it is where that is known. */
export function artifactWords(artifact: Artifact): string {
  const size = artifact.bytes === undefined ? '' : ` (${(artifact.bytes / 1e6).toFixed(1)} MB)`;
  const { claim } = artifact;
  return claim === undefined ? `${artifact.url}${size}` : `claim ${claim.claimName}, ${claim.path}${size}`;
}

function conditionLines(conditions: readonly Condition[], { paint, now, columns }: TaskStyle): readonly string[] {
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, status, reason, lastTransitionTime, message }) => {
    return [
      type,
      status === 'True' ? 'yes' : status === 'False' ? 'no' : '?',
      reason,
      ageOf(lastTransitionTime, now),
      message,
    ];
  });
  const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const taken = widths.reduce((sum, width) => sum + Math.max(width, 5) + 2, 2);
  const titles: readonly Column[] = [
    { title: 'condition' },
    { title: 'holds' },
    { title: 'reason' },
    { title: 'since', align: 'right' },
    { title: 'message', maxWidth: Math.max(16, columns - taken - 4) },
  ];
  return ['', paint('bold', 'Conditions'), '', renderTable(titles, rows, { paint, indent: '  ' })];
}
