import { parentPort, workerData } from 'node:worker_threads';
import { prepare } from './ground.ts';
import { type JudgeKind, judgeKinds } from './judges.ts';
import { regretsOf } from './one-shot.ts';
import { joined, readTable } from './table.ts';
import type { Piece, PieceRegrets } from './work.ts';

const folders: readonly string[] = workerData;
const table = joined(await Promise.all(folders.map(readTable)));
const named = (names: readonly string[]) => table.datasets.filter(({ name }) => names.includes(name));

parentPort?.on('message', ({ seed, learn, choose, budgets, setting, methods }: Piece) => {
  const ground = prepare({ ...table, datasets: named(learn) }, seed);
  const regrets = methods.flatMap((method): readonly PieceRegrets[] =>
    regretsOf(judgeKinds[method] as JudgeKind, ground, named(choose), budgets).map((of, i) => ({
      ...{ setting, method, seed, dataset: choose[i] as string, regrets: of },
    })),
  );
  parentPort?.postMessage(regrets);
});
