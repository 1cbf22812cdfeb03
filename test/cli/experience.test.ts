import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Experience } from '../../src/planner/types.ts';
import { aRegime } from '../support/report-data.ts';
import { runCli } from '../support/run-cli.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nasoa-experience-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) =>
  runCli(['experience', ...args], { cwd: folder, env: { NASOA_DATA_DIR: join(folder, 'data') } });

const aRun = (id: string, dataset: string): Experience => ({
  id,
  finishedAt: '2026-03-14T09:26:53.000Z',
  dataset,
  features: {
    images: 800,
    classes: 10,
    imagesPerClassMean: 80,
    imagesPerClassDeviation: 4,
    resolution: 72,
    colourShare: 1,
    pixelMean: 0.5,
    pixelDeviation: 0.3,
    separability: 0.4,
    nearestMeanAccuracy: 0.5,
  },
  member: { name: 'small', encoding: '0-_8_1', parametersM: 0.1, macsM: 4, nativeSize: 64, accuracy: 0.5, stages: 2 },
  regime: aRegime(),
  budgetSeconds: 60,
  accuracy: 0.83,
  activeSeconds: 58.2,
  curve: [{ seconds: 30, accuracy: 0.7 }],
});

test('runs go out of one machine and into another, each once', async () => {
  const lines = [aRun('a', 'pets'), aRun('b', 'plants')].map((e) => JSON.stringify(e));
  writeFileSync(join(folder, 'in.jsonl'), [...lines, 'no json', ''].join('\n'));

  const first = await run('import', 'in.jsonl', '--json');
  expect(first.code).toBe(2);
  expect(JSON.parse(first.stdout)).toMatchObject({ added: 2, duplicates: 0, refused: [{ line: 3 }] });
  const again = await run('import', 'in.jsonl');
  expect(again.stdout).toMatch(/0 runs added, 2 were known already\.\nrefused: line 3/);

  const listed = await run('list', '--own', '--dataset', 'pets', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject({ runs: [{ id: 'a', dataset: 'pets', source: 'own' }] });

  const exported = await run('export', 'out.jsonl');
  expect(exported).toMatchObject({ code: 0, stdout: '2 runs written to out.jsonl\n' });
  expect(
    readFileSync(join(folder, 'out.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id)
      .sort(),
  ).toEqual(['a', 'b']);
}, 120_000);
