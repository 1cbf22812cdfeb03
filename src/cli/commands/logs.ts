import { once } from 'node:events';
import type { Command } from 'commander';
import { addClusterOptions, type ClusterOptions, taskName } from '../cluster/options.ts';
import type { Run } from '../context.ts';
import { Interruption } from '../interruption.ts';
import { integer } from '../options.ts';

interface LogsOptions extends ClusterOptions {
  readonly follow?: boolean;
  readonly profile?: boolean;
  readonly tail?: number;
}

const notes = `
Examples:
  $ nasoa logs flowers
  $ nasoa logs flowers -f --tail 20     go on until the pod ends
  $ nasoa logs flowers --profile        what the profile pod said`;

export function addLogs(program: Command, run: Run): void {
  const command = program
    .command('logs')
    .summary("print the log of a task's newest pod on a cluster")
    .description("Print the log of a task's newest pod on a cluster.")
    .argument('<name>', 'name of the task', taskName)
    .option('-f, --follow', 'wait for the pod to start, and go on until it ends')
    .option('--profile', 'of the profile pod in place of the newest')
    .option('--tail <n>', 'last lines to begin with', integer('--tail', { min: 0, max: 1_000_000_000 }));
  addClusterOptions(command)
    .addHelpText('after', notes)
    .action(async (name: string, options: LogsOptions) => {
      await run(
        async (context) => {
          const { openCluster } = await import('../cluster/cluster.ts');
          const { writeLog } = await import('../cluster/logs.ts');
          const { follow = false, profile = false, tail: tailLines } = options;
          const kept: Uint8Array[] = [];
          const write = async (chunk: Uint8Array): Promise<void> => {
            if (context.json) kept.push(chunk);
            else if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
          };
          try {
            const pod = await writeLog(openCluster(options), { name, follow, profile, tailLines }, context, write);
            const lines = Buffer.concat(kept)
              .toString('utf8')
              .split('\n')
              .filter((line) => line !== '');
            return { document: { pod, lines }, text: () => '' };
          } catch (error) {
            if (!(error instanceof Interruption)) throw error;
            return { document: { interrupted: {} }, text: () => '', exitCode: error.exitCode };
          }
        },
        { interruptible: true, farewell: '' },
      );
    });
}
