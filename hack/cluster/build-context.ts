import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Changes with any file that a build of images in that folder can see, and with `others`. 16 hexadecimal digits. */
export function contextKey(folder: string, others: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(others));
  for (const path of visibleFiles(folder))
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(folder, path)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** By a .dockerignore that leaves out all (`*`), takes names back in (`!src`) and leaves out folders of those (`hack/zoo`). */
export function visibleFiles(folder: string): readonly string[] {
  const lines = readFileSync(join(folder, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const taken = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const leftOut = new Set(lines.filter((line) => !line.startsWith('!')));
  const below = (path: string): readonly string[] => {
    if (leftOut.has(path)) return [];
    if (!statSync(join(folder, path)).isDirectory()) return [path];
    return readdirSync(join(folder, path)).flatMap((name) => below(`${path}/${name}`));
  };
  return taken.flatMap(below).sort();
}
