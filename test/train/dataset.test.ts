import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type Dataset, type DatasetOptions, openDataset } from '../../src/train/dataset.ts';
import { tarOf, zipOf } from '../support/archives.ts';
import { aFolder, anImage, imagesOf, writeFiles } from '../support/image-files.ts';
import { sharedPath } from '../support/shared.ts';

type Files = Parameters<typeof writeFiles>[1];

async function opened<T>(
  files: Files,
  look: (dataset: Dataset, folder: string) => Promise<T> | T,
  options: Partial<DatasetOptions> = {},
): Promise<T> {
  await using folder = await aFolder();
  const path = join(folder.path, 'pictures');
  await mkdir(path);
  await writeFiles(path, files);
  const dataset = await openDataset(path, { seed: 1, scratch: join(folder.path, 'scratch'), ...options });
  try {
    return await look(dataset, path);
  } finally {
    await dataset.close();
  }
}

const counts = ({ classes, train, val }: Dataset): { classes: readonly string[]; train: number[]; val: number[] } => ({
  classes,
  train: classes.map((_name, label) => train.filter((item) => item.label === label).length),
  val: classes.map((_name, label) => val.filter((item) => item.label === label).length),
});

const two = { ...imagesOf(['cats', 'dogs'], 4, 'train/'), ...imagesOf(['cats', 'dogs'], 2, 'val/', 50) };
const asGiven = { classes: ['cats', 'dogs'], train: [4, 4], val: [2, 2] };
const asSplit = { classes: ['cats', 'dogs'], train: [8, 8], val: [2, 2] };

describe('layouts', () => {
  const inTop = (top: string, files: Files): Files =>
    Object.fromEntries(Object.entries(files).map(([name, content]) => [`${top}/${name}`, content]));
  const renamed = (from: string, to: string): Files =>
    Object.fromEntries(Object.entries(two).map(([name, content]) => [name.replace(from, to), content]));
  const cases: readonly (readonly [string, Files, ReturnType<typeof counts>])[] = [
    ['a folder per class', imagesOf(['cats', 'dogs'], 10), asSplit],
    ['train and val', two, asGiven],
    ['train and test', renamed('val/', 'test/'), asGiven],
    ['Train and Validation', renamed('val/', 'Validation/'), asGiven],
    ['train alone', imagesOf(['cats', 'dogs'], 10, 'train/'), asSplit],
    ['one folder around it', inTop('my pets', two), asGiven],
    ['two folders around it, with a read-me', { 'README.md': 'x', ...inTop('a/b', two) }, asGiven],
    [
      'folders within classes',
      { ...imagesOf(['cats', 'dogs'], 5, '', 1), ...imagesOf(['cats/sleeping', 'dogs/2024/may'], 5, '', 70) },
      asSplit,
    ],
    [
      'a class that is called train',
      imagesOf(['bus', 'train'], 5),
      { classes: ['bus', 'train'], train: [4, 4], val: [1, 1] },
    ],
    [
      'names with spaces and of other scripts',
      imagesOf(['chat noir', 'собака', '猫'], 5),
      { classes: ['chat noir', 'собака', '猫'], train: [4, 4, 4], val: [1, 1, 1] },
    ],
    [
      'classes in the order of code points',
      imagesOf(['😀', '\uff5e', 'b', 'A'], 2),
      { classes: ['A', 'b', '\uff5e', '😀'], train: [1, 1, 1, 1], val: [1, 1, 1, 1] },
    ],
    [
      'a class in two Unicode forms',
      { ...imagesOf(['caf\u00e9', 'bar'], 4, 'train/'), ...imagesOf(['cafe\u0301', 'bar'], 2, 'val/', 60) },
      { classes: ['bar', 'caf\u00e9'], train: [4, 4], val: [2, 2] },
    ],
    [
      'pictures without or with odd endings',
      { 'a/one': 1, 'a/two.dat': 2, 'b/three.JPG': 3, 'b/four.jpeg.png': 4 },
      { classes: ['a', 'b'], train: [1, 1], val: [1, 1] },
    ],
  ];
  test.each(cases)('%s', async (_name, files, want) => {
    expect(await opened(files, counts)).toEqual(want);
  });

  test('a test folder beside train and val is named, not used', async () => {
    const { warnings, ...rest } = await opened({ ...two, ...imagesOf(['cats'], 2, 'test/', 90) }, (d) => ({
      ...counts(d),
      warnings: d.warnings,
    }));
    expect(rest).toEqual(asGiven);
    expect(warnings).toEqual(['Beside train and val, the folders test are not used.']);
  });

  test('files that are no pictures are listed, hidden ones are not', async () => {
    const files = {
      ...two,
      'labels.csv': 'x',
      'train/cats/notes.txt': 'x',
      'train/cats/.DS_Store': 'x',
      'train/loose.png': 80,
      'val/cats/a.json': '{}',
    };
    expect(await opened(files, (d) => d.skipped)).toEqual([
      { path: 'train/loose.png', reason: 'in no class folder' },
      { path: 'train/cats/notes.txt', reason: 'not an image' },
      { path: 'val/cats/a.json', reason: 'not an image' },
    ]);
  });

  test('links in a folder are followed, but never in a circle', async () => {
    await using folder = await aFolder();
    await writeFiles(folder.path, { ...imagesOf(['elsewhere'], 5), ...imagesOf(['dogs'], 5, 'set/', 20) });
    await symlink(join(folder.path, 'elsewhere'), join(folder.path, 'set/cats'));
    await symlink('..', join(folder.path, 'set/dogs/circle'));
    await symlink('nowhere.png', join(folder.path, 'set/dogs/broken.png'));
    const dataset = await openDataset(join(folder.path, 'set'), { seed: 1, scratch: folder.path });
    expect(counts(dataset)).toEqual({ classes: ['cats', 'dogs'], train: [4, 4], val: [1, 1] });
    expect(dataset.skipped.map((s) => s.reason)).toEqual(['a link to nothing', 'a link to a folder above it']);
  });
});

