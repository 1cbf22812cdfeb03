import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { type DatasetOptions, openDataset } from '../../src/train/dataset.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { decodeSample } from '../../src/train/sample.ts';
import { defaultArchiveLimits } from '../../src/train/unpack-target.ts';
import { type ArchiveEntry, tarOf, zipOf } from '../support/archives.ts';
import { aFolder, anImage, imagesOf, writeFiles } from '../support/image-files.ts';

type Files = Parameters<typeof writeFiles>[1];
type Prepared = { readonly path: string; readonly options?: Partial<DatasetOptions> };
type Prepare = (folder: string) => Promise<Prepared>;

const folderOf =
  (files: Files, options: Partial<DatasetOptions> = {}): Prepare =>
  async (folder) => {
    const path = join(folder, 'images');
    await mkdir(path);
    await writeFiles(path, files);
    return { path, options };
  };

const fileOf =
  (name: string, content: Uint8Array | (() => Promise<Uint8Array>), options: Partial<DatasetOptions> = {}): Prepare =>
  async (folder) => {
    const path = join(folder, name);
    await writeFile(path, typeof content === 'function' ? await content() : content);
    return { path, options };
  };

const good = async (): Promise<ArchiveEntry[]> =>
  Promise.all(
    Object.entries(imagesOf(['cats', 'dogs'], 2)).map(async ([name, seed]) => ({ name, content: await anImage(seed) })),
  );
const tarWith =
  (...bad: ArchiveEntry[]) =>
  async () =>
    tarOf([...(await good()), ...bad]);
const zipWith =
  (...bad: ArchiveEntry[]) =>
  async () =>
    zipOf([...(await good()), ...bad]);
const cut = (content: () => Promise<Buffer>, bytes: number) => async () => (await content()).subarray(0, -bytes);
const content = Buffer.from('x');
const zeros = Buffer.alloc(4 << 20);
const tight = { archiveLimits: { ...defaultArchiveLimits, ratioFreeBytes: 1 << 20 } };
const two = imagesOf(['cats', 'dogs'], 3);
const asTrain = imagesOf(['cats', 'dogs'], 3, 'train/');

