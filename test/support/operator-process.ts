/** The operator as a process of its own, as a pod would run it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/nasoa.js', import.meta.url));
const imageFile = new URL('../../images/operator.Dockerfile', import.meta.url);

export interface OperatorProcess {
  readonly child: ChildProcess;
  readonly http: number;
  readonly https: number;
  /** Lines of its log so far. */
  readonly log: readonly LogLine[];
  /** What it wrote to standard error. */
  errors(): string;
  metrics(): Promise<string>;
  /** Resolves with its exit code, null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

const startSeconds = 60;

/**
 * Resolves once the operator serves. `env`: how to reach the API server, and settings; it keeps its experience in a
 * folder of its own unless told otherwise.
 */
export async function startOperator(env: Readonly<Record<string, string>>): Promise<OperatorProcess> {
  const data = await mkdtemp(join(tmpdir(), 'nasoa-operator-'));
  const image = await imageSettings();
  const child = spawn(process.execPath, [...image.flags, program, 'operator'], {
    env: {
      PATH: process.env.PATH ?? '',
      ...{ HOME: data, NASOA_DATA_DIR: data, POD_NAME: 'operator-0' },
      ...{ NASOA_HTTP_PORT: '0', NASOA_HTTPS_PORT: '0' },
      ...image.env,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  let errors = '';
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ports = await new Promise<{ http: number; https: number }>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the operator does not serve: ${errors}`)), 1000 * startSeconds);
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString()}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const read = JSON.parse(line) as LogLine;
        log.push(read);
        if (read.message !== 'The operator serves') continue;
        clearTimeout(late);
        resolve({ http: Number(read.http), https: Number(read.https) });
      }
    });
    void ended.then((code) => {
      clearTimeout(late);
      reject(new Error(`the operator ended with ${code}: ${errors}`));
    });
  });
  return {
    ...{ child, ...ports, log, errors: () => errors },
    metrics: async () => (await fetch(`http://127.0.0.1:${ports.http}/metrics`)).text(),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      const code = await ended;
      await rm(data, { recursive: true, force: true });
      return code;
    },
  };
}

/** Flags of Node and settings of the C library with which the operator's image starts it. */
async function imageSettings(): Promise<{ readonly flags: readonly string[]; readonly env: Record<string, string> }> {
  const text = await readFile(imageFile, 'utf8');
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(text)?.[1] ?? '[]') as readonly string[];
  const set = /^ENV (.*)$/m.exec(text)?.[1] ?? '';
  return {
    flags: entry.filter((word) => word.startsWith('--')),
    env: Object.fromEntries([...set.matchAll(/(MALLOC_\w+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value])),
  };
}
