import { gzipSync } from 'node:zlib';
import { describe, test } from '@jest/globals';
import { defaultArchiveLimits } from '../../src/train/unpack-target.ts';
import { type ArchiveEntry, tarOf, zipOf } from '../support/archives.ts';
import { type BadData, expectRefused, fileOf } from '../support/bad-input.ts';
import { anImage, imagesOf } from '../support/image-files.ts';

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

const damaged: readonly BadData[] = [
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
];

const unsafe: readonly BadData[] = [
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

describe.each([
  ['a damaged archive', damaged],
  ['an archive that could do harm', unsafe],
])('%s is refused with one sentence and a remedy', (_name, cases) => {
  test.each(cases)('%s', async (_what, prepare, message) => {
    await expectRefused(prepare, message);
  });
});
