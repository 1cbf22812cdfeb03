import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import type { Experience } from '../../planner/types.ts';
import type { ImportReport } from '../../store/experience.ts';
import type { Answer, Run } from '../context.ts';
import { integer } from '../options.ts';
import { requirePath } from '../task-options.ts';
import { experienceText, importText } from '../terminal/experience-text.ts';

/** A run, and whether it is the user's own or came with the zoo. */
export interface KnownRun extends Experience {
  readonly source: 'own' | 'shipped';
}

interface ListOptions {
  readonly dataset?: string;
  readonly member?: string;
  readonly limit: number;
  readonly own?: boolean;
}

export function addExperience(program: Command, run: Run): void {
  const experience = program
    .command('experience')
    .summary('the finished runs that plans are learnt from')
    .description(
      'The finished runs that plans are learnt from: those of the zoo and your own. No images, no file names.',
    )
    .usage('<command> [options]')
    .helpCommand(false);
  experience
    .command('list')
    .description('List the runs that plans are learnt from, latest last.')
    .option('--dataset <name>', 'only runs on this data set')
    .option('--member <name>', 'only runs of this member')
    .option('--limit <n>', 'the latest so many', integer('--limit', { min: 1, max: 1_000_000 }), 1000)
    .option('--own', 'only your own runs')
    .action(async (options: ListOptions) => {
      await run(async ({ env }) => {
        const runs = await knownRuns(options, env);
        return { document: { runs }, text: (paint) => experienceText(runs, paint) };
      });
    });
  experience
    .command('export')
    .description('Write runs as JSON lines, for another machine to import.')
    .argument('[file]', 'file to write (default: standard output)')
    .option('--all', 'also the runs that came with the zoo')
    .action(async (file: string | undefined, options: { readonly all?: boolean }) => {
      await run(({ env }) => exportRuns(file, options.all ?? false, env));
    });
  experience
    .command('import')
    .description('Add runs that were exported elsewhere; those known already are left as they are.')
    .argument('<file>', 'JSON lines, as export writes them')
    .action(async (file: string) => {
      await run(async ({ env }) => {
        await requirePath(file, 'file', 'Give the path of a file that "nasoa experience export" wrote.');
        const report = await importRuns(file, env);
        return {
          document: report,
          text: (paint) => importText(report, paint),
          exitCode: report.refused.length > 0 ? 2 : 0,
        };
      });
    });
}

async function knownRuns(options: ListOptions, env: NodeJS.ProcessEnv): Promise<readonly KnownRun[]> {
  const { shippedExperience, withOwnExperience } = await import('../experience-records.ts');
  const { mergeExperience } = await import('../../store/shipped-experience.ts');
  const own = await withOwnExperience(env, (store) => store.list());
  const ownIds = new Set(own.map(({ id }) => id));
  const all = options.own ? own : mergeExperience(await shippedExperience(), own);
  return all
    .filter((e) => options.dataset === undefined || e.dataset === options.dataset)
    .filter((e) => options.member === undefined || e.member.name === options.member)
    .slice(-options.limit)
    .map((e) => ({ ...e, source: ownIds.has(e.id) ? 'own' : 'shipped' }));
}

async function exportRuns(file: string | undefined, all: boolean, env: NodeJS.ProcessEnv): Promise<Answer> {
  const { shippedExperience, withOwnExperience } = await import('../experience-records.ts');
  const { mergeExperience } = await import('../../store/shipped-experience.ts');
  const own = await withOwnExperience(env, (store) => store.list());
  const runs = all ? mergeExperience(await shippedExperience(), own) : own;
  const lines = runs.map((e) => JSON.stringify(e)).join('\n');
  if (file === undefined) return { document: { runs }, text: () => lines };
  await writeFileAtomic(file, lines === '' ? '' : `${lines}\n`);
  return { document: { file, exported: runs.length }, text: () => `${runs.length} runs written to ${file}` };
}

async function importRuns(file: string, env: NodeJS.ProcessEnv): Promise<ImportReport> {
  const { withOwnExperience } = await import('../experience-records.ts');
  return await withOwnExperience(env, (store) => {
    // lines read before somebody listens would be lost, so the file is opened last
    const input = createReadStream(file, 'utf8');
    return store.import(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }));
  });
}
