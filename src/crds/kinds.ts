/** The kinds of the API, as the API server, kubectl and the reference page know them. */
import type { ConditionTable } from './conditions.ts';
import { fineTuneTaskSpec } from './fine-tune-task.ts';
import { fineTuneTaskStatus } from './fine-tune-task-status.ts';
import { modelZooSpec } from './model-zoo.ts';
import { modelZooStatus } from './model-zoo-status.ts';
import type { Presence, Schema } from './schema.ts';
import { taskConditions } from './task-conditions.ts';
import { zooConditions } from './zoo-conditions.ts';

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'number' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 1 shows it with `-o wide` only. */
  readonly priority?: 1;
}

export interface KindDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: Schema<unknown, Presence>;
  readonly status: Schema<unknown, Presence>;
  readonly conditions: ConditionTable;
  readonly columns: readonly Column[];
}

const column = (name: string, type: Column['type'], jsonPath: string, description: string): Column => ({
  name,
  type,
  jsonPath,
  description,
});
const wide = (shown: Column): Column => ({ ...shown, priority: 1 });

const phase = column('Phase', 'string', '.status.phase', 'Where it stands.');
const doing = column(
  'Doing',
  'string',
  '.status.conditions[?(@.type=="Running")].reason',
  'What its pod does, or what it waits for.',
);
const left = column('Left', 'string', '.status.timeLeft', 'Expected time left.');
const active = column('Active', 'number', '.status.activeSeconds', 'Active seconds spent.');
const failure = column(
  'Failure',
  'string',
  '.status.conditions[?(@.type=="Failed")].message',
  'Why it failed, if it did.',
);
const age = column('Age', 'date', '.metadata.creationTimestamp', 'Time since it was created.');

export const kinds = {
  FineTuneTask: {
    kind: 'FineTuneTask',
    plural: 'finetunetasks',
    singular: 'finetunetask',
    shortNames: ['ftt'],
    description: 'One request to fine-tune a network on one data set within one budget.',
    spec: fineTuneTaskSpec,
    status: fineTuneTaskStatus,
    conditions: taskConditions,
    columns: [
      phase,
      doing,
      column('Member', 'string', '.status.plan.member', 'The network that was chosen.'),
      column('Predicted', 'number', '.status.plan.predicted.accuracy', 'Accuracy that was predicted.'),
      column('Accuracy', 'number', '.status.progress.accuracy', 'Accuracy at the last evaluation.'),
      left,
      age,
      wide(column('Budget', 'string', '.spec.budget.time', 'Active time it may take.')),
      wide(active),
      wide(column('Step', 'integer', '.status.progress.step', 'Training steps done.')),
      wide(column('Steps', 'integer', '.status.plan.regime.steps', 'Training steps planned.')),
      wide(column('Report', 'date', '.status.progress.lastReportTime', 'Time since the pod last reported.')),
      wide(failure),
    ],
  },
  ModelZoo: {
    kind: 'ModelZoo',
    plural: 'modelzoos',
    singular: 'modelzoo',
    shortNames: ['mz'],
    description: 'The set of pre-trained networks a task may start from: searched, pre-trained and imported.',
    spec: modelZooSpec,
    status: modelZooStatus,
    conditions: zooConditions,
    columns: [
      phase,
      doing,
      column('Evaluated', 'integer', '.status.evaluations.done', 'Candidates evaluated.'),
      column('Of', 'integer', '.status.evaluations.total', 'Candidates to evaluate.'),
      column('Members', 'integer', '.status.membersReady', 'Members that have their weights.'),
      left,
      age,
      wide(column('Running', 'integer', '.status.evaluations.running', 'Candidates being evaluated.')),
      wide(column('Unusable', 'integer', '.status.evaluations.failed', 'Candidates that could not be evaluated.')),
      wide(active),
      wide(failure),
    ],
  },
} as const satisfies Readonly<Record<string, KindDefinition>>;
export type KindName = keyof typeof kinds;
