import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { decimal, integer, share } from '../options.ts';
import { requirePath } from '../task-options.ts';
import { memberText, verifyText, zooText } from '../terminal/zoo-text.ts';
import { judge, trainingFiles } from '../verdict.ts';

interface ImportOptions {
  readonly zoo?: string;
  readonly name?: string;
  readonly size?: number;
  readonly accuracy?: number;
  readonly licence?: string;
  readonly provenance?: string;
}

interface VerifyOptions {
  readonly weights: string;
  readonly reference: string;
  readonly gradients?: string;
  readonly trainReference?: string;
  readonly tolerance: number;
  readonly gradientTolerance: number;
}

export function addZoo(program: Command, run: Run): void {
  const zoo = program
    .command('zoo')
    .summary('the pre-trained networks to start from')
    .description('The pre-trained networks that a task may start from.')
    .usage('<command> [options]')
    .helpCommand(false);
  addList(zoo, run);
  addShow(zoo, run);
  addImport(zoo, run);
  addVerify(zoo, run);
}

function addList(zoo: Command, run: Run): void {
  zoo
    .command('list')
    .description('List the members of the zoo.')
    .option('--zoo <folder>', 'folder of the zoo (default: the shipped one and your imported members)')
    .action(async (options: { readonly zoo?: string }) => {
      await run(async ({ env }) => {
        const found = await openZoo(options.zoo, env);
        return { document: found, text: (paint) => zooText(found, paint) };
      });
    });
}

function addShow(zoo: Command, run: Run): void {
  zoo
    .command('show')
    .description('Show everything that is known of one member.')
    .argument('<name>', 'name of the member')
    .option('--zoo <folder>', 'folder of the zoo (default: the shipped one and your imported members)')
    .action(async (name: string, options: { readonly zoo?: string }) => {
      await run(async ({ env }) => {
        const { memberOf } = await import('../../nas/zoo.ts');
        const member = memberOf(await openZoo(options.zoo, env), name);
        return { document: member, text: (paint) => memberText(member, paint) };
      });
    });
}

function addImport(zoo: Command, run: Run): void {
  zoo
    .command('import')
    .description('Add a network with its weights to your zoo.')
    .argument('<encoding>', 'the network that the weights belong to')
    .argument(
      '[weights]',
      "safetensors, or PyTorch's .pth or .pt (default: fetched, for networks whose weights are published)",
    )
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

function addVerify(zoo: Command, run: Run): void {
  zoo
    .command('verify')
    .description('Compare a network with reference outputs, and its gradients with reference gradients.')
    .argument('<encoding>', 'the network')
    .requiredOption('--weights <file>', 'its weights, safetensors')
    .requiredOption('--reference <file>', 'safetensors with "input" (NCHW) and "logits"')
    .option('--gradients <file>', 'safetensors with a gradient for each weight')
    .option('--train-reference <file>', 'safetensors with "input", "labels" and "loss"')
    .option(
      '--tolerance <n>',
      'largest absolute difference of logits allowed',
      decimal('--tolerance', { min: 0, max: 1000 }),
      1e-4,
    )
    .option(
      '--gradient-tolerance <n>',
      'largest relative difference of a gradient allowed',
      decimal('--gradient-tolerance', { min: 0, max: 1000 }),
      1e-4,
    )
    .addHelpText('after', '\nExits with 1 where a difference is beyond its tolerance.')
    .action(async (encoding: string, options: VerifyOptions) => {
      await run(async () => {
        const { gradients, trainReference, tolerance, gradientTolerance, weights, reference } = options;
        const training = trainingFiles(gradients, trainReference);
        for (const file of [weights, reference, gradients, trainReference]) {
          if (file !== undefined) await requirePath(file, 'file', 'Give the path of a safetensors file.');
        }
        const { verifyNetwork } = await import('../local/zoo-verify.ts');
        const request = { encoding, weights, reference, training, tolerance, gradientTolerance };
        const outcome = await verifyNetwork(request);
        const verdict = judge(outcome, request);
        return { document: verdict, text: (paint) => verifyText(verdict, paint), exitCode: verdict.holds ? 0 : 1 };
      });
    });
}

async function openZoo(dir: string | undefined, env: NodeJS.ProcessEnv) {
  const { defaultZoo, loadZoo } = await import('../../nas/zoo.ts');
  return dir === undefined ? await defaultZoo(env) : await loadZoo(dir);
}
