import { Command } from 'commander';
import { addArch } from './commands/arch.ts';
import { addExperience } from './commands/experience.ts';
import { addGetModel } from './commands/get-model.ts';
import { addLogs } from './commands/logs.ts';
import { addOperator } from './commands/operator.ts';
import { addPack } from './commands/pack.ts';
import { addPlan } from './commands/plan.ts';
import { addPredict } from './commands/predict.ts';
import { addSearch } from './commands/search.ts';
import { addStatus } from './commands/status.ts';
import { addSubmit } from './commands/submit.ts';
import { addTrainer } from './commands/trainer.ts';
import { addTune } from './commands/tune.ts';
import { addZoo } from './commands/zoo.ts';
import type { Run } from './context.ts';
import { nasoaVersion } from './version.ts';

const description = `Give nasoa a folder of images and a time limit; get the best classifier that fits it.

It picks a pre-trained network and the whole fine-tuning regime in one shot, before any training, and learns from every finished run.`;

const examples = `
Examples:
  $ nasoa tune ./images --budget 5m            one folder of images per class
  $ nasoa plan ./images --budget 5m            what tune would do, no training
  $ nasoa predict nasoa-out/images photo.jpg   classify with the result
  $ nasoa zoo list                             the networks to start from
  $ nasoa submit claim:images --output claim:models --budget 10m   on a cluster

Every command takes --json: one document on standard output, all else on
standard error. Exit codes: 0 done, 1 the run failed, 2 the input was wrong,
130 interrupted by Ctrl-C.`;

/** The whole command line; nothing heavy is loaded before a command's action runs. */
export function createProgram(run: Run): Command {
  const program = new Command('nasoa')
    .description(description)
    .usage('<command> [options]')
    .version(nasoaVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option('--json', 'print one JSON document instead of text')
    .option('--quiet', 'print no progress')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    // errors are told in one place, by the session
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText('after', examples);
  addTune(program, run);
  addPlan(program, run);
  addPredict(program, run);
  addSubmit(program, run);
  addStatus(program, run);
  addLogs(program, run);
  addGetModel(program, run);
  addZoo(program, run);
  addSearch(program, run);
  addExperience(program, run);
  addArch(program, run);
  addOperator(program, run);
  addTrainer(program, run);
  addPack(program, run);
  return program;
}
