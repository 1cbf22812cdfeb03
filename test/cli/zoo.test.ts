import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCli } from '../support/run-cli.ts';
import { sharedPath } from '../support/shared.ts';

const encoding = '606-_16_2-1-2';
const golden = sharedPath('golden', encoding);
const testWithGolden = golden === undefined ? test.skip : test;
if (golden === undefined) console.warn('no golden outputs beside the checkout: import and verify are not tested');
const weights = join(golden ?? '', 'weights.safetensors');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nasoa-zoo-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const zoo = (...args: string[]) => runCli(['zoo', ...args], { env: { NASOA_DATA_DIR: join(folder, 'data') } });

testWithGolden('imported weights are listed and shown', async () => {
  const mine = join(folder, 'mine');
  const imported = await zoo(
    'import',
    encoding,
    weights,
    '--name',
    'tiny',
    '--size',
    '64',
    '--accuracy',
    '41%',
    '--zoo',
    mine,
    '--json',
  );
  expect({ code: imported.code, stderr: imported.stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(imported.stdout)).toMatchObject({ name: 'tiny', encoding, classes: 10, accuracy: 0.41, stages: 4 });

  const listed = await zoo('list', '--zoo', mine);
  expect(listed.stdout).toMatch(/tiny +606-_16_2-1-2 .* 41\.0 %/);
  expect(JSON.parse((await zoo('show', 'tiny', '--zoo', mine, '--json')).stdout)).toMatchObject({ name: 'tiny' });

  const twice = await zoo('import', encoding, weights, '--name', 'tiny', '--zoo', mine);
  expect(twice.code).toBe(2);
  expect(twice.stderr).toContain('already has a member "tiny"');
  expect((await zoo('show', 'huge', '--zoo', mine)).stderr).toMatch(/no member "huge".*\n.*tiny/);
});

testWithGolden('foreign weights are refused and leave nothing behind', async () => {
  const { code, stderr } = await zoo('import', '606-_16_2-1-1', weights, '--zoo', join(folder, 'other'));
  expect(code).toBe(2);
  expect(stderr).toMatch(/of shape \[16,32,1,1\] where \[8,32,1,1\]/);
  expect(readdirSync(folder)).not.toContain('other');
});

testWithGolden('verify agrees with the reference and exits with 1 beyond the tolerance', async () => {
  const files = ['--weights', weights, '--reference', join(golden ?? '', 'forward.safetensors')];
  const within = await zoo('verify', encoding, ...files, '--json');
  expect(within.code).toBe(0);
  expect(JSON.parse(within.stdout)).toMatchObject({ holds: true, differences: [{ name: 'logits', holds: true }] });
  const beyond = await zoo('verify', encoding, ...files, '--tolerance', '1e-12');
  expect(beyond.code).toBe(1);
  expect(beyond.stdout).toContain('BEYOND');
});
