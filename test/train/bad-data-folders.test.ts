import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openDataset } from '../../src/train/dataset.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { decodeSample } from '../../src/train/sample.ts';
import { type BadData, expectRefused, type Files, fileOf, folderOf, refusalOf } from '../support/bad-input.ts';
import { aFolder, anImage, imagesOf, writeFiles } from '../support/image-files.ts';

const two = imagesOf(['cats', 'dogs'], 3);
const asTrain = imagesOf(['cats', 'dogs'], 3, 'train/');

const folders: readonly BadData[] = [
  ['a path that is not there', async (folder) => ({ path: join(folder, 'nowhere') }), /no data set at .*nowhere/],
  ['a single picture', fileOf('cat.png', () => anImage(1)), /cat\.png is no data set/],
  ['a text file', fileOf('notes.txt', Buffer.from('cats')), /notes\.txt is no data set/],
  ['an empty archive file', fileOf('a.zip', Buffer.alloc(0)), /a\.zip is empty/],
  [
    'a pipe',
    async (folder) => {
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      return { path: join(folder, 'pipe') };
    },
    /neither a folder nor a file/,
  ],
  ['an empty folder', folderOf({}), /has no images/],
  ['only hidden files', folderOf({ '.git/config': 'x', '.DS_Store': 'x', '__MACOSX/a/._1.png': 'x' }), /has no images/],
  ['pictures without class folders', folderOf({ '1.png': 1, '2.png': 2 }), /has images, but no class folders/],
  ['class folders without pictures', folderOf({ 'cats/a.txt': 'x', 'dogs/b.txt': 'x' }), /has no images/],
  ['one empty class', folderOf({ ...two, 'birds/.keep': '' }), /no image of the class birds/],
  ['a class of notes', folderOf({ ...two, 'birds/list.csv': '1' }), /no image of the class birds/],
  ['one class only', folderOf(imagesOf(['cats'], 4)), /only one class \(cats\)/],
  ['one class to train', folderOf(imagesOf(['cats'], 4, 'train/')), /only one class/],
  ['one class in a name of another script', folderOf(imagesOf(['猫 的图'], 4)), /only one class \(猫 的图\)/],
  [
    'val without train',
    folderOf({ ...imagesOf(['a', 'b'], 2, 'val/'), ...imagesOf(['a', 'b'], 2, 'test/') }),
    /no folder train/,
  ],
  [
    'a val class that is not trained',
    folderOf({ ...asTrain, ...imagesOf(['cats', 'birds'], 1, 'val/', 50) }),
    /val has the class birds, which is not among the training classes \(cats, dogs\)/,
  ],
  [
    'a val class in other case',
    folderOf({ ...asTrain, ...imagesOf(['Cats', 'dogs'], 1, 'val/', 50) }),
    /val has the class Cats/,
  ],
  [
    'a val without pictures',
    folderOf({ ...asTrain, 'val/cats/.keep': '', 'val/dogs/a.txt': 'x' }),
    /val has no images/,
  ],
  [
    'a class with val pictures only',
    folderOf({ ...asTrain, 'train/birds/.keep': '', ...imagesOf(['birds'], 2, 'val/', 50) }),
    /train has no image of the class birds/,
  ],
  ['one picture a class', folderOf(imagesOf(['cats', 'dogs'], 1)), /a single image in each class/],
  [
    'val pictures that are all trained on',
    folderOf({ ...asTrain, 'val/cats/same.png': 1, 'val/dogs/same.png': 4 }),
    /All 2 validation images .* are also training images/,
  ],
  ['a validation share of 0', folderOf(two, { valShare: 0 }), /share of validation images is 0/],
  ['a validation share of 1', folderOf(two, { valShare: 1 }), /share of validation images is 1/],
  ['a validation share that is no number', folderOf(two, { valShare: Number.NaN }), /NaN/],
  ['a damaged share above 1', folderOf(two, { maxDamagedShare: 2 }), /share of damaged images is 2/],
];

describe('a data set is refused with one sentence and a remedy', () => {
  test.each(folders)('%s', async (_name, prepare, message) => {
    await expectRefused(prepare, message);
  });
});

describe('damage that decoding finds is refused', () => {
  const junk = Buffer.from('no picture at all');
  const damage: readonly (readonly [string, Files, number, RegExp])[] = [
    [
      'more than the allowed share',
      { ...two, 'cats/x.jpg': junk, 'dogs/y.png': junk },
      0.2,
      /2 of 8 images .* are unusable, for instance cats\/x\.jpg: not an image/,
    ],
    [
      'a class with none left',
      { ...imagesOf(['cats', 'dogs'], 6), 'birds/1.png': junk, 'birds/2.png': junk },
      0.5,
      /left of the class birds/,
    ],
    [
      'a validation split with none left',
      { ...asTrain, 'val/cats/1.png': junk, 'val/dogs/1.png': junk },
      0.5,
      /No usable validation image/,
    ],
  ];
  test.each(damage)('%s', async (_name, files, maxDamagedShare, message) => {
    await using folder = await aFolder();
    await writeFiles(folder.path, files);
    const scratch = join(folder.path, '.scratch');
    await using dataset = disposable(await openDataset(folder.path, { seed: 1, scratch, maxDamagedShare }));
    const error = await refusalOf(() => decodeAll(dataset.value, { side: 8, workers: 1, scratch, bytesBound: 0 }));
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
    expect(await readdir(scratch)).toEqual([]);
  });

  test('a sample without a single picture', async () => {
    await using folder = await aFolder();
    await writeFiles(folder.path, { 'a/1.png': junk, 'a/2.png': 'x', 'b/1.jpg': 'y', 'b/2.jpg': 'z' });
    const dataset = await openDataset(folder.path, { seed: 1, scratch: folder.path });
    const error = await refusalOf(() => decodeSample(dataset, { side: 8, count: 4, seed: 1, workers: 1 }));
    expect(error.message).toMatch(/None of 2 sampled images .* can be decoded/);
  });
});

function disposable<T extends { close(): Promise<void> }>(
  value: T,
): { value: T; [Symbol.asyncDispose](): Promise<void> } {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
