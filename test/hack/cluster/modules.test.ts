import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { binaryPath, ensureBinaries } from '../../../hack/cluster/binaries.ts';
import { goModules, moduleFolder, moduleOf, programNames, versionOf } from '../../../hack/cluster/modules.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-binaries-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.each(goModules.map((module) => [module.name, module] as const))('%s', (_name, module) => {
  const goMod = readFileSync(join(moduleFolder(module), 'go.mod'), 'utf8');

  test('has one exact version, and checksums of all that it needs', () => {
    expect(versionOf(module)).toMatch(/^\d+\.\d+\.\d+$/);
    expect(existsSync(join(moduleFolder(module), 'go.sum'))).toBe(true);
  });

  test('keeps its programs as tools, so that tidying keeps what they need', () => {
    for (const source of Object.values(module.programs)) expect(goMod).toContain(source);
  });
});

test('the published parts of Kubernetes are of its own version', () => {
  const module = moduleOf('kubelet');
  const wanted = `v${versionOf(module).replace(/^1/, '0')}`;
  const goMod = readFileSync(join(moduleFolder(module), 'go.mod'), 'utf8');
  const replaced = [...goMod.matchAll(/^\s*k8s\.io\/\S+ => k8s\.io\/\S+ (\S+)$/gm)].map(([, version]) => version);
  expect(replaced.length).toBeGreaterThan(25);
  expect(new Set(replaced)).toEqual(new Set([wanted]));
});

test('ready-made programs are taken, and nothing is built', async () => {
  const path = join(folder, 'etcd');
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o755);
  const env = { PATH: '', NASOA_KUBE_BIN: folder };
  expect(await ensureBinaries(['etcd'], { env, log: () => undefined })).toEqual({ etcd: path });
});

test('a folder that lacks a program leaves it to the cache', () => {
  const env = { NASOA_KUBE_BIN: folder, NASOA_CACHE_DIR: join(folder, 'cache') };
  for (const name of programNames) expect(binaryPath(name, env)).toContain(join(folder, 'cache', 'cluster'));
});

test('without Go the missing tool is named, with the other way', async () => {
  const env = { PATH: await onlyFlock(), NASOA_CACHE_DIR: folder };
  const building = ensureBinaries(['kubeconform'], { env, log: () => undefined });
  await expect(building).rejects.toMatchObject({ message: 'Not on the PATH: go.' });
});

/** A PATH with nothing but what a lock needs. */
async function onlyFlock(): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const [name, path] of Object.entries({ flock: '/usr/bin/flock', sh: '/bin/sh', cat: '/bin/cat' })) {
    await symlink(path, join(bin, name));
  }
  return bin;
}
