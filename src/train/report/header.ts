import { formatDuration } from '../../lib/duration.ts';
import { count, percent } from '../regime-words.ts';
import type { TuneResult } from '../result.ts';
import { type Frame, picture, responsiveHalf } from './chart.ts';
import { html, type Markup } from './markup.ts';
import { linearScale, ticks } from './scale.ts';

/** The result in one glance: what was reached, against what was predicted. */
export function header(result: TuneResult): Markup {
  const [whole, fraction] = (result.accuracy * 100).toFixed(1).split('.');
  return html`<header>
<p class="eyebrow">nasoa tune</p>
<h1>${result.dataset}</h1>
<p class="lead">${sentence(result)}</p>
</header>
<section class="hero" aria-label="Result">
<div><p class="figure-big">${whole}<small>.${fraction} %</small></p>
<p class="soft">top-1 accuracy on ${count(result.validationImages)} validation images</p></div>
<div><h3>${verdict(result)}</h3>${responsiveHalf((width) => gauge(result, width))}</div>
</section>
${tiles(result)}`;
}

function sentence(result: TuneResult): string {
  const images = `${count(result.trainingImages)} training images in ${count(result.classes)} classes`;
  const time = `${formatDuration(result.activeSeconds)} of a budget of ${formatDuration(result.budgetSeconds)}`;
  const ended = result.stopped === 'budget' ? ', stopped in time before its last planned step' : '';
  return `${images}, fine-tuned from ${result.plan.member} in ${time}${ended}.`;
}

function verdict({ accuracy, predicted, plan }: TuneResult): string {
  const interval = `${percent(plan.coverage, 0)} interval`;
  if (accuracy < predicted.low) return `Below the ${interval} predicted before training`;
  if (accuracy > predicted.high) return `Above the ${interval} predicted before training`;
  return `Within the ${interval} predicted before training`;
}

/** Predicted interval and point, and the accuracy reached, on one line. */
function gauge({ accuracy, predicted }: TuneResult, width: number): Markup {
  const frame: Frame = { width, height: 104, left: 12, right: 12, top: 0, bottom: 30 };
  const [low, high] = gaugeRange(accuracy, predicted.low, predicted.high);
  const x = linearScale([low, high], [frame.left, width - frame.right]);
  const name = `Reached ${percent(accuracy)}; predicted ${percent(predicted.accuracy)}, from ${percent(predicted.low)} to ${percent(predicted.high)}`;
  const labels = ticks(low, high, 5).map(
    (value) => html`<text x="${x(value)}" y="96" text-anchor="middle">${percent(value, 0)}</text>
<line class="axis" x1="${x(value)}" x2="${x(value)}" y1="74" y2="79"/>`,
  );
  // the label stays inside the drawing where the mark is near an end
  const labelX = Math.min(width - 52, Math.max(52, x(accuracy)));
  const predictedX = Math.min(width - 70, Math.max(70, x(predicted.accuracy)));
  return picture(
    frame,
    name,
    html`<title>${name}</title><line class="grid" x1="${frame.left}" x2="${width - frame.right}" y1="48" y2="48" stroke-width="8" stroke-linecap="round"/>
<rect x="${x(predicted.low)}" y="36" width="${Math.max(2, x(predicted.high) - x(predicted.low))}" height="24" rx="6" style="fill:var(--band);stroke:var(--accent);stroke-opacity:.45"/>
<line x1="${x(predicted.accuracy)}" x2="${x(predicted.accuracy)}" y1="36" y2="60" style="stroke:var(--accent)" stroke-width="2"/>
<text x="${predictedX}" y="74" text-anchor="middle" style="fill:var(--accent)" dy="1">predicted ${percent(predicted.accuracy)}</text>
<circle cx="${x(accuracy)}" cy="48" r="8" style="fill:var(--ink);stroke:var(--card)" stroke-width="2.5"/>
<text class="strong" x="${labelX}" y="24" text-anchor="middle">reached ${percent(accuracy)}</text>
<g transform="translate(0 8)">${labels}</g>`,
  );
}

/** A range of round tenths around everything that is shown. */
function gaugeRange(accuracy: number, low: number, high: number): [number, number] {
  const from = Math.max(0, Math.floor((Math.min(accuracy, low) - 0.05) * 10) / 10);
  const to = Math.min(1, Math.ceil((Math.max(accuracy, high) + 0.02) * 10) / 10);
  return [from, Math.max(to, from + 0.1)];
}

function tiles(result: TuneResult): Markup {
  const share = result.budgetSeconds > 0 ? result.activeSeconds / result.budgetSeconds : 0;
  const skipped = result.skipped > 0 ? `${count(result.skipped)} files skipped` : 'no file skipped';
  return html`<dl class="tiles">
<div><dt>Top-5</dt><dd>${percent(result.top5)}<small>the true class among the first five</small></dd></div>
<div><dt>Macro F1</dt><dd>${result.macroF1.toFixed(3)}<small>all classes weigh the same</small></dd></div>
<div><dt>Active time</dt><dd>${formatDuration(result.activeSeconds)}<small>${percent(share, 0)} of ${formatDuration(result.budgetSeconds)}</small></dd></div>
<div><dt>Images</dt><dd>${count(result.images)}<small>${skipped}</small></dd></div>
</dl>`;
}
