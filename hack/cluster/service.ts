import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { RunError } from '../../src/lib/errors.ts';
import { lastLines } from '../tool.ts';
import { hostProgram } from './programs.ts';

export interface ServiceSettings {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** File that everything it says is added to. */
  readonly log: string;
  readonly readySeconds: number;
  /** Whether it serves; asked until it says yes. An error counts as no. */
  readonly isReady: () => Promise<boolean>;
  /** Runs it as that user and group. */
  readonly user?: number;
}

const askAgainMs = 50;
const graceSeconds = 15;

/** A server in the background that can be stopped and started again, as an outage does it. */
export class Service {
  readonly #settings: ServiceSettings;
  #child: ChildProcess | undefined;

  constructor(settings: ServiceSettings) {
    this.#settings = settings;
  }

  get name(): string {
    return this.#settings.name;
  }

  get log(): string {
    return this.#settings.log;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it serves. Throws RunError with its last words where it ends or takes too long. */
  async start(): Promise<void> {
    if (this.#isRunning()) return;
    const { command, env, log, readySeconds, isReady, name, user } = this.#settings;
    const file = await open(log, 'a');
    try {
      // the kernel ends it with its parent, so that a killed test leaves nothing behind
      const identity = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
      const args = [...identity, '--pdeathsig', 'KILL', '--', ...command];
      this.#child = spawn(hostProgram('setpriv', env), args, { env, stdio: ['ignore', file.fd, file.fd] });
      // a failure to start shows as a child without a pid; unheard, the event would end this process
      this.#child.on('error', () => undefined);
    } finally {
      await file.close();
    }
    try {
      await until(`${name} is ready`, readySeconds, async () => {
        if (!this.#isRunning()) throw new RunError(`${name} ended.`, 'See its log.');
        return (await isReady().catch(() => false)) ? true : undefined;
      });
    } catch (error) {
      await this.stop('SIGKILL');
      throw new RunError(
        `${name} did not start:\n${lastLines(existsSync(log) ? readFileSync(log, 'utf8') : '', 15)}`,
        `The whole log is ${log}.`,
        { cause: error },
      );
    }
  }

  /** Ends it; by force where it takes too long. SIGKILL is what a crash looks like. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.#isRunning()) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = new AbortController();
    const late = pause(graceSeconds * 1000, 'late', { signal: timer.signal }).catch(() => 'in time');
    if ((await Promise.race([ended, late])) === 'late') {
      child.kill('SIGKILL');
      await ended;
    }
    timer.abort();
  }

  #isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }
}

/** Stops services, the last started first. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  for (const service of [...services].reverse()) await service.stop();
}

/** Asks until there is an answer. Throws RunError after so many seconds; an error of `ask` ends the waiting. */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new RunError(`Waited ${seconds} s in vain until ${what}.`, 'See the logs.');
    await pause(askAgainMs);
  }
}

/** Ports of the loopback address that are free now; all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
