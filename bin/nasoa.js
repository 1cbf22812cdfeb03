#!/usr/bin/env node
// Starts src/cli/main.ts. Node runs it as it is from 22.18 on; an older Node hands over to the checkout's own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const stripsTypes = major > 22 || (major === 22 && minor >= 18);

if (stripsTypes) await run();
else handOver();

async function run() {
  hideExperimentalWarnings();
  module.enableCompileCache?.();
  const { main } = await import('../src/cli/main.ts');
  await main(process.argv.slice(2));
}

/** Type stripping and WebAssembly modules warn as experimental in some versions; that is no news for a user. */
function hideExperimentalWarnings() {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === 'string' ? rest[0] : (rest[0]?.type ?? warning?.name);
    if (type !== 'ExperimentalWarning') emit(warning, ...rest);
  };
}

function handOver() {
  const path = ['node/bin/node', '.bin/node', 'node/bin/node.exe']
    .map((name) => fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url)))
    .find((candidate) => existsSync(candidate));
  if (path === undefined || process.env.NASOA_HANDED_OVER === '1') {
    fail(`Node ${process.versions.node} is too old: nasoa needs 22.18 or newer.`);
    return;
  }
  // over the channel the child notices when this process is killed, and stops with its checkpoint
  const child = spawn(path, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NASOA_HANDED_OVER: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Node could not be started from node_modules: ${error.message}.`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    if (child.connected) child.disconnect();
  });
}

function fail(message) {
  const remedy = 'Run "make setup" in the checkout to install the Node that it brings along.';
  if (process.argv.includes('--json')) console.log(JSON.stringify({ error: { message, remedy, kind: 'run' } }));
  else console.error(`error: ${message}\n       ${remedy}`);
  process.exitCode = 1;
}
