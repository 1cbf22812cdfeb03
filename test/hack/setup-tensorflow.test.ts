import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  cachedModule,
  installedModule,
  type NativeModule,
  type NativePlaces,
  nativeModules,
} from '../../hack/native-modules.ts';
import type { Setup } from '../../hack/setup-tensorflow.ts';
import { setUpTensorflow } from '../../hack/setup-tensorflow.ts';
import { wheelsFor } from '../../hack/tensorflow-wheels.ts';
import { run } from '../../hack/tool.ts';
import { isUnpacked, pathBelow, pipFailure, removeParts } from '../../hack/wheel.ts';
import { RunError } from '../../src/lib/errors.ts';

const [cpu] = wheelsFor('cpu', 'linux', 'x64');
if (cpu === undefined) throw new Error('the CPU flavour has a wheel');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-setup-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A checkout with the files that the binding is compiled from, and an empty PATH. */
async function aSetup(changes: Partial<Setup> = {}): Promise<Setup> {
  const nodeModules = join(folder, 'node_modules');
  const sources = join(nodeModules, '@tensorflow', 'tfjs-node-gpu', 'binding');
  const headers = join(nodeModules, 'node-api-headers', 'include');
  for (const made of [sources, headers, join(folder, 'bin')]) await mkdir(made, { recursive: true });
  await writeFile(join(sources, 'tfjs_binding.cc'), 'int one;');
  await writeFile(join(headers, 'node_api.h'), '');
  const env = { PATH: join(folder, 'bin') };
  const prefix = join(folder, 'cache');
  return { flavour: 'cpu', prefix, nodeModules, platform: 'linux', arch: 'x64', env, log: () => undefined, ...changes };
}

/** Puts a wheel's stamp and files where a finished set-up leaves them. */
async function unpackedIn(root: string, sha256 = cpu?.sha256, take = cpu?.take): Promise<void> {
  await mkdir(join(root, 'tensorflow'), { recursive: true });
  await mkdir(join(root, 'wheels'), { recursive: true });
  await writeFile(join(root, 'tensorflow', 'lib.so'), '12345');
  const stamp = { sha256, take, files: [['tensorflow/lib.so', 5]] };
  await writeFile(join(root, 'wheels', 'tensorflow-cpu.json'), JSON.stringify(stamp));
}

