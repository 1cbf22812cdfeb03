import { join } from 'node:path';
import type { Command } from 'commander';
import { addClusterOptions, type ClusterOptions, taskName } from '../cluster/options.ts';
import type { Run } from '../context.ts';

interface GetModelOptions extends ClusterOptions {
  readonly out?: string;
  readonly fromSecret?: boolean;
  readonly endpoint?: string;
  readonly image?: string;
}

const notes = `
From S3 it comes with your own AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or,
with --from-secret, with those of the task, if you may read its Secret.
From a claim it comes through a pod that mounts the claim read-only and is
removed again; up to 512 MB.

Examples:
  $ nasoa get-model flowers --out flowers
  $ nasoa predict flowers photo.jpg`;

export function addGetModel(program: Command, run: Run): void {
  const command = program
    .command('get-model')
    .summary('fetch the model of a finished task from a cluster')
    .description('Fetch the model, the report and the numbers of a finished task from a cluster.')
    .argument('<name>', 'name of the task', taskName)
    .option('--out <folder>', 'folder to make (default: ./nasoa-out/NAME)')
    .option('--from-secret', "use the keys of the task's Secret for S3")
    .option('--endpoint <url>', 'address of S3 from here, where it differs from that in the cluster')
    .option('--image <name>', "image of the pod (default: that of the task's own pods)");
  addClusterOptions(command)
    .addHelpText('after', notes)
    .action(async (name: string, options: GetModelOptions) => {
      const farewell = 'Stopping; nothing is left behind, here or in the cluster.';
      await run(
        async (context) => {
          const { openCluster } = await import('../cluster/cluster.ts');
          const { getModel } = await import('../cluster/get-model.ts');
          const { fetchedText } = await import('../terminal/fetched-text.ts');
          const { out = join('nasoa-out', name), fromSecret = false, endpoint, image } = options;
          const cluster = openCluster(options);
          const model = await getModel(cluster, { name, out, fromSecret, endpoint, image }, context);
          return { document: model, text: (paint) => fetchedText(model, paint) };
        },
        { interruptible: true, farewell },
      );
    });
}
