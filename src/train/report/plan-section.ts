import { formatDuration } from '../../lib/duration.ts';
import { doubtSentence, replannedSentence, whySentences } from '../plan-words.ts';
import { compact, count, percent, regimeFacts, regimeSentence } from '../regime-words.ts';
import type { TuneResult } from '../result.ts';
import { html, type Markup } from './markup.ts';
import type { ReportData } from './report-data.ts';

/** The plan, as it stood before training: network, every choice of the regime, the runners-up. */
export function planSection({ result, member }: ReportData): Markup {
  const { plan } = result;
  const facts = [
    ['Member', plan.member],
    ['Network', member.encoding],
    ['Size', `${member.parametersM.toFixed(2)} M parameters, ${count(member.macsM)} M MACs at ${member.nativeSize} px`],
    ...regimeFacts(plan.regime, member.stages),
  ] as const;
  const learnt = `${count(plan.predictor.experiences)} ${plan.predictor.experiences === 1 ? 'experience' : 'experiences'}`;
  const [doubt, replanned, why] = [doubtSentence(plan), replannedSentence(result), whySentences(plan)];
  return html`<section aria-label="Plan"><h2>The plan</h2>
<p>Chosen in one shot before any training, from ${learnt}. ${regimeSentence(plan.regime, member.stages)}</p>
${doubt === undefined ? '' : html`<p><strong>${doubt}</strong></p>`}
${replanned === undefined ? '' : html`<p><strong>Changed while it was carried out.</strong> ${replanned}</p>`}
<dl class="facts two">${facts.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>
${why.length === 0 ? '' : html`<h3 style="margin-top:24px">Why</h3><ul class="why">${why.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
${ranking(result)}
${timeSpent(result)}</section>`;
}

const phaseColours = ['--m7', '--m4', '--m5', '--m0', '--m2', '--m3'] as const;

/** Where the budget went, as a bar and as numbers. */
function timeSpent(result: TuneResult): Markup {
  const whole = Math.max(result.budgetSeconds, result.activeSeconds, 1e-9);
  const colour = (i: number): string => `var(${phaseColours[i % phaseColours.length]})`;
  const parts = result.phases.map(
    ({ seconds }, i) => html`<i style="width:${(seconds / whole) * 100}%;--key:${colour(i)}"></i>`,
  );
  const unused = Math.max(0, result.budgetSeconds - result.activeSeconds);
  const rows = result.phases.map(
    ({ name, seconds }, i) => html`<li><i style="--key:${colour(i)}"></i>${name} ${formatDuration(seconds)}</li>`,
  );
  return html`<h3 style="margin-top:24px">Where the budget went</h3><div class="phases" aria-hidden="true">${parts}</div>
<ul class="legend">${rows}<li><i style="--key:var(--faint)"></i>left over ${formatDuration(unused)}</li></ul>
<p class="soft small" style="margin-top:12px">${count(result.steps)} of ${count(result.plan.regime.steps)} planned steps were done.
${percent(result.waitingShare)} of the training time went into waiting for images.
${result.resumed > 0 ? `The run went on from a checkpoint ${result.resumed === 1 ? 'once' : `${result.resumed} times`}.` : ''}</p>`;
}

function ranking({ plan }: TuneResult): Markup {
  const rows = [plan, ...plan.runnersUp].map(({ member, regime, predicted }, i) => {
    const augmentation = regime.mix === 'none' ? regime.augmentation : `${regime.augmentation} + ${regime.mix}`;
    return html`<tr${i === 0 ? html` class="chosen"` : ''}><td class="n">${i + 1}</td><td class="name">${member}</td><td class="n">${regime.inputSize} px</td>
<td class="n">${regime.frozenStages}</td><td>${regime.optimizer}</td><td class="n">${compact(regime.learningRate)}</td><td>${augmentation}</td><td class="n">${count(regime.steps)}</td>
<td class="n">${percent(predicted.accuracy)}</td><td class="n">${(predicted.low * 100).toFixed(1)} – ${(predicted.high * 100).toFixed(1)}</td><td class="n">${formatDuration(predicted.seconds)}</td></tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Plan and runners-up"><table class="rows">
<thead><tr><th class="n" scope="col">rank</th><th scope="col">member</th><th class="n" scope="col">input</th><th class="n" scope="col">frozen</th><th scope="col">optimizer</th>
<th class="n" scope="col">learning rate</th><th scope="col">augmentation</th><th class="n" scope="col">steps</th><th class="n" scope="col">predicted</th><th class="n" scope="col">interval, %</th><th class="n" scope="col">time</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}