describe('a set-up that cannot go on', () => {
  const failureOf = async (setup: Setup): Promise<string> => {
    const failure: unknown = await setUpTensorflow(setup).catch((error) => error);
    expect(failure).toBeInstanceOf(RunError);
    return failure instanceof RunError ? `${failure.message} ${failure.remedy}` : '';
  };

  test('names every missing tool at once, and how to get it', async () => {
    const text = await failureOf(await aSetup());
    expect(text).toContain('Not on the PATH: python3, g++, flock.');
    expect(text).toContain('apt-get install python3 python3-pip');
    expect(text).toContain('apt-get install g++');
  });

  test('asks for no Python where the libraries are there already', async () => {
    const setup = await aSetup();
    await unpackedIn(join(setup.prefix, 'tensorflow', '2.21.0-cpu'));
    expect(await failureOf(setup)).toContain('Not on the PATH: g++, flock.');
  });

  test('names pip where python3 has none, and leaves nothing half-made', async () => {
    const setup = await aSetup();
    const python = "#!/bin/sh\necho '/usr/bin/python3: No module named pip' >&2\nexit 1\n";
    await writeFile(join(folder, 'bin', 'python3'), python, { mode: 0o755 });
    await writeFile(join(folder, 'bin', 'g++'), '#!/bin/sh\n', { mode: 0o755 });
    for (const tool of ['flock', 'sh', 'cat']) {
      const { stdout } = await run('/bin/sh', ['-c', `command -v ${tool}`], { env: process.env });
      await symlink(stdout.trim(), join(folder, 'bin', tool));
    }
    expect(await failureOf(setup)).toContain('apt-get install python3-pip');
    expect(await readdir(join(setup.prefix, 'tensorflow', '2.21.0-cpu'))).toEqual([]);
  });

  test('says which platforms there are on one that TensorFlow does not serve', async () => {
    expect(await failureOf(await aSetup({ platform: 'darwin', arch: 'arm64' }))).toContain('cpu linux x64');
    expect(await failureOf(await aSetup({ flavour: 'gpu', arch: 'arm64' }))).toContain('gpu linux x64');
  });

  test('says that the npm packages come first', async () => {
    const setup = await aSetup({ nodeModules: join(folder, 'elsewhere') });
    expect(await failureOf(setup)).toContain('npm ci');
  });

  test.each([
    ['another file', 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', 'pinned by hash'],
    ['no network', 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0', 'network'],
    [
      'an index without it',
      'ERROR: No matching distribution found for tensorflow-cpu==2.21.0',
      'gave no tensorflow-cpu 2.21.0',
    ],
    ['a full disk', 'ERROR: Could not install: [Errno 28] No space left on device', 'is too full'],
  ])("explains pip's complaint about %s", (_what, complaint, words) => {
    const failure = pipFailure(cpu, folder, complaint);
    expect(`${failure.message} ${failure.remedy}`).toContain(words);
  });
});

describe('a set-up that is done', () => {
  test('has nothing to do and needs no tool', async () => {
    const setup = await aSetup();
    const root = join(setup.prefix, 'tensorflow', '2.21.0-cpu');
    await unpackedIn(root);
    const places = { root, nodeModules: setup.nodeModules, librarySha256: cpu.sha256 };
    const files = nativeModules.flatMap((m) => [cachedModule(places, m), installedModule(setup.nodeModules, m)]);
    for (const file of files) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, 'compiled');
    }
    expect(await setUpTensorflow(setup)).toBe(false);
    for (const file of files) expect(await readFile(file, 'utf8')).toBe('compiled');
  });

  test.each<[string, (root: string) => Promise<unknown>]>([
    ['a library is cut off', (root) => writeFile(join(root, 'tensorflow', 'lib.so'), '123')],
    ['a library is gone', (root) => rm(join(root, 'tensorflow', 'lib.so'))],
    ['the stamp is gone', (root) => rm(join(root, 'wheels', 'tensorflow-cpu.json'))],
    ['the stamp is damaged', (root) => writeFile(join(root, 'wheels', 'tensorflow-cpu.json'), '{')],
    ['the stamp is of another wheel', (root) => unpackedIn(root, 'f00')],
    ['other parts of the wheel were kept', (root) => unpackedIn(root, cpu.sha256, ['lib.so'])],
  ])('is done no longer when %s', async (_what, damage) => {
    await unpackedIn(folder);
    expect(isUnpacked(folder, cpu)).toBe(true);
    await damage(folder);
    expect(isUnpacked(folder, cpu)).toBe(false);
  });

  test('compiles again when a source, the libraries or their place changes', async () => {
    const { nodeModules } = await aSetup();
    const places = { root: folder, nodeModules, librarySha256: 'a' };
    const [binding] = nativeModules as [NativeModule];
    const keyOf = (changes: Partial<NativePlaces> = {}) => cachedModule({ ...places, ...changes }, binding);
    const keys = [keyOf(), keyOf({ librarySha256: 'b' }), keyOf({ root: join(folder, 'other') })];
    await writeFile(join(nodeModules, '@tensorflow', 'tfjs-node-gpu', 'binding', 'tfjs_binding.cc'), 'int two;');
    keys.push(keyOf());
    expect(new Set(keys.map((key) => key.split('/').at(-2))).size).toBe(4);
  });
});

test('what a killed set-up left half-made is removed, what is finished stays', async () => {
  await mkdir(join(folder, '.part-1234', 'kept'), { recursive: true });
  await unpackedIn(folder);
  await removeParts(folder);
  expect((await readdir(folder)).sort()).toEqual(['tensorflow', 'wheels']);
});

test.each([
  ['the library', 'tensorflow/libtensorflow_cc.so.2', 'libtensorflow_cc.so.2'],
  ['a header', 'tensorflow/include/xla/tsl/c/tsl_status.h', 'include/xla/tsl/c/tsl_status.h'],
  ['the licence', 'tensorflow_cpu-2.21.0.dist-info/licenses/LICENSE', 'LICENSE'],
  ['no Python', 'tensorflow/__init__.py', undefined],
  ['no header that nothing includes', 'tensorflow/include/external/x.h', undefined],
  ['nothing outside its folder', 'tensorflow/include/tsl/../../../../x', undefined],
])('of the wheel is kept: %s', (_what, member, below) => {
  expect(pathBelow(cpu, member)).toBe(below);
});
