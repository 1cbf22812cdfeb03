/**
 * Real colour pictures for the demonstration: emoji of two vendors from npm, one folder per category.
 * Every picture of one subject (vendors, genders) is on the same side of the split, so that nothing leaks into validation.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../src/lib/atomic-file.ts';
import { RunError } from '../src/lib/errors.ts';
import { withLock } from './file-lock.ts';
import { findTool, lastLines, run } from './tool.ts';

const vendors = ['google', 'twitter'] as const;
const imageSide = 64;
const validationShare = 0.2;
/** A category with fewer emoji than that (skin tones as such) makes no class. */
const smallestCategory = 20;
/** Raise it when the folder is laid out in another way. */
const layoutVersion = 1;

/** What is read of an entry of `emoji.json`. */
export interface Emoji {
  /** Code points in hexadecimal, joined by dashes. */
  readonly unified: string;
  readonly short_name: string;
  readonly category: string;
  /** File name of the picture, the same for every vendor. */
  readonly image: string;
}

export interface Picture {
  readonly side: 'train' | 'val';
  readonly className: string;
  readonly emoji: Emoji;
}

/** What an emoji shows, whoever shows it: a woman, a man and a person who cook are one subject. */
export function subjectOf({ unified }: Pick<Emoji, 'unified'>): string {
  const people = ['1F468', '1F469', '1F9D1', '1F466', '1F467', '1F9D2'];
  const marks = ['200D', 'FE0F', '2640', '2642', '2B1B'];
  const rest = unified.split('-').filter((point) => !people.includes(point) && !marks.includes(point));
  // what is left of people and families is nothing; of the signs for genders, their own code point
  return rest.length > 0 ? rest.join('-') : marks.includes(unified.split('-')[0] ?? '') ? unified : 'people';
}

/** Side and class of each emoji that has a class: of each class a fifth of the subjects, chosen by hash, validates. */
export function layOut(emoji: readonly Emoji[]): readonly Picture[] {
  const byCategory = Map.groupBy(emoji, ({ category }) => category);
  const kept = emoji.filter(({ category }) => (byCategory.get(category)?.length ?? 0) >= smallestCategory);
  const sides = chooseSides(kept);
  return kept.map((one) => ({ side: sides.get(subjectOf(one)) ?? 'train', className: one.category, emoji: one }));
}

/** The side of each subject. A subject that occurs in several categories counts for its first. */
function chooseSides(emoji: readonly Emoji[]): ReadonlyMap<string, Picture['side']> {
  const categoryOf = new Map<string, string>();
  for (const one of emoji) if (!categoryOf.has(subjectOf(one))) categoryOf.set(subjectOf(one), one.category);
  const sides = new Map<string, Picture['side']>();
  for (const subjects of Map.groupBy(categoryOf.keys(), (subject) => categoryOf.get(subject)).values()) {
    const shuffled = subjects.sort((a, b) => hashOf(a).localeCompare(hashOf(b)));
    const validating = Math.round(shuffled.length * validationShare);
    for (const [i, subject] of shuffled.entries()) sides.set(subject, i < validating ? 'val' : 'train');
  }
  return sides;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface Fetching {
  /** Folder of package.json and package-lock.json that pin the pictures. */
  readonly example: string;
  /** Gets the folder `emoji`. */
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/** The folder of pictures, fetched and laid out once. */
export async function emojiFolder(fetching: Fetching): Promise<string> {
  const { example, cache, env, log } = fetching;
  const [folder, stamp] = [join(cache, 'emoji'), join(cache, 'emoji.stamp')];
  const lock = readFileSync(join(example, 'package-lock.json'), 'utf8');
  const wanted = hashOf(`layout ${layoutVersion} of ${lock}`);
  const isDone = () => existsSync(folder) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isDone()) return folder;
  const onWait = () => log('waiting for another process that fetches the pictures');
  await withLock(join(cache, 'emoji.lock'), env, onWait, async () => {
    if (isDone()) return;
    const part = join(cache, `.part-${randomUUID().slice(0, 8)}`);
    try {
      log(`fetching the emoji pictures of ${vendors.join(' and ')} (136 MB, once)`);
      const packages = await install(part, fetching);
      const count = await copyPictures(packages, join(part, 'emoji'));
      await rm(folder, { recursive: true, force: true });
      await rename(join(part, 'emoji'), folder);
      await writeFileAtomic(stamp, wanted);
      log(`${count} pictures in ${folder}`);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  });
  return folder;
}

/** Installs the packages of the pictures into `part`; the folder of packages. */
async function install(part: string, { example, env }: Fetching): Promise<string> {
  await mkdir(part, { recursive: true });
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    await copyFile(join(example, name), join(part, name));
  }
  const npm = await run(findTool('npm', env), ['ci', '--no-progress'], {
    cwd: part,
    env,
  });
  if (npm.code !== 0) {
    throw new RunError(
      `npm could not install the pictures:\n${lastLines(npm.stderr, 4)}`,
      'Check the network and the registry that npm uses, then run this again.',
    );
  }
  return join(part, 'node_modules');
}

async function copyPictures(packages: string, to: string): Promise<number> {
  const index = await readFile(join(packages, `emoji-datasource-${vendors[0]}`, 'emoji.json'), 'utf8');
  let count = 0;
  for (const { side, className, emoji } of layOut(JSON.parse(index) as Emoji[])) {
    const target = join(to, side, className);
    await mkdir(target, { recursive: true });
    for (const vendor of vendors) {
      const folder = join(packages, `emoji-datasource-${vendor}`, 'img', vendor, String(imageSide));
      const picture = join(folder, emoji.image);
      // a vendor lacks the newest few
      if (!existsSync(picture)) continue;
      await copyFile(picture, join(target, `${emoji.short_name}-${vendor}.png`));
      count++;
    }
  }
  return count;
}
