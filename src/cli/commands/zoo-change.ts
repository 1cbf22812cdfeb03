/** Commands that put members into a zoo and take them out. */
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { integer, share } from '../options.ts';
import { requirePath } from '../task-options.ts';
import { memberText, zooText } from '../terminal/zoo-text.ts';

interface ImportOptions {
  readonly zoo?: string;
  readonly name?: string;
  readonly size?: number;
  readonly accuracy?: number;
  readonly licence?: string;
  readonly provenance?: string;
}

export function addZooChanges(zoo: Command, run: Run): void {
  addImport(zoo, run);
  addAdd(zoo, run);
  addRemove(zoo, run);
}

function addImport(zoo: Command, run: Run): void {
  zoo
    .command('import')
    .description('Add a network with its weights to your zoo.')
    .argument('<encoding>', 'the network that the weights belong to')
    .argument('[weights]', "safetensors, or PyTorch's .pth or .pt (default: the published ones, fetched)")
    .option('--zoo <folder>', 'zoo to add to, made where it is missing (default: your own)')
    .option('--name <name>', 'name of the new member (default: the encoding)')
    .option(
      '--size <pixels>',
      "input size of its pre-training (default: the network's own)",
      integer('--size', { min: 16, max: 1024 }),
    )
    .option('--accuracy <share>', 'its pre-training accuracy, such as 0.71', share('--accuracy', { min: 0, max: 1 }))
    .option('--licence <text>', 'licence of the weights')
    .option('--provenance <text>', 'where the weights come from')
    .addHelpText(
      'after',
      `
Examples:
  $ nasoa zoo import efficientnet-lite1      fetches its ImageNet weights
  $ nasoa zoo import efficientnet-lite1/5    the same, cut after its fifth stage
  $ nasoa zoo import 031-_32_1-1-221-11121 b.pth --name et-nas-b --accuracy 0.669`,
    )
    .action(async (encoding: string, weights: string | undefined, options: ImportOptions) => {
      await run(async (context) => {
        if (weights !== undefined) {
          await requirePath(weights, 'weights file', 'Give the path of a .safetensors, .pth or .pt file.');
        }
        const { userZooDir } = await import('../../nas/zoo.ts');
        const { importMember } = await import('../local/zoo-import.ts');
        const { zoo: folder = userZooDir(context.env), size, name, accuracy, licence, provenance } = options;
        const member = await importMember(
          { encoding, weights, zoo: folder, nativeSize: size, name, accuracy, licence, provenance },
          context,
        );
        return { document: member, text: (paint) => memberText(member, paint) };
      });
    });
}

function addAdd(zoo: Command, run: Run): void {
  zoo
    .command('add')
    .description('Copy members of another zoo into yours.')
    .argument('<from>', 'folder of the other zoo, or its prefix in S3 (s3://BUCKET/PATH)')
    .argument('[names...]', 'members to copy (default: all)')
    .option('--zoo <folder>', 'zoo to add to, made where it is missing (default: your own)')
    .action(async (from: string, names: readonly string[], options: { readonly zoo?: string }) => {
      await run(async (context) => {
        const { userZooDir } = await import('../../nas/zoo.ts');
        const { addMembers } = await import('../local/zoo-add.ts');
        const { zoo: folder = userZooDir(context.env) } = options;
        const members = await addMembers({ from, names, zoo: folder }, context);
        return { document: members, text: (paint) => zooText({ name: folder, members }, paint) };
      });
    });
}

function addRemove(zoo: Command, run: Run): void {
  zoo
    .command('remove')
    .description('Take a member out of your zoo, and its weights where no other member needs them.')
    .argument('<name>', 'name of the member')
    .option('--zoo <folder>', 'zoo to change (default: your own)')
    .action(async (name: string, options: { readonly zoo?: string }) => {
      await run(async (context) => {
        const { removeMember, userZooDir } = await import('../../nas/zoo.ts');
        const member = await removeMember(options.zoo ?? userZooDir(context.env), name);
        return { document: member, text: () => `Removed ${member.name} (${member.encoding}).` };
      });
    });
}
