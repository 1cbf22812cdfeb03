import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const launcher = fileURLToPath(new URL('../../bin/nasoa.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The Node that starts the launcher. */
  readonly node?: string;
}

/** Runs the real command line as a child process, to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  return runNode([launcher, ...args], options);
}

/** Runs Node with these arguments, to its end. */
export function runNode(
  args: readonly string[],
  { env = {}, cwd, node = process.execPath }: CliOptions = {},
): Promise<Finished> {
  const child = spawn(node, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
