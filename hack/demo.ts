/** The main job on real pictures: fetches them once, then `nasoa tune` within two minutes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir } from '../src/lib/user-dirs.ts';
import { emojiFolder } from './emoji-pictures.ts';
import { reportFailure } from './tool.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join('out', 'demo');

async function demo(): Promise<void> {
  const folder = await emojiFolder({
    example: join(root, 'examples', 'emoji'),
    cache: join(cacheDir(), 'demo'),
    env: process.env,
    log: (line) => process.stdout.write(`${line}\n`),
  });
  await rm(join(root, out), { recursive: true, force: true });
  const args = ['bin/nasoa.js', 'tune', folder, '--budget', '2m', '--out', out];
  process.stdout.write(`\n$ npx nasoa ${args.slice(1).join(' ')}\n`);
  // Ctrl-C reaches the command as well, which then keeps its checkpoint; this process only waits for its end
  process.on('SIGINT', () => undefined);
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exitCode = typeof code === 'number' ? code : 1;
  if (code !== 0) return;
  process.stdout.write(`\nReport: ${join(out, 'report.html')} (open it in a browser)\nModel:  ${join(out, 'model')}\n`);
  process.stdout.write(`Try it: npx nasoa predict ${join(out, 'model')} IMAGE...\n`);
}

try {
  await demo();
} catch (error) {
  reportFailure(error);
}
