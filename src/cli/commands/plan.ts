import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { addTaskOptions, type TaskOptions, taskRequest } from '../task-options.ts';
import { planText } from '../terminal/plan-text.ts';

const notes = `
Examples:
  $ nasoa plan ./images --budget 10m
  $ nasoa plan ./images --member small --json`;

export function addPlan(program: Command, run: Run): void {
  const command = program
    .command('plan')
    .summary('rank what could be done within a time limit, without training')
    .description('Profile a set of images and rank networks and regimes for a time limit, without training.')
    .argument('<path>', 'images: a folder or an archive');
  addTaskOptions(command)
    .addHelpText('after', notes)
    .action(async (path: string, options: TaskOptions) => {
      await run(async (context) => {
        const request = await taskRequest(path, options);
        const { planLocally } = await import('../local/plan.ts');
        const outcome = await planLocally(request, context);
        return { document: outcome, text: (paint) => planText(outcome, paint) };
      });
    });
}
