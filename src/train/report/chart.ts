import { html, type Markup } from './markup.ts';
import type { Scale } from './scale.ts';

/** Outer size of a chart and its margins, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * A chart is drawn twice, for wide pages and for narrow ones: a single drawing that is scaled down to a telephone
 * would scale its letters as well. The style shows one of them.
 */
export const responsive = (draw: (width: number) => Markup): Markup =>
  html`<div class="chart wide">${draw(980)}</div><div class="chart narrow">${draw(340)}</div>`;

/** The same for a chart in one of two columns. */
export const responsiveHalf = (draw: (width: number) => Markup): Markup =>
  html`<div class="chart wide">${draw(470)}</div><div class="chart narrow">${draw(340)}</div>`;

/** An SVG picture with a name for those who cannot see it. */
export const picture = ({ width, height }: Frame, name: string, content: Markup): Markup =>
  html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${name}">${content}</svg>`;

/** Horizontal lines with labels at the left. */
export function rowsOfGrid(
  frame: Frame,
  scale: Scale,
  values: readonly number[],
  label: (value: number) => string,
): Markup {
  const lines = values.map(
    (
      value,
    ) => html`<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${scale(value)}" y2="${scale(value)}"/>
<text x="${frame.left - 8}" y="${scale(value) + 4}" text-anchor="end">${label(value)}</text>`,
  );
  return html`<g>${lines}</g>`;
}

/** Labels below the lower edge, each under a small tick; `caption` stands at the right end below them. */
export function bottomAxis(
  frame: Frame,
  scale: Scale,
  values: readonly number[],
  label: (value: number) => string,
  caption: string,
): Markup {
  const y = frame.height - frame.bottom;
  const marks = values.map(
    (value) => html`<line class="axis" x1="${scale(value)}" x2="${scale(value)}" y1="${y}" y2="${y + 4}"/>
<text x="${scale(value)}" y="${y + 18}" text-anchor="middle">${label(value)}</text>`,
  );
  return html`<g><line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y}" y2="${y}"/>${marks}
<text x="${frame.width - frame.right}" y="${y + 36}" text-anchor="end">${caption}</text></g>`;
}

/** A path through the points. */
export const linePath = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
