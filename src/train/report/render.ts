import { percent } from '../regime-words.ts';
import type { TuneResult } from '../result.ts';
import { candidates } from './candidates.ts';
import { classesSection, confusionSection, sideBySideClasses } from './confusion.ts';
import { header } from './header.ts';
import { learningCurve } from './learning-curve.ts';
import { html, type Markup } from './markup.ts';
import { mistakesSection, skippedSection } from './mistakes.ts';
import { page } from './page.ts';
import { planSection } from './plan-section.ts';
import type { ReportData } from './report-data.ts';
import { usageSection } from './usage.ts';

/**
 * The report of a run as one HTML document. Names of classes and files are escaped.
 */
export function renderReport(data: ReportData): string {
  const { result } = data;
  const body = html`${header(result)}
${planSection(data)}
${learningCurve(result)}
${candidates(result)}
${pairOrColumn(result)}
${mistakesSection(data.mistakes)}
${skippedSection(result)}
${usageSection(result)}
<footer>Made by nasoa ${result.versions.nasoa ?? ''} on ${result.finishedAt.slice(0, 10)}. Shares are of the validation images; nothing of this page leaves your machine.</footer>`;
  return page(`${result.dataset}: ${percent(result.accuracy)}`, body, { pictures: true });
}

/** A matrix of few classes leaves room for the recall beside it; a wider one takes the whole page. */
function pairOrColumn(result: TuneResult): Markup {
  const sections = [confusionSection(result), classesSection(result)];
  return result.classes <= sideBySideClasses ? html`<div class="pair">${sections}</div>` : html`${sections}`;
}
