import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../src/lib/errors.ts';

/** Tools of the host, and how to get each one. */
const remedies = {
  python3: 'Install Python 3, on Debian: apt-get install python3 python3-pip.',
  'g++': 'Install a C++ compiler, on Debian: apt-get install g++.',
  flock: 'Install flock, on Debian: apt-get install util-linux.',
  npm: 'Install npm, on Debian: apt-get install npm.',
} as const;
export type Tool = keyof typeof remedies;

/** Full path of a tool on the PATH of `env`. Throws RunError that names it and how to get it. */
export function findTool(tool: Tool, env: NodeJS.ProcessEnv): string {
  const path = pathOf(tool, env);
  if (path === undefined) throw missing([tool]);
  return path;
}

/** Throws one RunError that names every tool that is not on the PATH of `env`, and how to get each. */
export function requireTools(tools: readonly Tool[], env: NodeJS.ProcessEnv): void {
  const absent = tools.filter((tool) => pathOf(tool, env) === undefined);
  if (absent.length > 0) throw missing(absent);
}

const missing = (tools: readonly Tool[]): RunError =>
  new RunError(`Not on the PATH: ${tools.join(', ')}.`, tools.map((tool) => remedies[tool]).join('\n'));

const pathOf = (tool: Tool, env: NodeJS.ProcessEnv): string | undefined =>
  (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, tool))
    .find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface Run {
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  /** The program's output goes to the terminal (for its progress bar) instead of into `stdout`. */
  readonly showOutput?: boolean;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a program that fails is a value, not an exception. */
export function run(path: string, args: readonly string[], options: Run): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      env: options.env,
      stdio: ['ignore', options.showOutput ? 'inherit' : 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The last lines of a program's complaint, for an error message. */
export const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n');

/** One clear error on the terminal; what is neither ours nor the system's is a bug and keeps its stack. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`error: ${failureText(error)}\n`);
  process.exitCode = 1;
}

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('remedy' in error) return `${error.message}\n${error.remedy}`;
  if ('syscall' in error) return `${error.message}\nCheck that the folder exists and can be written.`;
  return error.stack ?? error.message;
}

/** Whether the module of that `import.meta.url` is the program that was started. */
export function isProgram(url: string): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === fileURLToPath(url);
}
