import { count, percent } from '../regime-words.ts';
import type { TuneResult } from '../result.ts';
import { type Frame, picture } from './chart.ts';
import { html, type Markup, nothing } from './markup.ts';

/** Up to so many classes the matrix is a table that can be read cell by cell. */
const readableClasses = 30;
/** Up to so many classes the matrix leaves room for another section beside it. */
export const sideBySideClasses = 12;
const listedConfusions = 15;

interface Confusion {
  readonly from: string;
  readonly to: string;
  readonly images: number;
  /** Of the true class's images, 0 to 1. */
  readonly share: number;
}

/** Which classes are taken for which. */
export function confusionSection(result: TuneResult): Markup {
  const compactly = result.perClass.length > readableClasses;
  const matrix = compactly ? compactMatrix(result) : tableMatrix(result);
  return html`<section aria-label="Confusion matrix"><h2>What is taken for what</h2>
<p>Rows are the true classes, columns what the model said; the shade is the share of the row.</p>
${compactly ? html`<div class="pair">${matrix}<div>${topConfusions(result)}</div></div>` : html`${matrix}${topConfusions(result)}`}</section>`;
}

function tableMatrix({ perClass, confusion }: TuneResult): Markup {
  const besides = perClass.length <= sideBySideClasses;
  // the width of the section without the names of the rows
  const cell = Math.min(besides ? 56 : 36, Math.floor((besides ? 330 : 800) / Math.max(1, perClass.length)));
  const columns = perClass.map(({ name }) => html`<th scope="col" title="${name}"><div>${name}</div></th>`);
  const rows = perClass.map(({ name }, i) => {
    const row = confusion[i] ?? [];
    const total = sum(row);
    const cells = perClass.map((said, j) => {
      const images = row[j] ?? 0;
      const share = total > 0 ? images / total : 0;
      const kind = images === 0 ? 'zero' : share > 0.45 ? 'deep' : 'light';
      return html`<td class="${kind}${i === j ? ' self' : ''}" style="--v:${share}" title="${name} taken for ${said.name}: ${count(images)} of ${count(total)}">${images === 0 ? '' : images}</td>`;
    });
    return html`<tr><th scope="row" title="${name}">${name}</th>${cells}</tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="heat" style="--cell:${cell}px;--names:${besides ? 125 : 190}px"><thead><tr><td style="background:none"></td>${columns}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** Many classes: one small square each pair, drawn as one path for each of a few shades. */
function compactMatrix({ perClass, confusion }: TuneResult): Markup {
  const n = perClass.length;
  const frame: Frame = { width: n, height: n, left: 0, right: 0, top: 0, bottom: 0 };
  const shades = [0.02, 0.1, 0.25, 0.5, 0.75];
  const paths = shades.map(() => '');
  for (let i = 0; i < n; i++) {
    const row = confusion[i] ?? [];
    const total = sum(row);
    for (let j = 0; j < n; j++) {
      const share = total > 0 ? (row[j] ?? 0) / total : 0;
      const shade = shades.findLastIndex((least) => share >= least);
      if (shade >= 0) paths[shade] += `M${j} ${i}h1v1h-1z`;
    }
  }
  const squares = paths.map((d, i) => html`<path d="${d}" style="fill:rgb(var(--heat) / ${0.32 + i * 0.17})"/>`);
  const name = `Confusion matrix of ${count(n)} classes; the diagonal is what was recognised`;
  return html`<div class="compact">${picture(frame, name, html`<title>${name}</title>${squares}`)}</div>`;
}

function topConfusions(result: TuneResult): Markup {
  const top = confusionsOf(result).slice(0, listedConfusions);
  if (top.length === 0) return html`<p>No validation image was taken for another class.</p>`;
  const rows = top.map(
    ({ from, to, images, share }) =>
      html`<tr><td class="name">${from}</td><td class="name">${to}</td><td class="n">${count(images)}</td><td class="n">${percent(share, 0)}</td></tr>`,
  );
  const table = html`<div class="scroll"><table class="rows"><thead><tr><th scope="col">true class</th><th scope="col">taken for</th><th class="n" scope="col">images</th><th class="n" scope="col">of the class</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  return result.perClass.length > readableClasses
    ? html`<h3>Most frequent confusions</h3>${table}`
    : html`<details><summary>Most frequent confusions as a list</summary>${table}</details>`;
}

/** All pairs that were confused, most images first. */
function confusionsOf({ perClass, confusion }: TuneResult): Confusion[] {
  return confusion
    .flatMap((row, i) => {
      const total = sum(row);
      return row.flatMap((images, j) => {
        if (i === j || images === 0) return [];
        return [{ from: perClass[i]?.name ?? '', to: perClass[j]?.name ?? '', images, share: images / total }];
      });
    })
    .sort((a, b) => b.images - a.images || b.share - a.share);
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** One bar a class, the hardest first; of many classes the easier ones are folded away. */
export function classesSection({ perClass }: TuneResult): Markup {
  const shown = perClass.length <= 30 ? perClass.length : 20;
  const sorted = [...perClass].sort((a, b) => a.recall - b.recall || b.images - a.images);
  const bars = (classes: typeof sorted): Markup =>
    html`<div class="bars${perClass.length > sideBySideClasses ? ' columns' : ''}">${classes.map(
      ({ name, recall, images, precision }) => html`<div><span class="label" title="${name}">${name}</span>
<span class="track" aria-hidden="true"><i style="width:${recall * 100}%"></i></span>
<span class="value" title="precision ${percent(precision)}">${percent(recall, 0)} <span class="soft small">of ${count(images)}</span></span></div>`,
    )}</div>`;
  const rest = sorted.slice(shown);
  const more =
    rest.length === 0
      ? nothing
      : html`<details><summary>The other ${count(rest.length)} classes</summary>${bars(rest)}</details>`;
  return html`<section aria-label="Recall by class"><h2>Recall by class</h2>
<p>Of each class's validation images, the share that was recognised; the hardest class first.</p>${bars(sorted.slice(0, shown))}${more}</section>`;
}
