import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { listenForInterruption } from '../interruption.ts';

/** What the operator's image starts. */
export function addOperator(program: Command, run: Run): void {
  program
    .command('operator')
    .summary('run the operator of a Kubernetes cluster')
    .description(
      'Run the operator: reconcile FineTuneTasks and ModelZoos of the cluster of the current kubeconfig, or of the cluster that this pod is in. Its settings are environment variables, see docs/operations.md.',
    )
    .action(async () => {
      await run(async ({ clock, env }) => {
        const { operatorSettings } = await import('../operator/settings.ts');
        const { runOperator } = await import('../operator/operator.ts');
        const { createLog } = await import('../../server/logger.ts');
        const { systemScheduler } = await import('../../server/scheduler.ts');
        const { systemTimers } = await import('../../kube/timers.ts');
        const { createRng } = await import('../../lib/rng.ts');
        const settings = operatorSettings(env);
        const log = createLog({ level: settings.logLevel, clock });
        const stop = listenForInterruption(() => log.info('Told to end', { identity: settings.identity }));
        // replicas that start together must not ask in step
        const rng = createRng(crypto.getRandomValues(new Uint32Array(1))[0] ?? 1);
        try {
          const { signal } = stop;
          await runOperator({ settings, env, log, rng, signal, timers: systemTimers, scheduler: systemScheduler });
          return { document: {}, text: () => '' };
        } finally {
          stop.dispose();
        }
      });
    });
}
