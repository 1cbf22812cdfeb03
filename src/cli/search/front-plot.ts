import type { Evaluated } from '../../nas/search.ts';
import { bottomAxis, type Frame, linePath, picture, responsive, rowsOfGrid } from '../../train/report/chart.ts';
import { html, type Markup, nothing } from '../../train/report/markup.ts';
import { linearScale, logScale, ticks } from '../../train/report/scale.ts';

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
export const milliseconds = (seconds: number): string =>
  `${(1000 * seconds).toFixed(seconds < 0.01 ? 2 : seconds < 0.1 ? 1 : 0)} ms`;

/** Every candidate: accuracy over the time of a training step, the front as a line. */
export function frontPlot(evaluated: readonly Evaluated[], front: readonly Evaluated[]): Markup {
  const shown = evaluated.filter(({ stepSeconds, accuracy }) => stepSeconds > 0 && accuracy > 0);
  if (shown.length === 0) return nothing;
  return html`<section aria-label="Accuracy against step time"><h2>Accuracy against the time of a training step</h2>
<p>Each dot is a candidate. Hollow ones were left on a lower rung of the ladder: their accuracy is of less training.</p>
${responsive((width) => draw(shown, front, width))}
<ul class="legend"><li><i style="--key:var(--accent)"></i>on the front</li><li><i style="--key:var(--soft)"></i>trained in full</li>
<li><i style="background:none;border:1.5px solid var(--soft)"></i>left on a lower rung</li></ul></section>`;
}

function draw(shown: readonly Evaluated[], front: readonly Evaluated[], width: number): Markup {
  const frame: Frame = { width, height: width > 500 ? 420 : 300, left: 52, right: 20, top: 20, bottom: 44 };
  const seconds = shown.map(({ stepSeconds }) => stepSeconds);
  const accuracies = shown.map(({ accuracy }) => accuracy);
  const [fast, slow] = [Math.min(...seconds) / 1.1, Math.max(...seconds) * 1.1];
  const [bottom, top] = [Math.min(...accuracies), Math.max(...accuracies)];
  const room = Math.max(0.01, (top - bottom) * 0.06);
  const x = logScale([fast, slow], [frame.left, width - frame.right]);
  const y = linearScale([bottom - room, top + room], [frame.height - frame.bottom, frame.top]);
  const ids = new Set(front.map(({ id }) => id));
  const dot = (one: Evaluated): Markup => {
    const isHollow = (one.missedRungs ?? 0) > 0;
    const [colour, radius] = ids.has(one.id) ? ['var(--accent)', 5] : ['var(--soft)', 3.5];
    const fill = isHollow ? 'none' : colour;
    return html`<circle cx="${x(one.stepSeconds)}" cy="${y(one.accuracy)}" r="${radius}" style="fill:${fill};stroke:${colour}" fill-opacity=".7"><title>${one.encoding}: ${percent(one.accuracy)}, ${milliseconds(one.stepSeconds)}</title></circle>`;
  };
  const line = linePath(front.map((one) => [x(one.stepSeconds), y(one.accuracy)]));
  const digits = top - bottom < 0.05 ? 1 : 0;
  return picture(
    frame,
    `Accuracy against step time of ${shown.length} candidates, ${front.length} of them on the front`,
    html`${rowsOfGrid(frame, y, ticks(bottom - room, top + room, 6), (v) => percent(v, digits))}
${bottomAxis(frame, x, logTicks(fast, slow, width > 500 ? 8 : 4), milliseconds, 'training step over 64 images, logarithmic')}
${shown.filter(({ id }) => !ids.has(id)).map(dot)}
<path d="${line}" fill="none" style="stroke:var(--accent)" stroke-width="1.5" stroke-opacity=".6"/>
${front.map(dot)}`,
  );
}

/** 1, 2, 5 and their tenfolds within the range, thinned to about `most`; evenly spread ones in a short range. */
function logTicks(low: number, high: number, most: number): readonly number[] {
  const round = [-4, -3, -2, -1, 0, 1, 2].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
  const within = round.filter((value) => value >= low && value <= high);
  if (within.length < 2) return ticks(low, high, 3);
  const every = Math.ceil(within.length / most);
  return within.filter((_, i) => i % every === 0);
}
