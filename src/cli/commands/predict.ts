import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { integer } from '../options.ts';
import { requirePath } from '../task-options.ts';
import { predictionsText } from '../terminal/predictions-text.ts';

const notes = `
Examples:
  $ nasoa predict nasoa-out/images photo.jpg
  $ nasoa predict nasoa-out/images/model *.jpg --top 5 --json`;

export function addPredict(program: Command, run: Run): void {
  program
    .command('predict')
    .summary('classify images with a tuned model')
    .description('Classify images with a model that tune made.')
    .argument('<model>', "the model folder of a run, or the run's output folder")
    .argument('<image...>', 'image files')
    .option('--top <n>', 'classes to name for each image', integer('--top', { min: 1, max: 1000 }), 3)
    .addHelpText('after', notes)
    .action(async (model: string, images: string[], options: { readonly top: number }) => {
      await run(async (context) => {
        await requirePath(
          model,
          'model',
          'Give the output folder of a finished "nasoa tune", or the model folder in it.',
        );
        const { predictLocally } = await import('../local/predict.ts');
        const predictions = await predictLocally({ model, images, top: options.top }, context);
        // some images may be fine and others not: tell both, and let scripts see that something was wrong
        const exitCode = predictions.some((prediction) => 'error' in prediction) ? 2 : 0;
        return { document: { predictions }, text: (paint) => predictionsText(predictions, paint), exitCode };
      });
    });
}
