import { InputError, RunError } from '../../src/lib/errors.ts';

/** Runs a benchmark's program and sets the exit code; what went wrong is told in our own words where we have them. */
export async function runMain(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`);
    process.exitCode = 1;
  }
}

export function wordsOf(error: unknown): string {
  if (error instanceof InputError || error instanceof RunError)
    return `error: ${error.message}\n       ${error.remedy}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
