import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { Session } from './session.ts';

// whatever a library forgot to close must not keep a finished command alive for longer
const lingerMilliseconds = 2000;

/** Runs the command line; sets the process's exit code and lets it end. */
export async function main(argv: readonly string[]): Promise<void> {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  const json = flags.includes('--json');
  const session = new Session({ json, quiet: flags.includes('--quiet'), env: process.env });
  // a reader that had enough, such as head, is no failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(session.exitCode);
    throw error;
  });
  try {
    await createProgram(session.run).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) session.fail(error);
    else if (error.code === 'commander.help' && !json) session.exitCode = 2;
    else if (error.exitCode !== 0) session.fail(error);
  }
  process.exitCode = session.exitCode;
  setTimeout(() => process.exit(), lingerMilliseconds).unref();
}
