import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { InputError, RunError } from '../../lib/errors.ts';
import type { EvaluatorOptions } from './evaluator.ts';
import type { Reply, Request } from './evaluator-messages.ts';

const program = fileURLToPath(new URL('evaluator-process.ts', import.meta.url));

/** A training ends with its step. */
const patienceMilliseconds = 5000;

/** The process ended without an answer: killed for want of memory, most likely. */
export class EvaluatorLost extends Error {}

/** A process that evaluates candidates, one request at a time. It is begun with the first request, and anew after a loss. */
export class EvaluatorChild {
  readonly #options: EvaluatorOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #cores: string | undefined;
  #child: ChildProcess | undefined;

  /** `hidesGpu`: the process works on the CPU whatever the machine has; `cores`: on these alone, in taskset's words. */
  constructor(
    options: EvaluatorOptions,
    { hidesGpu = false, cores }: { readonly hidesGpu?: boolean; readonly cores?: string } = {},
  ) {
    this.#options = options;
    this.#cores = cores;
    this.#env = hidesGpu ? { ...process.env, CUDA_VISIBLE_DEVICES: '-1' } : process.env;
  }

  /** Rejects with EvaluatorLost, InputError and RunError. */
  async ask<K extends Reply['kind']>(
    request: Request,
    expected: K,
  ): Promise<Extract<Reply, { readonly kind: K | 'failed' }>> {
    if (this.#child === undefined) {
      this.#child = fork(program, { stdio: ['ignore', 2, 2, 'ipc'], env: this.#env, ...pinning(this.#cores) });
      await this.ask({ kind: 'open', options: this.#options }, 'opened');
    }
    const reply = await this.#exchange(this.#child, request);
    if (reply.kind === 'refused') {
      throw reply.isInput ? new InputError(reply.message, reply.remedy) : new RunError(reply.message, reply.remedy);
    }
    if (reply.kind !== expected && reply.kind !== 'failed')
      throw new Error(`"${reply.kind}" came for "${request.kind}"`);
    return reply as Extract<Reply, { readonly kind: K | 'failed' }>;
  }

  /** Ends the process; what it was at is lost. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMilliseconds);
    await ended;
    clearTimeout(timer);
  }

  #exchange(child: ChildProcess, request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        child.off('message', answered);
        if (this.#child === child) this.#child = undefined;
        reject(new EvaluatorLost(`The process ended with ${signal ?? `code ${code}`}.`));
      };
      const answered = (reply: unknown): void => {
        child.off('exit', ended);
        resolve(reply as Reply);
      };
      child.once('message', answered);
      child.once('exit', ended);
      child.send(request, (error) => {
        if (error !== null && child.exitCode !== null) ended(child.exitCode, child.signalCode);
      });
    });
  }
}

/** TensorFlow makes as many threads as the process may use cores, so it has to be pinned from its very start. */
const pinning = (cores: string | undefined) =>
  cores === undefined
    ? {}
    : { execPath: 'taskset', execArgv: ['--cpu-list', cores, process.execPath, ...process.execArgv] };
