import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcher } from './run-cli.ts';

/** The real command line in the background, with everything it prints in one file, in its true order. */
export interface LiveCli {
  readonly child: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  output(): string;
  /** Waits until it printed that, or ended. */
  until(pattern: RegExp): Promise<void>;
  /** Waits until there is such a file, or it ended. */
  untilFile(path: string): Promise<void>;
}

export async function startCli(
  args: readonly string[],
  { log, env, cwd }: { log: string; env: Readonly<Record<string, string>>; cwd: string },
): Promise<LiveCli> {
  const file = await open(log, 'w');
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', file.fd, file.fd],
    env: { ...process.env, ...env },
    cwd,
  });
  let hasEnded = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      hasEnded = true;
      resolve(code ?? signal ?? 'SIGKILL');
    });
  });
  await file.close();
  const output = (): string => readFileSync(log, 'utf8');
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!hasEnded && !isSo()) await sleep(20);
  };
  return {
    ...{ child, ended, output },
    until: (pattern) => until(() => pattern.test(output())),
    untilFile: (path) => until(() => existsSync(path)),
  };
}
