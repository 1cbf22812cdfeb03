import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** A folder for one test, removed afterwards: `await using folder = await aFolder()`. */
export async function aFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'nasoa-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Colours that differ in every seed, so that no two images are duplicates by accident. */
function pixelsOf(seed: number, width: number, height: number): Buffer {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = (seed * 37 + (i % 3) * 60 + Math.floor(i / 7) * (1 + (seed % 5))) % 256;
  return pixels;
}

/** A small picture as a file's content. */
export function anImage(
  seed: number,
  { width = 12, height = 10, format = 'png' as 'png' | 'jpeg' | 'webp' | 'gif' } = {},
): Promise<Buffer> {
  return sharp(pixelsOf(seed, width, height), { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** Writes files by their paths relative to `folder`; numbers are the seeds of images. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, number | string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, typeof content === 'number' ? await anImage(content) : content);
  }
}

/** Names and seeds of `count` images a class, for `writeFiles`. */
export function imagesOf(
  classes: readonly string[],
  count: number,
  prefix = '',
  firstSeed = 1,
): Record<string, number> {
  let seed = firstSeed;
  return Object.fromEntries(
    classes.flatMap((name) => Array.from({ length: count }, (_none, i) => [`${prefix}${name}/${i}.png`, seed++])),
  );
}
