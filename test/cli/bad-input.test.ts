import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tarOf, zipOf } from '../support/archives.ts';
import { listing } from '../support/bad-input.ts';
import { anImage, imagesOf, writeFiles } from '../support/image-files.ts';
import { runCli } from '../support/run-cli.ts';
import { aWorld, type World } from '../support/zoo.ts';

let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 4 });
  const at = (name: string): string => join(world.folder, name);
  await mkdir(at('cache/scratch'), { recursive: true });
  const entries = await Promise.all(
    Object.entries(imagesOf(['cats', 'dogs'], 3)).map(async ([name, seed]) => ({ name, content: await anImage(seed) })),
  );
  const content = Buffer.from('x');
  await writeFile(at('cut.tar.gz'), gzipSync(tarOf(entries)).subarray(0, -40));
  await writeFile(at('climbing.tar'), tarOf([...entries, { name: '../escaped', content }]));
  await writeFile(at('linked.zip'), zipOf([...entries, { name: 'cats/l.png', content, mode: 0o120777 }]));
  await writeFile(at('bomb.tgz'), gzipSync(Buffer.concat([tarOf(entries), Buffer.alloc(300 << 20)])));
  await writeFiles(at('one class'), imagesOf(['猫'], 4));
  await writeFiles(at('an empty class'), { ...imagesOf(['cats', 'dogs'], 3), 'птицы/notes.txt': 'no birds' });
  await writeFiles(at('leaked'), { ...imagesOf(['a', 'b'], 2, 'train/'), ...imagesOf(['a', 'b'], 2, 'val/') });
  await writeFiles(at('undecodable'), { 'a/1.png': 'x', 'a/2.png': 'y', 'b/1.png': 'z', 'b/2.png': 'w' });
  const index = JSON.parse(await readFile(join(world.zoo, 'index.json'), 'utf8'));
  await mkdir(at('cut zoo'));
  await writeFile(at('cut zoo/index.json'), JSON.stringify(index));
  const weights = await readFile(join(world.zoo, index.members[0].weights));
  await writeFile(at(`cut zoo/${index.members[0].weights}`), weights.subarray(0, 500));
  await writeFile(at('cut.safetensors'), weights.subarray(0, -10));
  await writeFile(at('whole.safetensors'), weights);
}, 120_000);
afterAll(() => world.remove());

const run = (args: readonly string[]) => runCli(args, { cwd: world.folder, env: world.env });
const mine = ['--zoo', 'zoo'];

const cases: readonly (readonly [string, readonly string[], RegExp, RegExp])[] = [
  [
    'an archive that is cut off',
    ['tune', 'cut.tar.gz', ...mine],
    /cut\.tar\.gz is damaged or cut off/,
    /download it again/,
  ],
  [
    'an archive that climbs out',
    ['tune', 'climbing.tar', ...mine],
    /climbing\.tar .*"\.\.\/escaped"/,
    /Pack the folder/,
  ],
  ['an archive with a link', ['plan', 'linked.zip', ...mine], /linked\.zip .*no plain file/, /Pack the folder/],
  [
    'an archive that would fill the disk',
    ['tune', 'bomb.tgz', ...mine],
    /more than 100 times its size/,
    /Do not trust/,
  ],
  ['a single class, in another script', ['tune', 'one class', ...mine], /only one class \(猫\)/, /Add a folder/],
  ['an empty class', ['tune', 'an empty class', ...mine], /no image of the class птицы/, /Put images/],
  ['validation images that are trained on', ['tune', 'leaked', ...mine], /All 4 validation images/, /Add more images/],
  ['images that are none', ['tune', 'undecodable', ...mine], /None of .* can be decoded/, /JPEG, PNG/],
  ['a zoo that is not there', ['tune', 'colours', '--zoo', 'no zoo'], /no zoo in "no zoo"/, /--zoo/],
  ['a zoo whose weights are cut off', ['tune', 'colours', '--zoo', 'cut zoo'], /SHA-256 differs/, /Restore the file/],
  [
    'a member that the zoo has not',
    ['tune', 'colours', ...mine, '--member', 'huge'],
    /no member "huge"/,
    /plain, square/,
  ],
  [
    'a budget too short for anything',
    ['tune', 'colours', ...mine, '--budget', '1s'],
    /Nothing can be trained within 1\.0s/,
    /Allow at least/,
  ],
  [
    'weights that are cut off',
    ['zoo', 'import', '1-_16_1-2@2', 'cut.safetensors'],
    /cut\.safetensors is cut off/,
    /Get the file again/,
  ],
  [
    'weights of another network',
    ['zoo', 'import', '0-_16_1-2@2', 'whole.safetensors'],
    /of shape .* is expected/,
    /exactly this network/,
  ],
  ['a zoo in place of a model', ['predict', 'zoo', 'colours/grass/0.png'], /no model in "zoo"/, /nasoa tune/],
];

describe('wrong input ends with 2, one sentence and a remedy, and nothing half-written', () => {
  test.each(cases)('%s', async (_name, args, message, remedy) => {
    const before = await listing(world.folder);
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '' });
    // what was under way comes before it
    const [said = '', advice = ''] = stderr.trimEnd().split('\n').slice(-2);
    expect(said).toMatch(/^error: .*\.$/);
    expect(said).toMatch(message);
    expect(advice).toMatch(remedy);
    expect(await listing(world.folder)).toEqual(before);
  });

  test('with --json the error is the one document on standard output', async () => {
    const { code, stdout } = await run(['tune', 'cut.tar.gz', ...mine, '--json']);
    expect(code).toBe(2);
    const error = { kind: 'input', message: expect.stringContaining('cut.tar.gz'), remedy: expect.any(String) };
    expect(JSON.parse(stdout)).toEqual({ error });
  });
});
