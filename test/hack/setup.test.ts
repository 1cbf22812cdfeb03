import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../hack/tool.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

let checkout = '';
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'nasoa-checkout-'));
  await mkdir(join(checkout, 'hack'));
  await mkdir(join(checkout, 'bin'));
  for (const name of ['setup.sh', 'packages-current.mjs']) {
    await symlink(join(repository, 'hack', name), join(checkout, 'hack', name));
  }
});
afterEach(async () => {
  await rm(checkout, { recursive: true, force: true });
});

/** Runs set-up in a checkout with nothing but `tools` on its PATH. */
async function setUpWith(tools: Readonly<Record<string, string>>) {
  await symlink('/usr/bin/dirname', join(checkout, 'bin', 'dirname'));
  for (const [name, script] of Object.entries(tools)) {
    await writeFile(join(checkout, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const script = join(checkout, 'hack', 'setup.sh');
  return run('/bin/bash', [script], { env: { PATH: join(checkout, 'bin') } });
}

test('set-up on a bare machine names every missing tool and how to get it', async () => {
  const { code, stderr } = await setUpWith({});
  expect(code).toBe(1);
  for (const tool of ['node: ', 'npm: ', 'python3: ', 'g++: ', 'make: ']) expect(stderr).toContain(`  ${tool}`);
  expect(stderr).toContain('apt-get install g++');
});

test('set-up names a Node that is too old, and a Python without pip', async () => {
  const old = 'case "$1" in -v) echo v18.1.0;; -p) echo false;; *) exit 1;; esac';
  const { stderr } = await setUpWith({ node: old, python3: 'exit 1', npm: '', make: '', 'g++': '', flock: '' });
  expect(stderr).toContain('this is v18.1.0, but Node.js 20 or newer is needed');
  expect(stderr).toContain('python3-pip');
  expect(stderr).not.toContain('  make');
});
