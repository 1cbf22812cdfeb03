/** Commands that put members into a zoo and take them out. */
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { Interruption } from '../interruption.ts';
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
  addBuild(zoo, run);
  addImport(zoo, run);
  addAdd(zoo, run);
  addRemove(zoo, run);
}

interface BuildOptions {
  readonly zoo?: string;
  readonly size: number;
  readonly epochs: number;
  readonly teacher?: string;
  readonly prefix: string;
  readonly only?: string;
  readonly licence: string;
  readonly valShare: number;
  readonly seed: number;
}

function addBuild(zoo: Command, run: Run): void {
  zoo
    .command('build')
    .description(
      'Pre-train the best networks of a search, and add them to your zoo. The same command goes on after Ctrl-C.',
    )
    .argument('<search>', 'folder of the search (nasoa search ... --out)')
    .argument('<data>', 'images to pre-train on: a folder with one folder per class, or an archive')
    .option('--zoo <folder>', 'zoo to add to, made where it is missing (default: your own)')
    .option('--size <n>', 'members to take from the front', integer('--size', { min: 1, max: 100 }), 8)
    .option('--epochs <n>', 'epochs of each pre-training', integer('--epochs', { min: 1, max: 10_000 }), 30)
    .option('--teacher <member>', 'member whose answers they learn from as well, whatever it was trained on')
    .option('--prefix <name>', 'their names are this with a number, fastest first', 'own')
    .option('--only <name>', 'make this member alone; processes with a --zoo each share the work so')
    .option('--licence <text>', 'licence of the weights', 'to be told by whoever owns its training data')
    .option(
      '--val-share <share>',
      'share of the images that validates, where the data has no split of its own',
      share('--val-share', { min: 0.01, max: 0.9 }),
      0.2,
    )
    .option('--seed <n>', 'seed of everything random', integer('--seed', { min: 0, max: 4_294_967_295 }), 1)
    .addHelpText(
      'after',
      `
Example:
  $ nasoa search ./images --out search --evaluations 200
  $ nasoa zoo build search ./images --size 8 --epochs 30`,
    )
    .action(async (search: string, path: string, options: BuildOptions) => {
      await run(async (context) => {
        await requirePath(
          path,
          'data set',
          'Give the path of a folder with one folder of images per class, or of an archive.',
        );
        const { userZooDir } = await import('../../nas/zoo.ts');
        const { buildZoo } = await import('../local/zoo-build.ts');
        const { zoo: folder = userZooDir(context.env), valShare: validationShare, only, teacher, ...rest } = options;
        const request = { ...rest, only, teacher, search, path, zoo: folder, validationShare };
        const built = await buildZoo({ ...request, measuringSeconds: Number.POSITIVE_INFINITY }, context);
        const { signal } = context;
        return {
          document: built,
          text: (paint) => {
            const table = zooText({ name: folder, members: built.members }, paint);
            return built.ended === 'done' ? table : `${table}\n\nStopped; the same command goes on.`;
          },
          ...(built.ended === 'interrupted' && signal.reason instanceof Interruption
            ? { exitCode: signal.reason.exitCode }
            : {}),
        };
      });
    });
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
