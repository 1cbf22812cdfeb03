import type { Command } from 'commander';
import type { SubmitOptions } from '../cluster/draft.ts';
import { defaultGpu } from '../cluster/gpu.ts';
import { addSubmitOptions } from '../cluster/submit-options.ts';
import type { CommandContext, Run } from '../context.ts';

/** `--gpu` alone gives `true`. */
interface GivenOptions extends Omit<SubmitOptions, 'gpu'> {
  readonly gpu?: SubmitOptions['gpu'] | true;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

const notes = `
The data is a folder with one folder of images per class, or an archive of one,
where the pods of the cluster see it: claim:NAME/PATH in a PersistentVolumeClaim
of the namespace, or s3://BUCKET/PREFIX with the keys in a Secret.

Examples:
  $ nasoa submit claim:flowers --output claim:models --budget 10m --gpu
  $ nasoa submit claim:data/pets.zip --output claim:models --wait
  $ nasoa submit s3://datasets/pets --data-secret s3-keys \\
      --output s3://models/pets --max-cost 2 --price-per-hour 3.5
  $ nasoa submit claim:flowers --output claim:models --dry-run > task.yaml

What has no option here can be added to the file of --dry-run; see
docs/reference/api.md.`;

export function addSubmit(program: Command, run: Run): void {
  const command = program
    .command('submit')
    .summary('fine-tune on a cluster: create a task')
    .description('Create a task that fine-tunes the best classifier on a cluster within a budget.')
    .argument('<data>', 'images: claim:NAME/PATH or s3://BUCKET/PREFIX');
  addSubmitOptions(command)
    .addHelpText('after', notes)
    .action(async (data: string, { gpu, ...given }: GivenOptions) => {
      const options = { ...given, ...(gpu === undefined ? {} : { gpu: gpu === true ? defaultGpu : gpu }) };
      const { dryRun = false, wait = false } = given;
      const farewell = 'Stopped watching; the task goes on in the cluster.';
      await run((context) => submit(data, options, { dryRun, wait }, context), { interruptible: wait, farewell });
    });
}

async function submit(
  data: string,
  options: SubmitOptions,
  { dryRun, wait }: { readonly dryRun: boolean; readonly wait: boolean },
  context: CommandContext,
) {
  const { draftTask } = await import('../cluster/draft.ts');
  const draft = draftTask(data, options);
  const { dryRunAnswer, submitTask } = await import('../cluster/submit.ts');
  return dryRun ? dryRunAnswer(draft, options) : await submitTask(draft, options, wait, context);
}
