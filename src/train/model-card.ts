/** The model card: what a stranger must know of a model before using it. */
import { formatDuration } from '../lib/duration.ts';
import { percent, regimeFacts } from './regime-words.ts';
import type { TuneResult } from './result.ts';

export interface CardMember {
  readonly encoding: string;
  readonly stages: number;
  readonly parametersM: number;
  readonly licence: string;
  readonly provenance: string;
}

const table = (rows: readonly (readonly [string, string])[]): string =>
  ['| | |', '| --- | --- |', ...rows.map(([label, value]) => `| ${label} | ${value.replaceAll('|', '\\|')} |`)].join(
    '\n',
  );

export function modelCard(result: TuneResult, member: CardMember): string {
  const { plan } = result;
  const names = result.perClass.map((c) => c.name);
  const shown = names.length > 40 ? [...names.slice(0, 40), `and ${names.length - 40} more`] : names;
  const { low, high, accuracy } = plan.predicted;
  return `# Image classifier for ${result.dataset}

${names.length} classes: ${shown.join(', ')}.

## Numbers
${table([
  ['Accuracy on the validation split', percent(result.accuracy)],
  ['Top-5 accuracy', percent(result.top5)],
  ['Macro F1', percent(result.macroF1)],
  ['Predicted before training', `${percent(accuracy)} (${percent(low)} to ${percent(high)})`],
  ['Training images', String(result.trainingImages)],
  ['Validation images', String(result.validationImages)],
  ['Active time', `${formatDuration(result.activeSeconds)} of ${formatDuration(result.budgetSeconds)}`],
])}

The validation split was not trained on, but it belongs to the same collection: on images from elsewhere expect less.

## Plan
${table([['Member of the zoo', plan.member], ['Network', member.encoding], ['Parameters', `${member.parametersM.toFixed(2)} M`], ...regimeFacts(plan.regime, member.stages)])}

## Where the start came from
${member.provenance} Licence of the starting weights: ${member.licence}.

## Versions
${table([...Object.entries(result.versions), ['Finished', result.finishedAt], ['Seed', String(result.seed)]])}
`;
}
