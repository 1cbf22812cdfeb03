/** `report.html` of a search: one document that loads nothing, with the front, every candidate and the front's blocks. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import { formatDuration } from '../../lib/duration.ts';
import { drawBlock, macroSummary } from '../../nas/draw.ts';
import { parseEncoding } from '../../nas/encoding.ts';
import type { RungCorrelation } from '../../nas/ladder.ts';
import { blockOf } from '../../nas/nsga2/levels.ts';
import { nsga2Search } from '../../nas/nsga2.ts';
import type { Evaluated } from '../../nas/search.ts';
import { count } from '../../train/regime-words.ts';
import { html, type Markup, nothing } from '../../train/report/markup.ts';
import { page } from '../../train/report/page.ts';
import { factsOf, type SearchFacts } from './facts.ts';
import { frontPlot, milliseconds, percent } from './front-plot.ts';
import { type SearchFile, searchNames } from './search-file.ts';

export const writeSearchReport = (folder: string, file: SearchFile): Promise<void> =>
  writeFileAtomic(join(folder, searchNames.report), renderSearchReport(file));

export function renderSearchReport(file: SearchFile): string {
  const facts = factsOf(file);
  const { evaluated } = nsga2Search.progress(file.search);
  const body = html`<p class="eyebrow">nasoa search</p>
<h1>Networks that are cheap to train, on ${file.data.name}</h1>
<p class="lead">${facts.evaluated} candidates, ${facts.inFull} of them trained in full, on ${count(file.data.train)} images of
${file.data.classes} classes; a step was timed over 64 images on ${file.machine.cores} cores (${file.machine.cpu}).</p>
${tiles(facts)}
${frontPlot(evaluated, facts.front)}
${frontTable(facts.front)}
${drawings(facts.front)}
${fidelity(facts)}
${all(evaluated)}
<footer>Begun on ${file.startedAt.slice(0, 10)}. Nothing of this page leaves your machine.</footer>`;
  return page(`Search on ${file.data.name}`, body, { pictures: false });
}

function tiles({ front, evaluated, failed, pruned, activeSeconds }: SearchFacts): Markup {
  const best = Math.max(0, ...front.map(({ accuracy }) => accuracy));
  return html`<dl class="tiles"><div><dt>On the front</dt><dd>${front.length}<small>of ${evaluated} evaluated</small></dd></div>
<div><dt>Best accuracy</dt><dd>${percent(best)}<small>after the short training</small></dd></div>
<div><dt>Given up unseen</dt><dd>${pruned}<small>${failed} failed</small></dd></div>
<div><dt>Active time</dt><dd>${formatDuration(activeSeconds)}</dd></div></dl>`;
}

function frontTable(front: readonly Evaluated[]): Markup {
  const rows = front.map(
    (one) => html`<tr><td class="n">${percent(one.accuracy)}</td><td class="n">${milliseconds(one.stepSeconds)}</td>
<td class="n">${one.parametersM.toFixed(2)} M</td><td class="n">${one.macsM.toFixed(0)} M</td><td class="name"><code>${one.encoding}</code></td>
<td>${macroSummary(parseEncoding(one.encoding))}</td></tr>`,
  );
  return html`<section aria-label="The front"><h2>The front</h2><p>No other candidate is both quicker and more accurate.</p>
<div class="scroll" tabindex="0"><table class="rows"><thead><tr><th class="n">accuracy</th><th class="n">step</th><th class="n">parameters</th>
<th class="n">MACs</th><th>architecture</th><th>macro</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

function drawings(front: readonly Evaluated[]): Markup {
  const byBlock = new Map<string, Evaluated[]>();
  for (const one of front) byBlock.set(blockOf(one.encoding), [...(byBlock.get(blockOf(one.encoding)) ?? []), one]);
  if (byBlock.size === 0) return nothing;
  const blocks = [...byBlock].map(
    ([block, those]) => html`<h3>${block} <span class="soft">in ${those.length} of the front</span></h3>
<pre>${drawBlock(parseEncoding(those[0]?.encoding ?? ''))}</pre>`,
  );
  return html`<section aria-label="Blocks"><h2>Blocks of the front</h2>${blocks}</section>`;
}

function fidelity({ rungs, stepModel }: SearchFacts): Markup {
  const model =
    stepModel === undefined
      ? html`<p>Too few steps were measured to predict others.</p>`
      : html`<p>The time of a step was predicted from the architecture with a median error of ${percent(stepModel.medianError)}
(${percent(stepModel.ninthError)} at most in 9 of 10), on steps that the fit of ${stepModel.pairs} had not seen.</p>`;
  const rows = rungs.map((rung, i) => rungRow(rung, i));
  const table =
    rungs.length === 0
      ? nothing
      : html`<div class="scroll" tabindex="0"><table class="rows"><thead><tr><th>rung</th><th class="n">images</th><th class="n">steps</th>
<th class="n">rank correlation</th><th class="n">candidates</th><th class="n">mean time</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  return html`<section aria-label="Fidelity"><h2>What could be told before a training in full</h2>${model}
<p>Rank correlation (Spearman) of each rung of the ladder with the training in full, over candidates that climbed in any case.</p>${table}</section>`;
}

const rungRow = (rung: RungCorrelation, i: number): Markup =>
  html`<tr><td>${i + 1}</td><td class="n">${rung.inputSize} px</td><td class="n">${percent(rung.stepShare)}</td>
<td class="n">${rung.correlation?.toFixed(2) ?? '-'}</td><td class="n">${rung.candidates}</td>
<td class="n">${rung.seconds === undefined ? '-' : formatDuration(rung.seconds)}</td></tr>`;

function all(evaluated: readonly Evaluated[]): Markup {
  const rows = evaluated.map(
    (
      one,
    ) => html`<tr><td class="n">${one.id}</td><td class="n">${percent(one.accuracy)}</td><td class="n">${milliseconds(one.stepSeconds)}</td>
<td class="n">${one.missedRungs ?? 0}</td><td class="name"><code>${one.encoding}</code></td></tr>`,
  );
  return html`<section aria-label="All candidates"><h2>All candidates</h2><details><summary>${evaluated.length} candidates</summary>
<div class="scroll" tabindex="0"><table class="rows"><thead><tr><th class="n">number</th><th class="n">accuracy</th><th class="n">step</th>
<th class="n">rungs missed</th><th>architecture</th></tr></thead><tbody>${rows}</tbody></table></div></details></section>`;
}
