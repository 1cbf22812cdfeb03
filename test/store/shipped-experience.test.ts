import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mergeExperience, readShippedExperience } from '../../src/store/shipped-experience.ts';
import { anExperience } from '../planner/builders.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-shipped-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const two = [anExperience({ id: 'a' }), anExperience({ id: 'b' })];
const lines = `${two.map((e) => JSON.stringify(e)).join('\n')}\n`;

describe('readShippedExperience', () => {
  test.each([
    ['plain.jsonl', Buffer.from(lines), two],
    ['packed.jsonl.gz', gzipSync(lines), two],
    ['empty.jsonl', Buffer.from(''), []],
  ])('%s', async (name, bytes, wanted) => {
    await writeFile(join(folder, name), bytes);
    expect(await readShippedExperience(join(folder, name))).toEqual(wanted);
  });

  test('a zoo without experience has none', async () => {
    expect(await readShippedExperience(join(folder, 'missing.jsonl'))).toEqual([]);
  });

  test.each([
    ['cut.jsonl.gz', gzipSync(lines).subarray(0, 60), 'cannot be unpacked'],
    ['bomb.jsonl.gz', gzipSync(Buffer.alloc(80 * 2 ** 20)), 'cannot be unpacked'],
    ['cut.jsonl', Buffer.from(lines.slice(0, -20)), 'line 2: the line is not JSON'],
  ])('%s is an error that says what is wrong', async (name, bytes, message) => {
    await writeFile(join(folder, name), bytes);
    await expect(readShippedExperience(join(folder, name))).rejects.toThrow(message);
  });
});

describe('mergeExperience', () => {
  test("keeps each run once, the user's record first, in the order of time", () => {
    const late = anExperience({ id: 'a', accuracy: 0.9, finishedAt: '2026-03-01T00:00:00Z' });
    const early = anExperience({ id: 'c', finishedAt: '2025-01-01T00:00:00+01:00' });
    expect(mergeExperience(two, [late, early])).toEqual([early, two[1], late]);
  });
});
