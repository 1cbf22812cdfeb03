import { count, percent } from '../regime-words.ts';
import type { TuneResult } from '../result.ts';
import { html, type Markup, nothing } from './markup.ts';
import type { Mistake } from './report-data.ts';

const listedSkipped = 100;
const shownMistakes = 24;

/** Wrong and sure about it, as pictures: here mislabelled images show up. */
export function mistakesSection(mistakes: readonly Mistake[]): Markup {
  const usable = mistakes.filter(({ thumbnail }) => isPicture(thumbnail)).slice(0, shownMistakes);
  if (usable.length === 0) return nothing;
  const cards = usable.map(
    ({
      thumbnail,
      file,
      trueClass,
      predictedClass,
      probability,
    }) => html`<li><img src="${thumbnail}" alt="${trueClass}, taken for ${predictedClass}" title="${file}" width="96" height="96" loading="lazy">
<p><span class="true">${trueClass}</span><br><span class="soft">taken for</span> <span class="said">${predictedClass}</span> <span class="soft together">${percent(probability, 0)}</span></p></li>`,
  );
  return html`<section aria-label="Worst mistakes"><h2>Worst mistakes</h2>
<p>The validation images that the model was most wrongly sure about. Some may be labelled wrong.</p><ul class="mistakes">${cards}</ul></section>`;
}

// nothing but a small picture may come in as an address: the report loads nothing from elsewhere
const isPicture = (uri: string): boolean => /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$/.test(uri);

/** Files that could not be used; bounded, however many there are. */
export function skippedSection({ skipped, skippedFiles }: TuneResult): Markup {
  if (skipped === 0) return nothing;
  const listed = skippedFiles.slice(0, listedSkipped);
  const rows = listed.map(
    ({ file, reason }) => html`<tr><td class="name"><code>${file}</code></td><td>${reason}</td></tr>`,
  );
  const more = skipped - listed.length;
  return html`<section aria-label="Skipped files"><h2>${skipped === 1 ? 'One file was' : `${count(skipped)} files were`} skipped</h2>
<p>They are damaged or no images, and were neither trained on nor counted.</p>
<details${skipped <= 10 ? html` open` : ''}><summary>Which, and why</summary><div class="scroll"><table class="rows"><thead><tr><th scope="col">file</th><th scope="col">reason</th></tr></thead><tbody>${rows}</tbody></table></div>
${more > 0 ? html`<p class="soft small">and ${count(more)} more</p>` : nothing}</details></section>`;
}
