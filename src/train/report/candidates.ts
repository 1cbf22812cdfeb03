import { formatDuration } from '../../lib/duration.ts';
import type { Choice } from '../../planner/types.ts';
import { count, percent } from '../regime-words.ts';
import type { TuneResult } from '../result.ts';
import { bottomAxis, type Frame, picture, responsive, rowsOfGrid } from './chart.ts';
import { html, type Markup, nothing } from './markup.ts';
import { linearScale, logScale, logTimeTicks, type Scale, ticks } from './scale.ts';

/** Colours there are; members beyond share the last one. */
const colours = 8;
/** A drawing of more dots is neither clearer nor quick to open. */
const mostDots = 1500;

/** What was considered: predicted seconds against predicted accuracy, coloured by member, the choice marked. */
export function candidates(result: TuneResult): Markup {
  const { plan } = result;
  if (plan.cloud.length === 0) return nothing;
  const members = [
    ...new Set([plan.member, ...plan.runnersUp.map((c) => c.member), ...plan.cloud.map((c) => c.member)]),
  ];
  const legend = members.map((member, i) => html`<li><i style="--key:${colourOf(i)}"></i>${member}</li>`);
  return html`<section aria-label="Candidates"><h2>Candidates considered</h2>
<p>Each dot is a network with a whole regime, at the time and accuracy predicted for it before training:
${count(plan.candidates)} were weighed, ${count(plan.fitting)} of them fit into the budget. The plan and its runners-up carry their rank.</p>
${responsive((width) => cloud(result, members, width))}
<ul class="legend">${legend}<li><i class="dashed"></i>budget</li></ul></section>`;
}

function cloud(result: TuneResult, members: readonly string[], width: number): Markup {
  const { plan } = result;
  const frame: Frame = { width, height: width > 500 ? 380 : 300, left: 48, right: 20, top: 24, bottom: 44 };
  const marked: readonly Choice[] = [plan, ...plan.runnersUp];
  const dots = thinned(plan.cloud).filter((dot) => dot.seconds > 0);
  const seconds = [
    ...dots.map((dot) => dot.seconds),
    ...marked.map((c) => Math.max(0.1, c.predicted.seconds)),
    plan.budgetSeconds,
  ];
  const accuracies = [...dots.map((dot) => dot.accuracy), ...marked.map((c) => c.predicted.accuracy)];
  const [fast, slow] = [Math.min(...seconds) / 1.15, Math.max(...seconds) * 1.15];
  const bottom = Math.floor(Math.min(...accuracies) * 20) / 20;
  const top = Math.min(1, Math.ceil(Math.max(...accuracies) * 20 + 0.3) / 20);
  const x = logScale([fast, slow], [frame.left, width - frame.right]);
  const y = linearScale([bottom, Math.max(top, bottom + 0.05)], [frame.height - frame.bottom, frame.top]);
  const name = `Predicted accuracy against predicted time of ${count(dots.length)} candidates; chosen: ${plan.member} with ${percent(plan.predicted.accuracy)} in ${formatDuration(plan.predicted.seconds)}`;
  return picture(
    frame,
    name,
    html`${rowsOfGrid(frame, y, ticks(bottom, top, 6), (v) => percent(v, 0))}
${bottomAxis(frame, x, spaced(logTimeTicks(fast, slow), x, 44), shortTime, 'predicted active time, logarithmic')}
${budgetLine(plan.budgetSeconds, frame, x)}
<g fill-opacity=".5">${dots.map((dot) => html`<circle cx="${x(dot.seconds)}" cy="${y(dot.accuracy)}" r="3" style="fill:${colourOf(members.indexOf(dot.member))}"/>`)}</g>
${marked.map((choice, rank) => mark(choice, rank, x, y, colourOf(members.indexOf(choice.member)))).reverse()}`,
  );
}

function mark({ member, predicted }: Choice, rank: number, x: Scale, y: Scale, colour: string): Markup {
  const [cx, cy] = [x(Math.max(0.1, predicted.seconds)), y(predicted.accuracy)];
  const title = `${rank === 0 ? 'The plan' : `Runner-up ${rank + 1}`}: ${member}, ${percent(predicted.accuracy)} in ${formatDuration(predicted.seconds)}`;
  const ring =
    rank === 0
      ? html`<circle cx="${cx}" cy="${cy}" r="15" fill="none" style="stroke:${colour}" stroke-width="2"/>`
      : nothing;
  return html`<g><title>${title}</title>${ring}<circle cx="${cx}" cy="${cy}" r="${rank === 0 ? 10 : 8.5}" style="fill:${colour};stroke:var(--card)" stroke-width="1.5"/>
<text x="${cx}" y="${cy + 3.8}" text-anchor="middle" style="fill:var(--card);font-weight:700;font-size:11px">${rank + 1}</text></g>`;
}

function budgetLine(budgetSeconds: number, frame: Frame, x: Scale): Markup {
  const at = x(budgetSeconds);
  return html`<line x1="${at}" x2="${at}" y1="${frame.top - 6}" y2="${frame.height - frame.bottom}" style="stroke:var(--warm)" stroke-width="1.5" stroke-dasharray="5 4"/>
<text x="${at - 6}" y="${frame.top - 8}" text-anchor="end" style="fill:var(--warm)">budget ${formatDuration(budgetSeconds)}</text>`;
}

/** Evenly thinned where there are too many. */
function thinned<T>(items: readonly T[]): readonly T[] {
  const every = Math.ceil(items.length / mostDots);
  return every <= 1 ? items : items.filter((_, i) => i % every === 0);
}

/** Those ticks that leave each other `pixels` of room. */
function spaced(values: readonly number[], x: Scale, pixels: number): number[] {
  const kept: number[] = [];
  for (const value of values) if (kept.length === 0 || x(value) - x(kept.at(-1) ?? 0) >= pixels) kept.push(value);
  return kept;
}

const shortTime = (seconds: number): string =>
  seconds < 1 ? `${seconds}s` : formatDuration(seconds).replace('.0s', 's');

export const colourOf = (member: number): string => `var(--m${Math.min(Math.max(0, member), colours - 1)})`;