const cases: readonly (readonly [string, Prepare, RegExp])[] = [
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

  [
    'a tar cut off in a file',
    fileOf('a.tar', cut(tarWith({ name: 'cats/z', content: zeros }), 2 << 20)),
    /a\.tar is damaged or cut off/,
  ],
  ['a tar without its end mark', fileOf('a.tar', cut(tarWith(), 1024)), /a\.tar is cut off/],
  [
    'a tar.gz cut off',
    fileOf('a.tar.gz', async () => gzipSync(await tarWith()()).subarray(0, -40)),
    /a\.tar\.gz is damaged or cut off/,
  ],
  [
    'a tar.gz with a broken byte',
    fileOf('a.tgz', async () => flip(gzipSync(await tarWith()()), 60)),
    /a\.tgz is damaged/,
  ],
  ['a zip cut off', fileOf('a.zip', cut(zipWith(), 60)), /a\.zip is damaged or cut off/],
  [
    'a zip of noise',
    fileOf('a.zip', Buffer.from('PK\x03\x04 and nothing more that is a zip', 'latin1')),
    /a\.zip is damaged/,
  ],
  ['a tar of noise', fileOf('a.tar', Buffer.alloc(2048, 7)), /a\.tar is damaged/],
  ['a tar that is too short', fileOf('a.tar', Buffer.from('short')), /a\.tar is cut off or not a tar/],
  ['a gzip of something else', fileOf('a.tar.gz', gzipSync(Buffer.alloc(3000, 'hello '))), /a\.tar\.gz is damaged/],
  [
    'a tar compressed twice',
    fileOf('a.tgz', async () => gzipSync(gzipSync(Buffer.concat([await tarWith()(), noise()])))),
    /compressed twice/,
  ],
  [
    'a tar with a broken header',
    fileOf('a.tar', async () => flip(await tarWith()(), 3)),
    /a\.tar is damaged.*checksum/,
  ],
  ['an empty tar', fileOf('a.tar', tarOf([])), /a\.tar/],
  ['a zip of nothing', fileOf('a.zip', zipOf([])), /has no images/],
  ['a zip named .tar.gz', fileOf('a.tar.gz', zipWith()), /says gzip, but its content is zip/],
  [
    'a tar.gz named .zip',
    fileOf('a.zip', async () => gzipSync(await tarWith()())),
    /says a zip, but its content is gzip/,
  ],
  [
    'a tar.gz named .tar',
    fileOf('a.tar', async () => gzipSync(await tarWith()())),
    /says a tar, but its content is gzip/,
  ],
  ['a picture named .zip', fileOf('a.zip', () => anImage(1)), /says a zip, but its content is something else/],
  [
    'a 7z',
    fileOf('a.7z', Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])),
    /a\.7z is no data set \(its content is 7z\)/,
  ],
  ['a tar.bz2', fileOf('a.tar.bz2', Buffer.from('BZh91AY')), /a\.tar\.bz2 is no data set \(its content is bzip2\)/],

  [
    'a tar that climbs out',
    fileOf('a.tar', tarWith({ name: '../escaped', content })),
    /"\.\.\/escaped", a path that may lead out/,
  ],
  [
    'a tar that climbs out on the way',
    fileOf('a.tar', tarWith({ name: 'cats/../../escaped', content })),
    /may lead out/,
  ],
  ['a tar with an absolute path', fileOf('a.tar', tarWith({ name: '/tmp/escaped', content })), /absolute path/],
  ['a tar with a Windows path', fileOf('a.tar', tarWith({ name: 'C:\\escaped', content })), /absolute path/],
  ['a tar with backslashes', fileOf('a.tar', tarWith({ name: 'cats\\..\\..\\escaped', content })), /may lead out/],
  [
    'a tar with a symbolic link',
    fileOf('a.tar', tarWith({ name: 'cats/l.png', type: '2', link: '/etc/passwd' })),
    /no plain file \(SymbolicLink\)/,
  ],
  [
    'a tar with a hard link',
    fileOf('a.tar', tarWith({ name: 'cats/l.png', type: '1', link: 'cats/0.png' })),
    /no plain file \(Link\)/,
  ],
  [
    'a tar with a device',
    fileOf('a.tar', tarWith({ name: 'cats/null', type: '3' })),
    /no plain file \(CharacterDevice\)/,
  ],
  ['a tar with a pipe', fileOf('a.tar', tarWith({ name: 'cats/pipe', type: '6' })), /no plain file \(FIFO\)/],
  [
    'a tar with an unknown kind',
    fileOf('a.tar', tarWith({ name: 'cats/s', type: 'S' })),
    /a\.tar is damaged.*unknown kind/,
  ],
  [
    'a tar with names in two cases',
    fileOf('a.tar', tarWith({ name: 'Cats/9.png', content })),
    /"cats" and "Cats", which differ only in case/,
  ],
  ['a tar with one name twice', fileOf('a.tar', tarWith({ name: 'cats/0.png', content })), /"cats\/0\.png" twice/],
  [
    'a tar with a file as a folder',
    fileOf('a.tar', tarWith({ name: 'cats/0.png/x.png', content })),
    /"cats\/0\.png" twice/,
  ],
  ['a zip that climbs out', fileOf('a.zip', zipWith({ name: '../escaped', content })), /a\.zip .*\.\.\/escaped/],
  [
    'a zip with an absolute path',
    fileOf('a.zip', zipWith({ name: '/tmp/escaped', content })),
    /a\.zip .*\/tmp\/escaped/,
  ],
  ['a zip with backslashes', fileOf('a.zip', zipWith({ name: '..\\..\\escaped', content })), /a\.zip .*escaped/],
  ['a zip with a link', fileOf('a.zip', zipWith({ name: 'cats/l', content, mode: 0o120777 })), /no plain file/],
  ['a zip with names in two cases', fileOf('a.zip', zipWith({ name: 'cats/0.PNG', content })), /differ only in case/],
  ['a zip with one name twice', fileOf('a.zip', zipWith({ name: 'cats/0.png', content })), /twice/],
  ['an encrypted zip', fileOf('a.zip', zipWith({ name: 'cats/e.png', content, flags: 1 })), /is encrypted/],
  [
    'a zip by an unusual method',
    fileOf('a.zip', zipWith({ name: 'cats/e.png', content, method: 12 })),
    /unusual method/,
  ],
  [
    'a zip with a wrong checksum',
    fileOf('a.zip', zipWith({ name: 'cats/e.png', content, saidCrc: 1 })),
    /damaged at "cats\/e\.png"/,
  ],
  [
    'a zip that lies about a size',
    fileOf('a.zip', zipWith({ name: 'cats/e.png', content: zeros, saidSize: 9 })),
    /a\.zip is damaged/,
  ],
  [
    'a zip bomb',
    fileOf('a.zip', zipWith({ name: 'cats/e.png', content: zeros }), tight),
    /more than 100 times its size/,
  ],
  [
    'a tar.gz bomb',
    fileOf('a.tgz', async () => gzipSync(await tarWith({ name: 'cats/e', content: zeros })()), tight),
    /more than 100 times/,
  ],
  [
    'a tar.gz of endless padding',
    fileOf('a.tgz', async () => gzipSync(Buffer.concat([await tarWith()(), zeros])), tight),
    /more than 100 times/,
  ],
  [
    'more bytes than allowed',
    fileOf('a.tar', tarWith(), { archiveLimits: { ...defaultArchiveLimits, maxBytes: 400 } }),
    /more than 400 bytes/,
  ],
  [
    'more entries than allowed',
    fileOf('a.zip', zipWith(), { archiveLimits: { ...defaultArchiveLimits, maxEntries: 3 } }),
    /more than 3 entries/,
  ],
  [
    'a name that is too long',
    fileOf('a.zip', zipWith({ name: `cats/${'n'.repeat(300)}.png`, content })),
    /name that is too long/,
  ],
  ['an archive of one class', fileOf('a.zip', zipOf([{ name: 'cats/a.png', content }])), /only one class/],
];

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 0x55;
  return bytes;
}