describe('archives', () => {
  const entries = async (top = ''): Promise<{ name: string; content: Buffer }[]> =>
    Promise.all(
      Object.entries(two).map(async ([name, seed]) => ({ name: `${top}${name}`, content: await anImage(seed) })),
    );
  const clutter = [
    { name: '__MACOSX/train/cats/._0.png', content: Buffer.from('x') },
    { name: 'pets/.DS_Store', content: Buffer.from('x') },
  ];
  const cases: readonly (readonly [string, string, () => Promise<Buffer>])[] = [
    ['a tar', 'pets.tar', async () => tarOf(await entries())],
    ['a tar.gz in one folder', 'pets.tar.gz', async () => gzipSync(tarOf(await entries('./pets/')))],
    [
      'a tgz with folders and clutter',
      'pets.TGZ',
      async () => gzipSync(tarOf([{ name: 'pets/', type: '5' }, ...(await entries('pets/')), ...clutter])),
    ],
    ['a zip', 'pets.zip', async () => zipOf(await entries())],
    [
      'a zip as macOS makes it',
      'pets.zip',
      async () => zipOf([{ name: 'pets/', mode: 0o40755 }, ...(await entries('pets/')), ...clutter]),
    ],
    [
      'a zip with stored files',
      'pets.zip',
      async () => zipOf((await entries()).map((entry) => ({ ...entry, method: 0 }))),
    ],
  ];
  test.each(cases)('%s', async (_name, file, build) => {
    await using folder = await aFolder();
    await writeFile(join(folder.path, file), await build());
    const scratch = join(folder.path, 'scratch');
    const dataset = await openDataset(join(folder.path, file), { seed: 1, scratch });
    expect(counts(dataset)).toEqual(asGiven);
    expect(dataset.name).toBe('pets');
    expect(dataset.skipped).toEqual([]);
    await dataset.close();
    expect(await readdir(scratch)).toEqual([]);
  });

  test('names in UTF-8 that the zip does not declare as such', async () => {
    await using folder = await aFolder();
    const content = async (seed: number): Promise<Buffer> => anImage(seed);
    const names = ['кошки/1.png', 'кошки/2.png', '犬/1.png', '犬/2.png'];
    const files = await Promise.all(names.map(async (name, i) => ({ name, content: await content(i), flags: 0 })));
    await writeFile(join(folder.path, 'a.zip'), zipOf(files));
    const dataset = await openDataset(join(folder.path, 'a.zip'), { seed: 1, scratch: folder.path });
    expect(dataset.classes).toEqual(['кошки', '犬']);
    await dataset.close();
  });

  test('an aborted unpacking leaves nothing', async () => {
    await using folder = await aFolder();
    await writeFile(join(folder.path, 'a.tar'), tarOf(await entries()));
    const scratch = join(folder.path, 'scratch');
    const open = openDataset(join(folder.path, 'a.tar'), {
      seed: 1,
      scratch,
      signal: AbortSignal.abort(new Error('stop')),
    });
    await expect(open).rejects.toThrow('stop');
    expect(await readdir(scratch)).toEqual([]);
  });
});

