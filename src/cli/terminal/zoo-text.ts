import type { StepTime } from '../../nas/member.ts';
import type { Zoo, ZooMember } from '../../nas/zoo.ts';
import { count, percent } from '../../train/regime-words.ts';
import type { Verdict } from '../verdict.ts';
import type { Paint } from './paint.ts';
import { renderFacts, renderTable } from './table.ts';
import { printable } from './width.ts';

/** The members of a zoo, one a row, fastest training step first. */
export function zooText(zoo: Zoo, paint: Paint): string {
  const members = [...zoo.members].sort((a, b) => stepSeconds(a) - stepSeconds(b));
  const rows = members.map((member) => [
    member.name,
    member.encoding,
    `${member.parametersM.toFixed(2)} M`,
    `${count(member.macsM)} M`,
    `${member.nativeSize} px`,
    percent(member.accuracy),
    milliseconds(stepSeconds(member)),
  ]);
  const table = renderTable(
    [
      { title: 'member' },
      { title: 'encoding', maxWidth: 36 },
      { title: 'parameters', align: 'right' },
      { title: 'macs', align: 'right' },
      { title: 'input', align: 'right' },
      { title: 'pre-trained', align: 'right' },
      { title: 'step', align: 'right' },
    ],
    rows,
    { paint },
  );
  const steps = 'step: a whole training step of 64 images at the input size, or the nearest that was measured';
  return members.length === 0 ? `The zoo ${printable(zoo.name)} is empty.` : `${table}\n\n${paint('dim', steps)}`;
}

/** Everything that is known of a member. */
export function memberText(member: ZooMember, paint: Paint): string {
  const { pretraining } = member;
  const top5 = pretraining.top5 === undefined ? '' : `, top-5 ${percent(pretraining.top5)}`;
  const facts = renderFacts(
    [
      ['encoding', printable(member.encoding)],
      ['parameters', `${member.parametersM.toFixed(2)} M`],
      ['macs', `${count(member.macsM)} M at ${member.nativeSize} px`],
      ['stages', String(member.stages)],
      ['pre-trained on', `${printable(pretraining.data)}, ${count(member.classes)} classes`],
      ['recipe', `${printable(pretraining.recipe)}${pretraining.epochs > 0 ? `, ${pretraining.epochs} epochs` : ''}`],
      ['accuracy', `${percent(pretraining.accuracy)}${top5}`],
      ...comparedFact(member),
      ['weights', printable(`${member.folder}/${member.weights}`)],
      ['sha256', member.sha256],
      ['licence', printable(member.licence)],
      ['provenance', printable(member.provenance)],
    ],
    paint,
  );
  return [paint('bold', printable(member.name)), '', facts, ...stepLines(member.steps, paint)].join('\n');
}

const comparedFact = ({ accuracy, accuracyBasis }: ZooMember): readonly (readonly [string, string])[] =>
  accuracyBasis === undefined ? [] : [['compares by', `${percent(accuracy)}, ${printable(accuracyBasis)}`]];

function stepLines(steps: readonly StepTime[], paint: Paint): string[] {
  if (steps.length === 0) return [];
  const table = renderTable(
    [
      { title: 'input', align: 'right' },
      { title: 'batch', align: 'right' },
      { title: 'frozen', align: 'right' },
      { title: 'features kept', align: 'right' },
      { title: 'step', align: 'right' },
    ],
    steps.map((step) => [
      `${step.inputSize} px`,
      String(step.batchSize),
      String(step.frozenStages),
      step.cachedFeatures ? 'yes' : 'no',
      milliseconds(step.seconds),
    ]),
    { paint, indent: '  ' },
  );
  return ['', paint('bold', 'Measured training steps'), '', table];
}

/** Each difference beside its tolerance. */
export function verifyText(verdict: Verdict, paint: Paint): string {
  const rows = verdict.differences.map(({ name, value, tolerance, holds, worst }) => [
    name,
    value.toExponential(2),
    tolerance.toExponential(0),
    `${holds ? 'holds' : 'BEYOND'}${worst === undefined ? '' : `  (largest at ${worst})`}`,
  ]);
  const table = renderTable(
    [{ title: '' }, { title: 'difference', align: 'right' }, { title: 'tolerance', align: 'right' }, { title: '' }],
    rows,
    { paint },
  );
  const summary = verdict.holds
    ? paint('green', 'The network agrees with its reference.')
    : paint('red', 'The network differs from its reference.');
  return `${table}\n\n${summary}`;
}

/** Seconds of a whole training step, nearest to 64 images at the native size; infinite where none was measured. */
function stepSeconds(member: ZooMember): number {
  const whole = member.steps.filter((step) => step.frozenStages === 0 && !step.cachedFeatures);
  const distance = (step: StepTime): number =>
    Math.abs(Math.log(step.inputSize / member.nativeSize)) + Math.abs(Math.log(step.batchSize / 64));
  const [nearest] = whole.sort((a, b) => distance(a) - distance(b));
  return nearest?.seconds ?? Number.POSITIVE_INFINITY;
}

const milliseconds = (seconds: number): string =>
  Number.isFinite(seconds) ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : '–';