/** Hardly compressible, so that the inner archive is not mistaken for a bomb first. */
function noise(): Buffer {
  return Buffer.from(Array.from({ length: 4096 }, (_none, i) => (i * i * 31 + (i >> 3) * 17) % 251));
}

async function failureOf(action: () => Promise<unknown>): Promise<InputError> {
  const error = await action().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof InputError) return error;
  throw new Error(`expected an InputError, got ${error}`);
}

describe('a data set is refused with one sentence and a remedy', () => {
  test.each(cases)('%s', async (_name, prepare, message) => {
    await using folder = await aFolder();
    const scratch = join(folder.path, 'scratch');
    await mkdir(scratch);
    const { path, options } = await prepare(folder.path);
    const before = (await readdir(folder.path)).sort();
    const error = await failureOf(() => openDataset(path, { seed: 1, scratch, ...options }));
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(error.message.endsWith('.')).toBe(true);
    expect(error.remedy.length).toBeGreaterThan(10);
    expect(await readdir(scratch)).toEqual([]);
    expect((await readdir(folder.path)).sort()).toEqual(before);
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
    const error = await failureOf(() => decodeAll(dataset.value, { side: 8, workers: 1, scratch, bytesBound: 0 }));
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
    expect(await readdir(scratch)).toEqual([]);
  });

  test('a sample without a single picture', async () => {
    await using folder = await aFolder();
    await writeFiles(folder.path, { 'a/1.png': junk, 'a/2.png': 'x', 'b/1.jpg': 'y', 'b/2.jpg': 'z' });
    const dataset = await openDataset(folder.path, { seed: 1, scratch: folder.path });
    const error = await failureOf(() => decodeSample(dataset, { side: 8, count: 4, seed: 1, workers: 1 }));
    expect(error.message).toMatch(/None of 2 sampled images .* can be decoded/);
  });
});

function disposable<T extends { close(): Promise<void> }>(
  value: T,
): { value: T; [Symbol.asyncDispose](): Promise<void> } {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
