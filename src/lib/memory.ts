import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';

/** Bytes of memory that this process may have: the machine's, or less where a control group bounds it. */
export function memoryLimit(): number {
  const limit = constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
