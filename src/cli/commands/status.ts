import type { Command } from 'commander';
import { InputError } from '../../lib/errors.ts';
import { addClusterOptions, type ClusterOptions, taskName } from '../cluster/options.ts';
import type { Run } from '../context.ts';

interface StatusOptions extends ClusterOptions {
  readonly watch?: boolean;
}

const notes = `
Examples:
  $ nasoa status                     all tasks of the namespace
  $ nasoa status --watch             the same, as it changes
  $ nasoa status flowers             plan, progress, conditions, result
  $ nasoa status flowers --json`;

export function addStatus(program: Command, run: Run): void {
  const command = program
    .command('status')
    .summary('show the tasks on a cluster: plan, progress, time left, result')
    .description('Show the tasks of a namespace, or all that is known of one.')
    .argument('[name]', 'name of a task; all where absent', taskName)
    .option('-w, --watch', 'show it anew as it changes; a single task until it has finished');
  addClusterOptions(command)
    .addHelpText('after', notes)
    .action(async (name: string | undefined, options: StatusOptions) => {
      const { watch = false } = options;
      await run(
        async (context) => {
          if (watch && context.json) {
            throw new InputError('The options --watch and --json exclude each other.', 'Leave one of them out.');
          }
          const { openCluster } = await import('../cluster/cluster.ts');
          const { showList, showTask, watchStatus } = await import('../cluster/status.ts');
          const cluster = openCluster(options);
          if (watch) return await watchStatus(cluster, name, options, context);
          return name === undefined
            ? await showList(cluster, context)
            : await showTask(cluster, name, options, context);
        },
        { interruptible: watch, farewell: '' },
      );
    });
}
