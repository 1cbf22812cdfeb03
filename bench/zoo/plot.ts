/** Accuracy against the time of a training step, all families in one picture, for the documentation. */
import { bottomAxis, type Frame, linePath, picture, rowsOfGrid } from '../../src/train/report/chart.ts';
import { html, type Markup } from '../../src/train/report/markup.ts';
import { linearScale, logScale, ticks } from '../../src/train/report/scale.ts';
import { front, type Point } from './levels.ts';
import { ours } from './networks.ts';

/** Of Okabe and Ito: told apart with any eyes, on light and on dark ground. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'] as const;

const frame: Frame = { width: 820, height: 460, left: 56, right: 130, top: 20, bottom: 48 };

/** A whole SVG file. */
export function frontDrawing(
  points: readonly (Point & { readonly name: string })[],
  { epochs }: { readonly epochs: number },
): string {
  const [fast, slow] = range(points.map(({ seconds }) => seconds));
  const [low, high] = range(points.map(({ accuracy }) => accuracy));
  const x = logScale([fast / 1.1, slow * 1.1], [frame.left, frame.width - frame.right]);
  const y = linearScale([low - 0.02, high + 0.02], [frame.height - frame.bottom, frame.top]);
  const families = [ours, ...new Set(points.map(({ family }) => family).filter((family) => family !== ours))];
  const drawn = families.map((family, f): Markup => {
    const own = points.filter((one) => one.family === family);
    const line = front(own);
    const colour = colours[f % colours.length];
    const at = line.map((one): [number, number] => [x(one.seconds), y(one.accuracy)]);
    const dots = own.map(
      (one) =>
        html`<circle cx="${x(one.seconds)}" cy="${y(one.accuracy)}" r="4" fill="${colour}"><title>${one.name}</title></circle>`,
    );
    const [endX = 0, endY = 0] = at.at(-1) ?? [];
    return html`<path d="${linePath(at)}" fill="none" stroke="${colour}" stroke-width="${family === ours ? 2.5 : 1.5}"/>${dots}
<text x="${endX + 8}" y="${endY + 4}" style="fill:${colour};font-weight:600">${family === ours ? 'nasoa' : family}</text>`;
  });
  const milliseconds = [5, 10, 20, 50, 100, 200, 500, 1000, 2000].filter((ms) => ms > 900 * fast && ms < 1100 * slow);
  const name = `Accuracy after ${epochs} epochs on tiny-imagenet-100 against the time of a training step`;
  const drawing = picture(
    frame,
    name,
    html`${rowsOfGrid(frame, y, ticks(low, high, 6), (v) => `${(100 * v).toFixed(0)} %`)}
${bottomAxis(
  frame,
  x,
  milliseconds.map((ms) => ms / 1000),
  (v) => `${(1000 * v).toFixed(0)} ms`,
  'training step of 64 images of 64 px, logarithmic',
)}${drawn}`,
  );
  const style = 'text{font:12px system-ui,sans-serif;fill:#57606a}.grid{stroke:#d0d7de}.axis{stroke:#57606a}';
  return drawing.text
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('>', `><style>${style}</style><rect width="100%" height="100%" fill="#ffffff"/>`)
    .concat('\n');
}

const range = (values: readonly number[]): readonly [number, number] => [Math.min(...values), Math.max(...values)];
