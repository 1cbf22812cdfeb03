import { once } from 'node:events';
import type { Command } from 'commander';
import type { Run } from '../context.ts';

/** What the helper pod of `get-model` runs; nothing that a person would call. */
export function addPack(program: Command, run: Run): void {
  program
    .command('pack', { hidden: true })
    .summary('write a folder to standard output, as text')
    .description('Write a folder to standard output, as the lines of base64 that "nasoa get-model" reads.')
    .argument('<folder>', 'folder of an artifact')
    .action(async (folder: string) => {
      await run(async () => {
        const { packFolder } = await import('../cluster/packing.ts');
        for await (const line of packFolder(folder)) {
          if (!process.stdout.write(line)) await once(process.stdout, 'drain');
        }
        return { document: {}, text: () => '' };
      });
    });
}
