/**
 * `make bench-teacher`: whether members that learned from EfficientNet-Lite2's answers beside the labels are better to
 * start from. The same members are trained from nothing on tiny-imagenet-100 with and without them, the same images in the
 * same order for as many epochs, and then fine-tuned on the five task sets. `ARGS='--keep FILE'` goes on where it was.
 */
import { parseArgs } from 'node:util';
import { tensorflowVersion } from '../../src/graph/session.ts';
import { RunError } from '../../src/lib/errors.ts';
import { loadZoo, shippedZooDir } from '../../src/nas/zoo.ts';
import { KeptLines } from '../lib/kept-lines.ts';
import { exitCode, printClaims, printTable, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { datasetNames } from '../tune/datasets.ts';
import { arms, claimsOf, columns, type FineTuning, type Line, type Pretraining, rowsOf } from './report.ts';
import { Trainings } from './trainings.ts';

const log = (line: string): boolean => process.stderr.write(`${line}\n`);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      keep: { type: 'string' },
      members: { type: 'string', default: 'nano,tiny' },
      teacher: { type: 'string', default: 'efficientnet-lite2' },
      epochs: { type: 'string', default: '10' },
      steps: { type: 'string', default: '500' },
      seeds: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
    },
  });
  const { quick, teacher } = values;
  const members = values.members.split(',').slice(0, quick ? 1 : undefined);
  const datasets = datasetNames.slice(0, quick ? 1 : undefined);
  const [epochs, steps] = quick ? [1, 20] : [Number(values.epochs), Number(values.steps)];
  const seeds = Array.from({ length: quick ? 1 : Number(values.seeds) }, (_, i) => i + 1);
  const zoo = await loadZoo(shippedZooDir(), [...members, teacher]);
  const kept = await KeptLines.open<Line>(quick ? undefined : values.keep);
  await using trainings = new Trainings({ zoo, teacher, epochs, steps, signal: stop.signal, log });
  for (const member of members) {
    for (const arm of arms) {
      if (kept.all.some((one) => isPretraining(one) && isSame(one, { member, arm, epochs }))) continue;
      const accuracy = await trainings.pretrain(member, arm);
      kept.add({ kind: 'pre-training', member, arm, epochs, accuracy });
      log(`${member}, ${arm}: ${percent(accuracy)} after ${epochs} epochs`);
    }
  }
  for (const seed of seeds) {
    for (const dataset of datasets) {
      for (const member of members) {
        for (const arm of arms) {
          const slot = { member, arm, epochs, dataset, seed, steps };
          if (kept.all.some((one) => isFineTuning(one) && isSame(one, slot))) continue;
          const accuracy = await trainings.fineTune(slot);
          kept.add({ kind: 'fine-tuning', ...slot, accuracy });
          log(`${member}, ${arm}, ${dataset}, seed ${seed}: ${percent(accuracy)}`);
        }
      }
    }
  }
  const [rows, claims] = [rowsOf(kept.all), claimsOf(kept.all)];
  printTable(rows, Object.keys(columns));
  process.stdout.write('\n');
  printClaims(claims);
  if (quick) return 0;
  const command = `make bench-teacher ARGS='--keep bench/results/teacher-runs.jsonl'`;
  const versions = { tensorflow: await tensorflowVersion(), teacher, epochs: String(epochs), steps: String(steps) };
  log(`Written: ${await writeResult('teacher', { rows, claims, columns, versions, command })}`);
  return exitCode(claims);
}

const isPretraining = (line: Line): line is Pretraining => line.kind === 'pre-training';
const isFineTuning = (line: Line): line is FineTuning => line.kind === 'fine-tuning';
const isSame = <T extends Line>(line: T, wanted: Partial<T>): boolean =>
  Object.entries(wanted).every(([key, value]) => line[key as keyof T] === value);

const stop = new AbortController();
const stopped = new RunError('Stopped.', 'With --keep FILE the same command goes on where it was.');
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(stopped));

await runMain(main);
