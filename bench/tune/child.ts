import { spawn } from 'node:child_process';
import { RunError } from '../../src/lib/errors.ts';

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program with SIGTERM. */
  readonly signal: AbortSignal;
}

/** Runs a program to its end and reads the one JSON document that it prints. Throws RunError where it fails. */
export async function documentOf<T>(
  command: string,
  args: readonly string[],
  { env, signal }: ChildOptions,
): Promise<{ readonly document: T; readonly wallSeconds: number }> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, signal });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    // one that was ended by the signal is waited for: what it uses is not to be taken away from it
    child.once('error', (error) => child.pid === undefined && reject(error));
    child.once('close', resolve);
  });
  const wallSeconds = (performance.now() - started) / 1000;
  if (code === 0) return { document: JSON.parse(stdout) as T, wallSeconds };
  const words = errorIn(stdout) ?? stderr.trim().split('\n').slice(-12).join('\n');
  throw new RunError(
    `"${args.join(' ')}" ended with ${code ?? 'a signal'}:\n${words}`,
    'Mend the cause and run the same command again: it goes on with this run.',
  );
}

/** What our command line prints with --json where it fails. */
function errorIn(stdout: string): string | undefined {
  try {
    const { error } = JSON.parse(stdout) as { error?: { message: string; remedy: string } };
    return error && `${error.message} ${error.remedy}`;
  } catch {
    return undefined;
  }
}
