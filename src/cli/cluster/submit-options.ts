import { type Command, Option } from 'commander';
import { parseDuration } from '../../lib/duration.ts';
import { InputError } from '../../lib/errors.ts';
import { decimal, integer, share } from '../options.ts';
import { addRegimeOptions } from '../regime-options.ts';
import { preferOption, replanOption } from '../task-options.ts';
import { parseGpu } from './gpu.ts';
import { addClusterOptions, objectName } from './options.ts';

/** Options of `nasoa tune` that mean nothing on a cluster, and why. */
const refused: Readonly<Record<string, string>> = {
  '--steps': 'on a cluster the number of steps follows from the budget',
  '--max-damaged': 'on a cluster up to a fifth of the files may be unusable',
  '--predictor': "a cluster's operator has one for all tasks",
  '--without-experience-of': 'on a cluster all experience counts',
  '--resume': 'a task on a cluster goes on from its checkpoint by itself',
};

/** All that `submit` takes: the task's options as for `tune`, where its data lies, and the cluster. */
export function addSubmitOptions(command: Command): Command {
  command
    .requiredOption('--output <place>', 'where the model goes: claim:NAME/PATH or s3://BUCKET/PREFIX')
    .addOption(
      new Option('--budget <time>', 'active time, such as 90s, 5m, 1h30m (default: 5m)').argParser((text) =>
        parseDuration(text, 'budget'),
      ),
    )
    .option('--price-per-hour <n>', 'price of an hour of one pod', decimal('--price-per-hour', { min: 1e-6, max: 1e6 }))
    .option(
      '--max-cost <n>',
      'most that it may cost, in the same currency',
      decimal('--max-cost', { min: 1e-6, max: 1e9 }),
    )
    .option(
      '--target-accuracy <share>',
      'plan the shortest run that is expected to reach it, such as 0.9',
      share('--target-accuracy', { min: 0.001, max: 1 }),
    )
    .addOption(preferOption())
    .addOption(replanOption())
    .option('--name <name>', 'name of the task (default: from the data, with a number)', objectName('--name'))
    .option('--zoo <name>', "ModelZoo to choose from (default: that in the trainer's image)", objectName('--zoo'))
    .option('--member <name>', 'choose only this member; repeat it for several', collect)
    .option('--seed <n>', 'seed of everything random', integer('--seed', { min: 0, max: 4_294_967_295 }))
    .option(
      '--val-share <share>',
      'share of the images that validates (default: 0.2)',
      share('--val-share', { min: 0.05, max: 0.5 }),
    )
    .option('--dry-run', 'print the task for kubectl apply, and submit nothing')
    .option('--wait', 'follow it to its end; Ctrl-C only stops watching');
  addPlaceOptions(command);
  command.optionsGroup('Pods:');
  command
    .option('--gpu [resource]', 'train on a GPU: nvidia.com/gpu, or RESOURCE[:COUNT]', parseGpu)
    .option('--cpu <quantity>', 'processor cores, such as 4 or 500m')
    .option('--memory <quantity>', 'memory, such as 8Gi')
    .option('--queue <name>', 'LocalQueue of Kueue that admits it');
  addClusterOptions(command);
  addRegimeOptions(command, ['steps']);
  for (const [flag, why] of Object.entries(refused)) command.addOption(refusing(flag, why));
  return command;
}

function addPlaceOptions(command: Command): void {
  command.optionsGroup('Places in S3:');
  command
    .option('--data-secret <name>', 'Secret with the keys, for data and output')
    .option('--endpoint <url>', "address of the S3 service (default: AWS's)")
    .option('--region <name>', 'region of the bucket (default: us-east-1)')
    .option('--archive', 'the data is one archive (default: where it is named like one)')
    .option('--output-secret <name>', 'Secret for the output, where it is another one')
    .option('--output-endpoint <url>', 'address for the output, where it is another one')
    .option('--output-region <name>', 'region of the output, where it is another one');
}

const collect = (name: string, before: readonly string[] = []): readonly string[] => [...before, name];

const refusing = (flag: string, why: string): Option =>
  new Option(`${flag} [value]`).hideHelp().argParser(() => {
    throw new InputError(`The option ${flag} is of no use here: ${why}.`, `Leave ${flag} out.`);
  });
