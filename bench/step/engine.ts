import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  asBuildReply,
  asMemoryReply,
  asStepsReply,
  type BuildReply,
  type MemoryReply,
  parseReply,
  type Request,
  type StepTask,
  type Variant,
} from './protocol.ts';

/** torch.compile on two cores takes a minute or two; beyond this an engine hangs. */
const replyTimeoutMs = 20 * 60_000;

/** How an engine's process is started. */
export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const oursLaunch: Launch = {
  name: 'nasoa',
  command: process.execPath,
  args: [fileURLToPath(new URL('ours.ts', import.meta.url))],
};

/** `cache`: where compiled kernels are kept between runs. */
export const peerLaunch = (python: string, cache: string): Launch => ({
  name: 'PyTorch',
  command: python,
  args: ['-B', fileURLToPath(new URL('peer.py', import.meta.url))],
  env: { TORCHINDUCTOR_CACHE_DIR: cache },
});

/** One engine with one network built, in a process of its own; one request at a time. */
export class Engine {
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #errored: Promise<never>;
  readonly #iterator: AsyncIterator<string>;

  constructor(launch: Launch) {
    this.name = launch.name;
    this.#child = spawn(launch.command, launch.args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...launch.env },
    });
    this.#errored = new Promise((_, reject) => this.#child.once('error', reject));
    this.#errored.catch(() => undefined);
    // a process that died shows as the end of its replies
    this.#child.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#iterator = this.#lines[Symbol.asyncIterator]();
  }

  async build(task: StepTask, variant: Variant): Promise<BuildReply> {
    return asBuildReply(await this.#ask({ cmd: 'build', ...task, variant }));
  }

  /** Seconds of each of `count` whole training steps. */
  async steps(count: number): Promise<readonly number[]> {
    return asStepsReply(await this.#ask({ cmd: 'steps', count })).seconds;
  }

  async memory(): Promise<MemoryReply> {
    return asMemoryReply(await this.#ask({ cmd: 'memory' }));
  }

  /** Ends the process, whatever its state. */
  close(): void {
    this.#lines.close();
    this.#child.stdin.end();
    this.#child.kill();
  }

  async #ask(request: Request): Promise<Readonly<Record<string, unknown>>> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(
        `${this.name} did not reply to "${request.cmd}" within ${replyTimeoutMs / 60_000} minutes`,
      );
      timer = setTimeout(() => reject(error), replyTimeoutMs);
    });
    try {
      const next = await Promise.race([this.#iterator.next(), this.#errored, late]);
      if (next.done) throw new Error(`the process of ${this.name} ended at "${request.cmd}"`);
      return parseReply(next.value, this.name);
    } finally {
      clearTimeout(timer);
    }
  }
}
