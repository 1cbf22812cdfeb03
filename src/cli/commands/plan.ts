import { type Command, Option } from 'commander';
import { parseDuration } from '../../lib/duration.ts';
import type { Run } from '../context.ts';
import { addTaskOptions, type TaskOptions, taskRequest } from '../task-options.ts';
import { planText, tradeOffText } from '../terminal/plan-text.ts';

const notes = `
Examples:
  $ nasoa plan ./images --budget 10m
  $ nasoa plan ./images --budgets 1m,5m,30m
  $ nasoa plan ./images --member small --json`;

interface PlanOptions extends TaskOptions {
  readonly budgets?: readonly number[];
}

const parseBudgets = (text: string): readonly number[] =>
  text.split(',').map((part) => parseDuration(part.trim(), 'budget'));

export function addPlan(program: Command, run: Run): void {
  const command = program
    .command('plan')
    .summary('rank what could be done within a time limit, without training')
    .description('Profile a set of images and rank networks and regimes for a time limit, without training.')
    .argument('<path>', 'images: a folder or an archive');
  addTaskOptions(command)
    .addOption(
      new Option('--budgets <times>', 'several budgets at once, such as 1m,5m,30m: what each would buy')
        .argParser(parseBudgets)
        .conflicts('budget'),
    )
    .addHelpText('after', notes)
    .action(async (path: string, options: PlanOptions) => {
      await run(async (context) => {
        const request = await taskRequest(path, options);
        const { planLocally, planTradeOff } = await import('../local/plan.ts');
        if (options.budgets !== undefined) {
          const outcome = await planTradeOff(request, options.budgets, context);
          return { document: outcome, text: (paint) => tradeOffText(outcome, paint) };
        }
        const outcome = await planLocally(request, context);
        return { document: outcome, text: (paint) => planText(outcome, paint) };
      });
    });
}
