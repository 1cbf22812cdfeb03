import { writeFileSync } from 'node:fs';
import { terminationMessage } from '../../crds/trainer-codec.ts';
import { exitCodes, type TrainerMessage } from '../../crds/trainer-job.ts';
import type { Log } from '../../server/logger.ts';
import { failureMessage } from './failures.ts';

export interface LastWord {
  /** Writes the termination message, which the kubelet reads when the container has ended. Never throws. */
  say(message: TrainerMessage): void;
}

/** The kubelet mounts this file, so it is written in place. */
export function lastWord(env: NodeJS.ProcessEnv, log: Log): LastWord {
  const path = env.NASOA_TERMINATION_LOG ?? '/dev/termination-log';
  return {
    say: (message) => {
      try {
        writeFileSync(path, terminationMessage(message));
      } catch (error) {
        log.error('The termination message cannot be written', { path, error });
      }
    },
  };
}

/** A bug that nobody catches must leave a termination message too. Ends the process, as Node does without it. */
export function saveLastWord(env: NodeJS.ProcessEnv, log: Log): void {
  const end = (error: unknown): void => {
    log.error('The trainer crashed', { error });
    lastWord(env, log).say(failureMessage(error));
    // the log is a stream: its line is written by then
    setImmediate(() => process.exit(exitCodes.failed));
  };
  process.once('uncaughtException', end);
  process.once('unhandledRejection', end);
}
