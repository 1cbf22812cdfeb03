import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeHtml, html } from '../../src/train/report/markup.ts';
import { renderReport } from '../../src/train/report/render.ts';
import { aPlan, aReportData, aTuneResult } from '../support/report-data.ts';

const names = (n: number): string[] => Array.from({ length: n }, (_, i) => `class ${i}`);

describe('markup', () => {
  test('whatever is put in, no tag and no attribute begins or ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']/);
        expect(html`<b title="${text}">${[text]}</b>`.text.match(/[<>"]/g)).toHaveLength(6);
      }),
    );
  });

  test('letters of any script stay as they are, characters that reorder text do not', () => {
    expect(escapeHtml('日本 наклейка 👩‍🚀 & é')).toBe('日本 наклейка 👩‍🚀 &amp; é');
    expect(escapeHtml('exe\u202egnp\u0000')).toBe('exe\ufffdgnp\ufffd');
  });
});

describe('report', () => {
  test('names out of the data set are text and nothing else', () => {
    const attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
    const plan = aPlan({ member: attack });
    const base = aTuneResult({}, [attack, 'b', 'c']);
    const result = {
      ...base,
      dataset: attack,
      plan,
      skippedFiles: [{ file: attack, reason: attack }],
      versions: { [attack]: attack },
    };
    const data = aReportData({ result });
    const page = renderReport({
      ...data,
      mistakes: [...data.mistakes, { ...data.mistakes[0], thumbnail: `${attack}` } as never],
    });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img src=x');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('pictures come in as data or not at all', () => {
    const data = aReportData();
    const [first] = data.mistakes;
    const of = (thumbnail: string) => renderReport({ ...data, mistakes: first ? [{ ...first, thumbnail }] : [] });
    expect(of(first?.thumbnail ?? '')).toContain('<img src="data:image/png;base64,');
    for (const uri of [
      'https://example.org/x.png',
      'data:image/svg+xml;base64,AAAA',
      'data:text/html;base64,AAAA',
      'javascript:1',
    ]) {
      expect(of(uri)).not.toContain('<img');
    }
  });

  test('nothing is loaded from elsewhere and no script may run', () => {
    const page = renderReport(aReportData());
    expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    expect(page).not.toMatch(/(?:src|href)="(?!data:)|url\(|@import|<link|<script|https?:/);
  });

  test.each([
    ['the accuracy reached', '87<small>.5 %'],
    ['the verdict on the prediction', 'Within the 80 % interval predicted before training'],
    ['the time used of the budget', '98 % of 2m'],
    ['the regime in words', 'Train all but the first 2 stages of 11 at 64 px for 1,240 steps'],
    ['the runners-up', '<td class="n">6</td><td class="name">tiny-swift</td>'],
    ['the learning curve', 'Validation accuracy over time, ending at 87.5 %'],
    ['the candidates', '4,608 were weighed'],
    ['a confusion', 'title="Flags taken for Smileys &amp; Emotion: 6 of 47"'],
    ['recall by class', 'the hardest class first'],
    ['a mistake', 'alt="Smileys &amp; Emotion, taken for'],
    ['a skipped file', 'Flags/наклейка 🇺🇦.webp'],
    ['how to predict', 'nasoa predict model photo.jpg'],
    ['how to serve', 'tensorflow/serving'],
    ['the versions', '<dt>tensorflow</dt><dd>2.21.0</dd>'],
  ])('shows %s', (_name, words) => {
    expect(renderReport(aReportData())).toContain(words);
  });

  test.each([
    ['one image a class, all wrong', aTuneResult({ accuracy: 0, macroF1: 0, curve: [], phases: [] }, ['a', 'b'])],
    ['a perfect result', aTuneResult({ accuracy: 1, macroF1: 1, skipped: 0, skippedFiles: [] })],
    ['no candidates kept', aTuneResult({ plan: aPlan({ cloud: [], runnersUp: [] }) })],
    ['a curve of one point', aTuneResult({ curve: [{ seconds: 2, step: 1, accuracy: 0.5 }] })],
    ['a budget of a second', aTuneResult({ budgetSeconds: 1, activeSeconds: 0.4, curve: [] })],
    [
      'classes without validation images',
      {
        ...aTuneResult({}, ['a', 'b']),
        confusion: [
          [0, 0],
          [0, 0],
        ],
      },
    ],
    [
      'an accuracy that is no number',
      aTuneResult({ curve: [{ seconds: 2, step: 1, accuracy: Number.NaN, trainingLoss: Number.NaN }] }),
    ],
  ])('draws %s without a hole', (_name, result) => {
    const page = renderReport(aReportData({ result }));
    expect(page.replace(/<details>.*?<\/details>/gs, '')).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('stays small with a thousand classes and tens of thousands of skipped files', () => {
    const skippedFiles = Array.from({ length: 20_000 }, (_, i) => ({ file: `file-${i}.png`, reason: 'damaged' }));
    const page = renderReport(aReportData({ result: aTuneResult({ skipped: 20_000, skippedFiles }, names(1000)) }));
    expect(page.length).toBeLessThan(1_500_000);
    expect(page).toContain('and 19,900 more');
    expect(page).toContain('The other 980 classes');
  });
});

describe('in a browser', () => {
  const chromium = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find(
    (path) => existsSync(path) && runs(path),
  );
  const testInBrowser = chromium === undefined ? test.skip : test;
  if (chromium === undefined) console.warn('no Chromium: the report is not opened in a browser');

  testInBrowser.each([360, 1280])('every section has room in a window of %i pixels', async (width) => {
    const folder = mkdtempSync(join(tmpdir(), 'nasoa-report-'));
    try {
      // the page's own policy forbids scripts: a frame around it measures
      const page = renderReport(aReportData()).replace(/<meta http-equiv[^>]*>/, '');
      const probe = `<script>addEventListener('load', () => {
        const wide = [...document.querySelectorAll('section, .tiles, h1, .bars > div')].filter((e) => e.scrollWidth > e.clientWidth + 1);
        const shown = [...document.querySelectorAll('svg')].filter((e) => e.getBoundingClientRect().width > 0);
        document.body.innerHTML = '<pre id="probe">' + JSON.stringify({
          overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth, wide: wide.map((e) => e.className || e.ariaLabel),
          pictures: shown.length, sections: document.querySelectorAll('section').length,
        }) + '</pre>';
      });</script>`;
      // the smallest window of headless Chromium is 500 pixels wide, so the page goes into a frame
      writeFileSync(join(folder, 'page.html'), page.replace('</body>', `${probe}</body>`));
      const frame = `<iframe id="f" src="page.html" width="${width}" height="3000" style="border:0"></iframe><script>addEventListener('load', () => {
        document.body.textContent = document.getElementById('f').contentDocument.getElementById('probe').textContent; });</script>`;
      writeFileSync(join(folder, 'frame.html'), frame);
      const found = JSON.parse(await dumpDom(chromium ?? '', folder, 'frame.html')) as Record<string, unknown>;
      expect(found).toEqual({ overflow: 0, wide: [], pictures: 4, sections: 9 });
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

function runs(path: string): boolean {
  try {
    execFileSync(path, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function dumpDom(chromium: string, folder: string, file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(chromium, [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--allow-file-access-from-files',
    `--user-data-dir=${join(folder, 'profile')}`,
    '--window-size=1400,3200',
    '--dump-dom',
    `file://${join(folder, file)}`,
  ]);
  return /<body>(.*)<\/body>/s.exec(stdout)?.[1] ?? '';
}
