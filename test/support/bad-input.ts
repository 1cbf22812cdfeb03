import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { type DatasetOptions, openDataset } from '../../src/train/dataset.ts';
import { aFolder, writeFiles } from './image-files.ts';

export type Files = Parameters<typeof writeFiles>[1];
export interface Prepared {
  readonly path: string;
  readonly options?: Partial<DatasetOptions>;
}
export type Prepare = (folder: string) => Promise<Prepared>;
/** A sentence, what it makes in a folder, and what the refusal must say. */
export type BadData = readonly [string, Prepare, RegExp];

export const folderOf =
  (files: Files, options: Partial<DatasetOptions> = {}): Prepare =>
  async (folder) => {
    const path = join(folder, 'images');
    await mkdir(path);
    await writeFiles(path, files);
    return { path, options };
  };

export const fileOf =
  (name: string, content: Uint8Array | (() => Promise<Uint8Array>), options: Partial<DatasetOptions> = {}): Prepare =>
  async (folder) => {
    const path = join(folder, name);
    await writeFile(path, typeof content === 'function' ? await content() : content);
    return { path, options };
  };

/** The InputError that `action` ends with; anything else is a failure. */
export async function refusalOf(action: () => unknown): Promise<InputError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('expected an InputError, and nothing was thrown');
}

/** One sentence that says what and where, and a remedy. */
export function expectClear(error: InputError, message: RegExp): void {
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('\n');
  expect(error.message).toMatch(/\.$/);
  expect(error.remedy).toMatch(/^[\p{Lu}`"].{10,}/u);
}

/** Every path below a folder with what is in it, so that whatever was written or changed shows. */
export async function listing(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const content = entry.isFile()
      ? createHash('sha1')
          .update(await readFile(path))
          .digest('hex')
      : '';
    return `${path} ${content}`;
  });
  return (await Promise.all(lines)).sort();
}

/** Opens what was prepared; it must be refused clearly and leave nothing behind. */
export async function expectRefused(prepare: Prepare, message: RegExp): Promise<void> {
  await using folder = await aFolder();
  const scratch = join(folder.path, 'scratch');
  await mkdir(scratch);
  const { path, options } = await prepare(folder.path);
  const before = await listing(folder.path);
  expectClear(await refusalOf(() => openDataset(path, { seed: 1, scratch, ...options })), message);
  expect(await listing(folder.path)).toEqual(before);
}
