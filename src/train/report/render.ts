import { percent } from '../regime-words.ts';
import type { TuneResult } from '../result.ts';
import { candidates } from './candidates.ts';
import { classesSection, confusionSection, sideBySideClasses } from './confusion.ts';
import { header } from './header.ts';
import { learningCurve } from './learning-curve.ts';
import { html, type Markup } from './markup.ts';
import { mistakesSection, skippedSection } from './mistakes.ts';
import { planSection } from './plan-section.ts';
import type { ReportData } from './report-data.ts';
import { style } from './style.ts';
import { usageSection } from './usage.ts';

/**
 * The report of a run as one HTML document that loads nothing: no script, no font, no picture from elsewhere.
 * Names of classes and files are escaped, and the document's own policy forbids scripts should one get through.
 */
export function renderReport(data: ReportData): string {
  const { result } = data;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${result.dataset}: ${percent(result.accuracy)} - nasoa</title>
<style>${style}</style>
</head>
<body>
<main>
${header(result)}
${planSection(data)}
${learningCurve(result)}
${candidates(result)}
${pairOrColumn(result)}
${mistakesSection(data.mistakes)}
${skippedSection(result)}
${usageSection(result)}
<footer>Made by nasoa ${result.versions.nasoa ?? ''} on ${result.finishedAt.slice(0, 10)}. Shares are of the validation images; nothing of this page leaves your machine.</footer>
</main>
</body>
</html>
`.text;
}

/** A matrix of few classes leaves room for the recall beside it; a wider one takes the whole page. */
function pairOrColumn(result: TuneResult): Markup {
  const sections = [confusionSection(result), classesSection(result)];
  return result.classes <= sideBySideClasses ? html`<div class="pair">${sections}</div>` : html`${sections}`;
}
