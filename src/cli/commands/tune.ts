import type { Command } from 'commander';
import type { Answer, Run } from '../context.ts';
import { Interruption } from '../interruption.ts';
import { chooseOut } from '../out-folder.ts';
import type { TuneOutcome } from '../requests.ts';
import { addTaskOptions, replanOption, type TaskOptions, taskRequest } from '../task-options.ts';
import { planText } from '../terminal/plan-text.ts';
import { interruptedText, resultText } from '../terminal/result-text.ts';

interface TuneOptions extends TaskOptions {
  readonly out?: string;
  readonly resume?: boolean;
  readonly learn: boolean;
  readonly replan?: boolean;
}

const notes = `
The path is a folder with one folder of images per class, or a .tar, .tar.gz or
.zip of one; a split into train and val (or test) folders is kept.

Examples:
  $ nasoa tune ./images                         result in ./nasoa-out/images
  $ nasoa tune photos.zip --budget 90s --out result
  $ nasoa tune ./images --input-size 96         fix one choice of the regime
  $ nasoa tune ./images --out result --resume   go on after Ctrl-C or a crash

The output folder gets result.json, report.html and model/.`;

export function addTune(program: Command, run: Run): void {
  const command = program
    .command('tune')
    .summary('fine-tune the best classifier within a time limit')
    .description('Fine-tune the best classifier for a set of images within a time limit.')
    .argument('<path>', 'images: a folder or an archive')
    .option('--out <folder>', 'folder for the result (default: ./nasoa-out/NAME)')
    .option('--resume', 'go on with the unfinished run in the output folder')
    .addOption(replanOption())
    .option('--no-learn', 'do not keep the run as experience');
  addTaskOptions(command)
    .addHelpText('after', notes)
    .action(async (path: string, options: TuneOptions) => {
      await run(
        async (context) => {
          const { out: wanted, resume = false, learn, replan = false } = options;
          const task = await taskRequest(path, options);
          const out = await chooseOut({ path, out: wanted, resume });
          const { tuneLocally } = await import('../local/tune.ts');
          const outcome = await tuneLocally({ ...task, out, resume, learn, replan }, context, (plan) =>
            context.print(`\n${planText(plan, context.paint)}\n`),
          );
          return answer(outcome, path, out, context.signal);
        },
        { interruptible: true },
      );
    });
}

function answer(outcome: TuneOutcome, path: string, out: string, signal: AbortSignal): Answer {
  if (outcome.kind === 'finished') {
    const { result } = outcome;
    return { document: { out, ...result }, text: (paint) => resultText(result, out, paint) };
  }
  const { kind: _kind, ...interrupted } = outcome;
  const exitCode = signal.reason instanceof Interruption ? signal.reason.exitCode : 1;
  return {
    document: { interrupted: { out, ...interrupted } },
    text: (paint) => interruptedText(interrupted, path, out, paint),
    exitCode,
  };
}
