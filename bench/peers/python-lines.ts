import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { RunError } from '../../src/lib/errors.ts';

/**
 * What a peer's script writes, a document of JSON a line. `cwd`: where it leaves what it does not ask a place for. Throws
 * RunError where it ends with an error.
 */
export async function* pythonLines<T>(
  python: string,
  script: string,
  argument: string,
  cwd?: string,
): AsyncGenerator<T> {
  const child = spawn(python, ['-B', script, argument], { stdio: ['ignore', 'pipe', 'inherit'], cwd });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as T;
  if ((await ended) !== 0) throw new RunError("A peer's run failed.", 'See its messages above.');
}
