/** The card of a zoo's member: what a stranger must know before starting from it. */
import { familyOf, networkOf } from './families/table.ts';
import type { MemberRecord } from './zoo-index.ts';

/** Markdown, from the member's record alone. Throws InputError where no family knows its encoding. */
export function memberCard(member: MemberRecord): string {
  const { name, pretraining } = member;
  const isOwn = member.accuracy === pretraining.accuracy;
  const basis = member.accuracyBasis ?? (isOwn ? 'as above' : 'assumed: nobody measured it');
  const cutOff = networkOf(member.encoding, { classes: 1 }).leftOut === undefined ? '' : ' (of the whole network)';
  return `# ${name}
${summary(member)}

| | |
| --- | --- |
${rows([
  ['Encoding', `\`${member.encoding}\``],
  ['Family', familyOf(member.encoding).name],
  ['Parameters', `${member.parametersM.toFixed(2)} M, with a head of ${member.classes} classes`],
  ['Multiply-adds', `${Math.round(member.macsM)} M for one image of ${member.nativeSize} px`],
  ['Input', `${member.nativeSize} px in its pre-training; others serve as well`],
  ['Pixels', normalisationWords(member.encoding)],
  ['Stages that can be frozen', String(member.stages)],
  ['Weights', `\`${member.weights}\`, SHA-256 \`${member.sha256}\``],
])}

## Where the weights come from
${member.provenance}

| | |
| --- | --- |
${rows([
  ['Trained on', pretraining.data],
  ['Recipe', `${pretraining.recipe}${pretraining.epochs > 0 ? `, ${pretraining.epochs} epochs` : ''}`],
  ['Accuracy there', `${accuracyWords(pretraining.accuracy, pretraining.top5)}${cutOff}`],
  ['Accuracy by which members compare', `${percent(member.accuracy)} (${basis})`],
  ['Licence', member.licence],
])}

## Training steps
${stepTable(member)}
`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const rows = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([label, value]) => `| ${label} | ${value.replaceAll('|', '\\|')} |`).join('\n');

const accuracyWords = (accuracy: number, top5: number | undefined): string =>
  `${percent(accuracy)} top-1${top5 === undefined ? '' : `, ${percent(top5)} top-5`}`;

function summary({ encoding, classes, stages }: MemberRecord): string {
  const network = networkOf(encoding, { classes });
  if (network.leftOut === undefined) return 'A pre-trained network to start a fine-tuning from.';
  const whole = encoding.slice(0, encoding.lastIndexOf('/'));
  return `The first ${stages === 1 ? 'stage' : `${stages} stages`} of ${whole}, with the head on their features: a network of its own to start a fine-tuning from.`;
}

function normalisationWords(encoding: string): string {
  const { mean, deviation } = networkOf(encoding, { classes: 1 }).normalisation;
  const shown = (values: readonly number[]): string => values.map((value) => (255 * value).toFixed(1)).join(', ');
  return `red, green, blue from 0 to 255, less ${shown(mean)}, divided by ${shown(deviation)}; part of every graph and export`;
}

function stepTable({ steps, measuredOn }: MemberRecord): string {
  if (steps.length === 0) return 'None was measured; a machine that trains measures some of its own.';
  const lines = steps.map(({ inputSize, batchSize, frozenStages, cachedFeatures, precision, seconds }) => {
    const frozen = frozenStages === 0 ? 'none' : `${frozenStages}${cachedFeatures ? ', features kept' : ''}`;
    return `| ${inputSize} px | ${batchSize} | ${frozen} | ${precision ?? 'fp32'} | ${(1000 * seconds).toPrecision(3)} ms |`;
  });
  const head = '| input | batch | frozen stages | precision | step |\n| ---: | ---: | --- | --- | ---: |';
  return `On ${measuredOn ?? 'the machine that made the zoo'}; other devices differ, which a task measures.\n\n${head}\n${lines.join('\n')}`;
}
