import { formatDuration } from '../../lib/duration.ts';
import { percent } from '../regime-words.ts';
import type { CurvePoint, TuneResult } from '../result.ts';
import { bottomAxis, type Frame, linePath, picture, responsive, rowsOfGrid } from './chart.ts';
import { html, type Markup, nothing } from './markup.ts';
import { linearScale, type Scale, ticks, timeTicks } from './scale.ts';

type Point = readonly [seconds: number, value: number];

/** Validation accuracy, and under it the training loss, over active seconds up to the end of the budget. */
export function learningCurve(result: TuneResult): Markup {
  const accuracy = pointsOf(result.curve, 'accuracy');
  const loss = pointsOf(result.curve, 'trainingLoss');
  const lossChart = loss.length < 2 ? nothing : responsive((width) => lossPanel(result, loss, width));
  return html`<section aria-label="Learning curve"><h2>Learning curve</h2>
<p>Accuracy on the validation images over active seconds; the budget counts profile and planning too.</p>
${responsive((width) => accuracyPanel(result, accuracy, width))}${lossChart}
<ul class="legend"><li><i class="line" style="--key:var(--accent)"></i>validation accuracy</li>
<li><i class="band"></i>predicted interval</li><li><i class="dashed"></i>budget</li>
${loss.length < 2 ? nothing : html`<li><i class="line" style="--key:var(--warm)"></i>training loss</li>`}</ul>
${numbers(result.curve)}</section>`;
}

function accuracyPanel(result: TuneResult, points: readonly Point[], width: number): Markup {
  const frame: Frame = { width, height: width > 500 ? 330 : 250, left: 48, right: 16, top: 22, bottom: 44 };
  const x = timeScale(result, frame);
  const values = points.map(([, value]) => value);
  const { low, high } = result.predicted;
  const top = Math.min(1, Math.ceil(Math.max(...values, high, result.accuracy) * 10 + 0.2) / 10);
  const bottom = Math.max(0, Math.floor(Math.min(...values, low) * 10) / 10);
  const y = linearScale([bottom, top], [frame.height - frame.bottom, frame.top]);
  const drawn = points.map(([seconds, value]): [number, number] => [x(seconds), y(value)]);
  const dots = points.map(
    ([seconds, value]) =>
      html`<circle cx="${x(seconds)}" cy="${y(value)}" r="3.5" style="fill:var(--accent);stroke:var(--card)" stroke-width="1.5"><title>${percent(value)} after ${formatDuration(seconds)}</title></circle>`,
  );
  const last = points.at(-1);
  const name = `Validation accuracy over time, ending at ${percent(result.accuracy)} after ${formatDuration(result.activeSeconds)}`;
  return picture(
    frame,
    name,
    html`${rowsOfGrid(frame, y, ticks(bottom, top, 5), (v) => percent(v, 0))}
<rect x="${frame.left}" width="${width - frame.left - frame.right}" y="${y(high)}" height="${Math.max(1, y(low) - y(high))}" style="fill:var(--band)"/>
${timeAxis(result, frame, x)}${budgetLine(result, frame, x, true)}
<path d="${linePath(drawn)}" fill="none" style="stroke:var(--accent)" stroke-width="2.5" stroke-linejoin="round"/>
${points.length <= 60 ? dots : nothing}${last === undefined ? nothing : endLabel(x(last[0]), y(last[1]), percent(last[1]), frame)}`,
  );
}

function lossPanel(result: TuneResult, points: readonly Point[], width: number): Markup {
  const frame: Frame = { width, height: 150, left: 48, right: 16, top: 12, bottom: 44 };
  const x = timeScale(result, frame);
  const highest = Math.max(...points.map(([, value]) => value));
  const y = linearScale([0, highest * 1.05], [frame.height - frame.bottom, frame.top]);
  const drawn = points.map(([seconds, value]): [number, number] => [x(seconds), y(value)]);
  return picture(
    frame,
    `Training loss over time, from ${points[0]?.[1].toFixed(3)} to ${points.at(-1)?.[1].toFixed(3)}`,
    html`${rowsOfGrid(frame, y, ticks(0, highest, 3), (v) => String(v))}${timeAxis(result, frame, x)}${budgetLine(result, frame, x, false)}
<path d="${linePath(drawn)}" fill="none" style="stroke:var(--warm)" stroke-width="2" stroke-linejoin="round"/>`,
  );
}

const timeScale = (result: TuneResult, frame: Frame): Scale =>
  linearScale([0, horizon(result)], [frame.left, frame.width - frame.right]);

// a little room beyond the budget, so that its line never is the edge
const horizon = ({ budgetSeconds, activeSeconds }: TuneResult): number => Math.max(budgetSeconds, activeSeconds) * 1.03;

const timeAxis = (result: TuneResult, frame: Frame, x: Scale): Markup =>
  bottomAxis(frame, x, timeTicks(horizon(result), frame.width > 500 ? 8 : 4), shortTime, 'active time');

const shortTime = (seconds: number): string => (seconds === 0 ? '0' : formatDuration(seconds).replace('.0s', 's'));

function budgetLine({ budgetSeconds }: TuneResult, frame: Frame, x: Scale, labelled: boolean): Markup {
  const at = x(budgetSeconds);
  const label = html`<text x="${at}" y="${frame.top - 8}" text-anchor="end" style="fill:var(--warm)">budget ${formatDuration(budgetSeconds)}</text>`;
  return html`<line x1="${at}" x2="${at}" y1="${frame.top - 4}" y2="${frame.height - frame.bottom}" style="stroke:var(--warm)" stroke-width="1.5" stroke-dasharray="5 4"/>
${labelled ? label : nothing}`;
}

function endLabel(x: number, y: number, text: string, frame: Frame): Markup {
  const above = y > frame.top + 24;
  const nearEdge = x > frame.width - frame.right - 24;
  return html`<text class="strong" x="${x}" y="${above ? y - 12 : y + 22}" text-anchor="${nearEdge ? 'end' : 'middle'}">${text}</text>`;
}

function pointsOf(curve: readonly CurvePoint[], key: 'accuracy' | 'trainingLoss'): Point[] {
  return curve.flatMap((point): Point[] => {
    const value = point[key];
    return value !== undefined && Number.isFinite(value) ? [[point.seconds, value]] : [];
  });
}

function numbers(curve: readonly CurvePoint[]): Markup {
  const rows = curve
    .filter((point) => point.accuracy !== undefined)
    .slice(-200)
    .map(
      ({
        seconds,
        step,
        accuracy,
        trainingLoss,
      }) => html`<tr><td class="n">${formatDuration(seconds)}</td><td class="n">${step}</td>
<td class="n">${accuracy === undefined ? '' : percent(accuracy)}</td><td class="n">${trainingLoss === undefined ? '' : trainingLoss.toFixed(4)}</td></tr>`,
    );
  return html`<details><summary>Numbers of this chart</summary><div class="scroll"><table class="rows">
<thead><tr><th class="n" scope="col">active time</th><th class="n" scope="col">step</th><th class="n" scope="col">accuracy</th><th class="n" scope="col">training loss</th></tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}
