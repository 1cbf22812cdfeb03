import { Fifo } from './fifo.ts';

const waiting = new Fifo<() => void>();
let isComing = false;

/**
 * Runs something soon, in a turn of the event loop in which nothing else from here runs. All that calls `setImmediate`
 * runs in one turn, however much that is; what takes milliseconds comes here, and others have their turn in between.
 */
export function inTurn(run: () => void): void {
  waiting.push(run);
  if (!isComing) setImmediate(next);
  isComing = true;
}

/** Resolves in such a turn. */
export const ownTurn = (): Promise<void> => new Promise(inTurn);

function next(): void {
  const run = waiting.shift();
  isComing = waiting.length > 0;
  if (isComing) setImmediate(next);
  run?.();
}
