import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { decimal } from '../options.ts';
import { requirePath } from '../task-options.ts';
import type { Paint } from '../terminal/paint.ts';
import { memberText, verifyText, zooText } from '../terminal/zoo-text.ts';
import { judge, trainingFiles } from '../verdict.ts';
import { addZooChanges } from './zoo-change.ts';

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
  addZooChanges(zoo, run);
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
    .option('--card', 'as a card in Markdown')
    .action(async (name: string, options: { readonly zoo?: string; readonly card?: boolean }) => {
      await run(async ({ env }) => {
        const { memberOf } = await import('../../nas/zoo.ts');
        const member = memberOf(await openZoo(options.zoo, env), name);
        const { memberCard } = await import('../../nas/member-card.ts');
        const text = options.card ? () => memberCard(member).trimEnd() : (paint: Paint) => memberText(member, paint);
        return { document: member, text };
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
