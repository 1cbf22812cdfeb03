import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { listenForInterruption } from '../interruption.ts';

/** What the image of the trainer starts; nothing that a person would call. */
export function addTrainer(program: Command, run: Run): void {
  program
    .command('trainer', { hidden: true })
    .summary('carry out the job in NASOA_JOB')
    .description('Carry out the job in the environment variable NASOA_JOB, as the pods of an operator do.')
    .action(async () => {
      await run(async ({ clock, env }) => {
        const { createLog } = await import('../../server/logger.ts');
        const log = createLog({ level: env.NASOA_DEBUG ? 'debug' : 'info', clock, stream: process.stderr });
        // before TensorFlow is loaded, which takes seconds: the first process of a container gets no signal it does not handle
        const stop = listenForInterruption(() => log.info('Told to end; a checkpoint is kept'));
        try {
          const { systemScheduler } = await import('../../server/scheduler.ts');
          const { httpsPost } = await import('../../server/https-post.ts');
          const { runTrainer } = await import('../pod/trainer.ts');
          const { saveLastWord } = await import('../pod/last-word.ts');
          saveLastWord(env, log);
          const scheduler = systemScheduler;
          const options = { env, clock, scheduler, post: httpsPost(scheduler), log, signal: stop.signal };
          const { message, exitCode } = await runTrainer(options);
          return { document: message, text: () => '', exitCode };
        } finally {
          stop.dispose();
        }
      });
    });
}
