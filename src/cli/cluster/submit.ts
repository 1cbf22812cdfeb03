/** Creates a task, and follows it where that is wanted. */
import { stringify } from 'yaml';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { Answer, CommandContext } from '../context.ts';
import { Interruption } from '../interruption.ts';
import type { Paint } from '../terminal/paint.ts';
import { renderFacts } from '../terminal/table.ts';
import { planLines, resultLines } from '../terminal/task-text.ts';
import { printable } from '../terminal/width.ts';
import { openCluster } from './cluster.ts';
import type { SubmitOptions, TaskDraft } from './draft.ts';
import { sameCluster } from './follow-up.ts';
import { documentOf, textColumns } from './status.ts';
import { createTask } from './tasks.ts';
import { waitForTask } from './wait.ts';

/** What `kubectl apply` takes. */
export function dryRunAnswer(draft: TaskDraft, { namespace }: SubmitOptions): Answer {
  const { apiVersion, kind, metadata, spec } = draft;
  const placed = { ...metadata, ...(namespace === undefined ? {} : { namespace }) };
  const object = { apiVersion, kind, metadata: placed, spec };
  return { document: object, text: () => stringify(object).trimEnd() };
}

export async function submitTask(
  draft: TaskDraft,
  options: SubmitOptions,
  wait: boolean,
  context: CommandContext,
): Promise<Answer> {
  const cluster = openCluster(options);
  const task = await createTask(cluster, draft, options.name === undefined);
  const { name, namespace, uid } = task.metadata;
  const flags = sameCluster(options);
  if (!wait) {
    return { document: { name, namespace, uid }, text: (paint) => submittedText(task, flags, paint) };
  }
  context.print(`${submittedText(task, flags, context.paint)}\n`);
  const style = { paint: context.paint, now: context.clock.date(), columns: textColumns(), flags };
  const onPlan = (planned: FineTuneTask): void => context.print(`${planLines(planned, style).join('\n')}\n`);
  const finished = await waitForTask(cluster, task, context, onPlan);
  if (finished !== undefined) {
    const text = (paint: Paint): string => resultLines(finished, { ...style, paint }).join('\n');
    return { document: documentOf(finished), text };
  }
  const exitCode = context.signal.reason instanceof Interruption ? context.signal.reason.exitCode : 1;
  return { document: { interrupted: { name, namespace, uid } }, text: () => '', exitCode };
}

function submittedText({ metadata }: FineTuneTask, flags: string, paint: Paint): string {
  const { name, namespace } = metadata;
  return [
    `Submitted ${paint('bold', printable(name))} to the namespace ${printable(namespace)}.`,
    '',
    renderFacts(
      [
        ['Look', `nasoa status ${name}${flags} --watch`],
        ['Log', `nasoa logs ${name}${flags} -f`],
        ['Model', `nasoa get-model ${name}${flags}`],
      ],
      paint,
    ),
  ].join('\n');
}
