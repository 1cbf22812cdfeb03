/**
 * `make bench-zoo`: the zoo's own members and peers of several sizes, their training steps timed here, then trained from
 * nothing on the same images by the same recipe for as many epochs in this engine, as far as they decide how families
 * compare. `ARGS='--keep FILE'` keeps each training's accuracy, and goes on with what is missing, a killed training
 * included; `--search FOLDER` takes the members that a search would give instead of a zoo's; `--train-only --part 1/8`
 * times nothing and trains a part of all, for several processes on a GPU; `--quick` shows that everything works and
 * writes no result.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tensorflowVersion } from '../../src/graph/session.ts';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { RunError } from '../../src/lib/errors.ts';
import { KeptLines } from '../lib/kept-lines.ts';
import { atLeast, exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { classes, KeptTrainings, type Trained } from './kept-trainings.ts';
import { compare, isPoint, type Level, nextToTrain, type Point } from './levels.ts';
import { type Contestant, ours, ownContestants, peerContestants, searchedContestants } from './networks.ts';
import { frontDrawing } from './plot.ts';
import { stepSeconds } from './training.ts';

const columns = {
  network: 'network; "first stride 1": its first convolution does not halve the images',
  family: 'what it belongs to',
  accuracy: 'top-1 on the validation images, in percent',
  ms: 'milliseconds of a training step of 64 images of 64 px, here',
} as const;

const timesAhead = 1.7;
const timedRounds = 15;
const drawing = fileURLToPath(new URL('../../docs/zoo-front.svg', import.meta.url));

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      keep: { type: 'string' },
      zoo: { type: 'string', default: fileURLToPath(new URL('../../zoo/default', import.meta.url)) },
      search: { type: 'string' },
      size: { type: 'string', default: '10' },
      data: { type: 'string' },
      epochs: { type: 'string', default: '10' },
      part: { type: 'string', default: '1/1' },
      'train-only': { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const epochs = quick ? 1 : Number(values.epochs);
  const { zoo, search } = values;
  const own = search === undefined ? await ownContestants(zoo) : await searchedContestants(search, Number(values.size));
  const all = [...own, ...peerContestants];
  const chosen = quick ? [all[0], peerContestants[0]].filter((one) => one !== undefined) : all;
  const { signal } = stop;
  const trainings = new KeptTrainings(await KeptLines.open<Trained>(values.keep), {
    data: values.data,
    epochs,
    signal,
  });
  try {
    if (values['train-only']) {
      const [nth = 1, of = 1] = values.part.split('/').map(Number);
      const missing = chosen.filter((one) => trainings.accuracyOf(one) === undefined);
      for (const one of missing.filter((_, i) => i % of === nth - 1)) await trainings.run(one);
      return 0;
    }
    const points = await compared(chosen, trainings, quick ? 2 : timedRounds);
    const rows: Row[] = points.map(({ name, family, accuracy, seconds }) => ({
      ...{ network: name, family, accuracy: round(100 * accuracy, 1), ms: round(1000 * seconds, 2) },
    }));
    printTable(rows);
    const claims = compare(points).map(claimOf);
    printClaims(claims);
    if (quick) return 0;
    await writeFileAtomic(drawing, frontDrawing(points, { epochs }));
    const trainedOn = trainings.devices.join(', ');
    const versions = { tensorflow: await tensorflowVersion(), trainedOn, epochs: String(epochs) };
    const command = `make bench-zoo ARGS='--keep bench/results/zoo-runs.jsonl'`;
    process.stderr.write(`Written: ${await writeResult('zoo', { rows, claims, columns, versions, command })}\n`);
    return exitCode(claims);
  } finally {
    await trainings.close();
  }
}

const stopped = new RunError('Stopped.', 'With --keep FILE the same command goes on where it was.');
/** Ends a training once it is kept, and what is timed at once. */
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(stopped));

/** Step times of all, and the accuracy of those that decide how families compare. */
async function compared(
  contestants: readonly Contestant[],
  trainings: KeptTrainings,
  rounds: number,
): Promise<readonly (Contestant & Point)[]> {
  const networks = contestants.map((one) => one.network(classes));
  const seconds = await stepSeconds(networks, { rounds, signal: stop.signal }, (i, s) =>
    process.stderr.write(`${contestants[i]?.name}: ${(1000 * s).toFixed(1)} ms\n`),
  );
  const timed = () =>
    contestants.map((one, i) => {
      const accuracy = trainings.accuracyOf(one);
      return { ...one, seconds: seconds[i] ?? Number.NaN, ...(accuracy === undefined ? {} : { accuracy }) };
    });
  for (let next = nextToTrain(timed()); next !== undefined; next = nextToTrain(timed())) await trainings.run(next);
  return timed().filter(isPoint);
}

function claimOf({ family, accuracy, ownSeconds, seconds, isReached }: Level) {
  const bound = family === 'EfficientNet' || family === 'RegNetY' ? timesAhead : 1;
  const name = `times the step of ${ours} that ${family} takes at ${(100 * accuracy).toFixed(1)} %`;
  const more = isReached ? '' : ', or more: none that was trained is as accurate';
  return atLeast(`${name}${more}`, round(seconds / ownSeconds, 2), bound);
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

await runMain(main);
