import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.env.NASOA_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** Path below the folder of development data, undefined where that is missing; tests then skip with a message. */
export function sharedPath(...parts: readonly string[]): string | undefined {
  const path = join(root, ...parts);
  return existsSync(path) ? path : undefined;
}
