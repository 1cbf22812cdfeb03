/** The faults that do not need a proxy: operators that are killed, pods that are deleted, trainers that fail. */
import type { Fate } from '../../hack/cluster/simulated-kubelet.ts';
import { exitCodes, type TrainerJob } from '../../src/crds/trainer-job.ts';
import type { Rng } from '../../src/lib/rng.ts';
import { answers, type OperatorCluster } from '../../test/support/operator-cluster.ts';
import { type OperatorProcess, startOperator } from '../../test/support/operator-process.ts';

/** Most pods do well, after a while; some are killed for memory, some fail in a way that may pass. */
export function randomFate(job: TrainerJob, rng: Rng): Fate {
  const afterSeconds = 1 + 8 * rng.next();
  const luck = rng.next();
  if (job.kind === 'training' && luck < 0.05)
    return { exitCode: exitCodes.outOfMemory, reason: 'OOMKilled', afterSeconds };
  if (luck < 0.08) {
    const message = {
      kind: 'failure',
      reason: 'StorageUnreachable',
      message: 'S3 did not answer.',
      activeSeconds: 2,
    } as const;
    return { exitCode: exitCodes.failed, message, afterSeconds };
  }
  return answers(job, afterSeconds);
}

/** An operator that is killed again and again, and started anew. */
export class MortalOperator {
  readonly #env: Readonly<Record<string, string>>;
  readonly #rng: Rng;
  #operator: OperatorProcess | undefined;
  #running: Promise<void> = Promise.resolve();
  #ends = false;
  kills = 0;
  /** Ends that nobody asked for, such as of one that lost its lease. */
  deaths = 0;

  constructor(env: Readonly<Record<string, string>>, rng: Rng) {
    this.#env = env;
    this.#rng = rng;
  }

  start(killEverySeconds: () => number): void {
    this.#running = this.#live(killEverySeconds);
  }

  /** Kills no more; the one that runs goes on. */
  async calm(): Promise<void> {
    this.#ends = true;
    await this.#running;
  }

  async stop(): Promise<void> {
    await this.calm();
    await this.#operator?.stop('SIGTERM');
  }

  async #live(killEverySeconds: () => number): Promise<void> {
    while (!this.#ends) {
      const name = `operator-${this.kills + this.deaths}`;
      const operator = await startOperator({ ...this.#env, POD_NAME: name }).catch(() => undefined);
      if (operator === undefined) {
        this.deaths++;
        continue;
      }
      this.#operator = operator;
      const until = performance.now() + 1000 * killEverySeconds() * (0.5 + this.#rng.next());
      while (performance.now() < until && operator.child.exitCode === null && !this.#ends) await pause(0.2);
      if (this.#ends) return;
      if (operator.child.exitCode === null) this.kills++;
      else this.deaths++;
      await operator.stop('SIGKILL');
    }
  }
}

/** Deletes a pod that runs, now and then, as a drain of its node would. */
export async function killPods(cluster: OperatorCluster, rng: Rng, isOver: () => boolean): Promise<number> {
  let killed = 0;
  while (!isOver()) {
    await pause(1 + 2 * rng.next());
    const live = cluster.kubelet.live();
    if (live.length === 0) continue;
    const [namespace, name] = rng.pick(live).split('/');
    const { status } = await cluster.api.send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`);
    if (status < 300) killed++;
  }
  return killed;
}

export const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
