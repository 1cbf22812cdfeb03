import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Piece, PieceRegrets } from './work.ts';

/** Goes through the pieces, one a processor at a time. Rejects where a worker fails. */
export async function workThrough(
  folders: readonly string[],
  pieces: readonly Piece[],
  onDone: (found: readonly PieceRegrets[], done: number) => void,
): Promise<void> {
  const left = [...pieces];
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: folders });
    try {
      for (let piece = left.shift(); piece !== undefined; piece = left.shift()) {
        const answer = Promise.withResolvers<readonly PieceRegrets[]>();
        worker.once('message', answer.resolve);
        worker.once('error', answer.reject);
        worker.postMessage(piece);
        const found = await answer.promise;
        worker.removeAllListeners('error');
        onDone(found, ++done);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), pieces.length) }, work));
}
