/**
 * Exits with 0 where node_modules holds what package-lock.json names, with 1 where npm has work to do.
 * Plain JavaScript of Node 20: it runs before the project's own Node is there.
 */
import { readFileSync } from 'node:fs';

const root = process.argv[2] ?? '.';
const read = (path) => JSON.parse(readFileSync(`${root}/${path}`, 'utf8')).packages;

/** npm writes the second file when an installation is through, so a killed one is never taken for finished. */
function isCurrent() {
  const [wanted, installed] = [read('package-lock.json'), read('node_modules/.package-lock.json')];
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    // packages for other platforms are optional and stay away
    return found === undefined ? entry.optional === true : found.integrity === entry.integrity;
  });
}

try {
  process.exitCode = isCurrent() ? 0 : 1;
} catch {
  process.exitCode = 1;
}