describe('the split', () => {
  const names = (dataset: Dataset): string[] => dataset.val.map((item) => basename(item.path));

  test('is equal for equal seeds and differs for others', async () => {
    const files = imagesOf(['cats', 'dogs'], 20);
    const first = await opened(files, names, { seed: 1 });
    expect(await opened(files, names, { seed: 1 })).toEqual(first);
    expect(await opened(files, names, { seed: 2 })).not.toEqual(first);
  });

  test('gives each class its share, at least one and never all', async () => {
    const files = { ...imagesOf(['few'], 2), ...imagesOf(['many'], 20, '', 30) };
    expect(await opened(files, counts, { valShare: 0.1 })).toEqual({
      classes: ['few', 'many'],
      train: [1, 18],
      val: [1, 2],
    });
    expect(await opened(files, counts, { valShare: 0.99 })).toEqual({
      classes: ['few', 'many'],
      train: [1, 1],
      val: [1, 19],
    });
  });

  test('keeps the only image of a class for training and says so', async () => {
    const found = await opened({ ...imagesOf(['cats', 'dogs'], 5), 'rare/only.png': 99 }, (d) => ({
      ...counts(d),
      warnings: d.warnings,
    }));
    expect(found).toMatchObject({ train: [4, 4, 1], val: [1, 1, 0] });
    expect(found.warnings).toEqual(['There is no validation image of rare: the accuracy says nothing about it.']);
  });

  test('takes images out of validation whose bytes are trained on, under any name or class', async () => {
    const files = { ...two, 'val/cats/copy.png': 1, 'val/dogs/other label.png': 2, 'train/cats/twin of 1.png': 1 };
    const found = await opened(files, (d) => ({ ...counts(d), skipped: d.skipped, warnings: d.warnings }));
    expect(found).toMatchObject({ train: [5, 4], val: [2, 2] });
    expect(found.skipped).toEqual([
      { path: 'val/cats/copy.png', reason: 'the same image is in the training split' },
      { path: 'val/dogs/other label.png', reason: 'the same image is in the training split' },
    ]);
    expect(found.warnings).toEqual(['2 validation images are left out because they are also training images.']);
  });
});

const cifar = sharedPath('datasets', 'cifar-10-subset.tar.gz');
(cifar ? test : test.skip)('a real data set of six thousand images opens', async () => {
  await using folder = await aFolder();
  const dataset = await openDataset(cifar ?? '', { seed: 1, scratch: folder.path });
  expect(dataset.classes).toHaveLength(10);
  expect([dataset.train.length, dataset.val.length + dataset.skipped.length]).toEqual([5000, 1000]);
  await dataset.close();
  expect(await readdir(folder.path)).toEqual([]);
});
