import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';

const session = new URL('../../src/cli/session.ts', import.meta.url).href;

/** A command that waits for its signal (or, stubborn, ignores it), takes a moment to keep things, and answers. */
const program = (stubborn: boolean): string => `
  import { Session } from '${session}';
  const session = new Session({ json: false, quiet: false, env: {} });
  await session.run(async ({ signal, print }) => {
    const alive = setInterval(() => {}, 1000);
    print('ready');
    await new Promise((resolve) => signal.addEventListener('abort', () => ${stubborn} || setTimeout(resolve, 300)));
    clearInterval(alive);
    return { document: {}, text: () => 'kept the checkpoint', exitCode: signal.reason.exitCode };
  }, { interruptible: true });
  process.exitCode = session.exitCode;
`;

async function interrupt(stubborn: boolean, signals: readonly { name: NodeJS.Signals; afterMs: number }[]) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(stubborn)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  for (const { name, afterMs } of signals) {
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    child.kill(name);
  }
  const [code] = (await closed) as [number | null];
  return { code, stdout, stderr };
}

test.each([
  ['Ctrl-C', 'SIGINT', 130],
  ['a request to end', 'SIGTERM', 143],
] as const)('%s lets the command keep what it reached', async (_name, signal, code) => {
  const ended = await interrupt(false, [{ name: signal, afterMs: 0 }]);
  expect(ended).toMatchObject({ code, stdout: 'ready\nkept the checkpoint\n' });
  expect(ended.stderr).toContain('keeping the checkpoint');
});

test('the second Ctrl-C ends at once', async () => {
  const ended = await interrupt(true, [
    { name: 'SIGINT', afterMs: 0 },
    { name: 'SIGINT', afterMs: 700 },
  ]);
  expect(ended).toMatchObject({ code: 130, stdout: 'ready\n' });
});

test('one Ctrl-C that arrives twice, from the terminal and handed on, counts once', async () => {
  const ended = await interrupt(false, [
    { name: 'SIGINT', afterMs: 0 },
    { name: 'SIGINT', afterMs: 20 },
  ]);
  expect(ended).toMatchObject({ code: 130, stdout: 'ready\nkept the checkpoint\n' });
});
