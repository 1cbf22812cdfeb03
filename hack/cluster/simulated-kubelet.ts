/**
 * In place of nodes: writes the statuses of the trainer's pods as kubelets would, each by a fate that the caller picks.
 * Without a controller-manager it also does the part of the Job controller that matters here: a pod for each Job, and
 * the end of the Job after its pod.
 */
import { hasEnded, isFinished } from '../../src/controllers/job-state.ts';
import { containerName } from '../../src/controllers/pods.ts';
import { labels, manager } from '../../src/crds/group.ts';
import { parseTrainerJob, terminationMessage } from '../../src/crds/trainer-codec.ts';
import { exitCodes, jobVariable, type TrainerJob, type TrainerMessage } from '../../src/crds/trainer-job.ts';
import type { ContainerState, Job, Pod, PodStatus } from '../../src/crds/workloads.ts';
import type { Api } from '../../src/kube/api.ts';
import type { Cache } from '../../src/kube/cache.ts';
import { AlreadyExists, Conflict, NotFound } from '../../src/kube/errors.ts';
import { Fifo } from '../../src/kube/fifo.ts';
import { byLabel } from '../../src/kube/indexes.ts';
import { Informers } from '../../src/kube/informers.ts';
import { jobs, keyOf, pathOf, pods } from '../../src/kube/resources.ts';
import type { Timers } from '../../src/kube/timers.ts';
import type { Rng } from '../../src/lib/rng.ts';

/** How a pod ends; it runs for ever where there is no end. */
export interface Fate {
  readonly exitCode?: number;
  readonly message?: TrainerMessage;
  /** As the kubelet states it, such as OOMKilled. */
  readonly reason?: string;
  /** Seconds that the container runs. */
  readonly afterSeconds?: number;
  /** What the pod's status says beside the container's end. */
  readonly status?: Partial<PodStatus>;
  /** No node takes the pod: it has that status and no other. */
  readonly pending?: boolean;
}

export interface KubeletOptions {
  readonly api: Api;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly fateOf: (job: TrainerJob, pod: Pod) => Fate;
  /** What a pod says that is told to end; without it the pod just goes. */
  readonly lastWords?: (job: TrainerJob, pod: Pod) => TrainerMessage | undefined;
  /** Also makes the pods of Jobs, where no controller-manager runs. */
  readonly controlsJobs: boolean;
  readonly onError?: (error: unknown) => void;
}

export const byRole = byLabel(labels.role);
const byTask = byLabel(labels.taskUid);
const nodeName = 'simulated';
const atOnce = 8;
const merge = { contentType: 'application/merge-patch+json' };

export class SimulatedKubelet {
  readonly #options: KubeletOptions;
  readonly #informers: Informers;
  readonly #pods: Cache<Pod>;
  readonly #jobs: Cache<Job>;
  /** Pods and Jobs that are in hand: each is begun once. */
  readonly #begun = new Set<string>();
  readonly #doubled = new Set<string>();
  readonly #waiting = new Fifo<() => Promise<void>>();
  #working = 0;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: KubeletOptions) {
    const { api, timers, rng } = options;
    const own = { [labels.managedBy]: manager };
    this.#options = options;
    this.#informers = new Informers({ api, timers, rng, namespaces: [] });
    this.#pods = this.#informers.watch<Pod>({ resource: pods, labels: own, indexes: [byTask] });
    this.#jobs = this.#informers.watch<Job>({ resource: jobs, labels: own, indexes: [byRole] });
    this.#pods.subscribe(({ now }) => now !== undefined && this.#see(now));
    if (options.controlsJobs) this.#jobs.subscribe(({ now }) => now !== undefined && this.#seeJob(now));
  }

  async start(): Promise<void> {
    this.#running = this.#informers.run(this.#stop.signal);
    await this.#informers.synced();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #once(what: string, work: () => Promise<void>): void {
    if (this.#begun.has(what)) return;
    this.#begun.add(what);
    this.#waiting.push(() =>
      work().catch((error: unknown) => {
        if (this.#stop.signal.aborted || error instanceof NotFound || error instanceof Conflict) return;
        // another try when the object changes or is listed again
        this.#begun.delete(what);
        this.#options.onError?.(error);
      }),
    );
    this.#next();
  }

  /** Like the real ones it does not send all it has to say at a time. */
  #next(): void {
    if (this.#working >= atOnce) return;
    const work = this.#waiting.shift();
    if (work === undefined) return;
    this.#working++;
    void work().finally(() => {
      this.#working--;
      this.#next();
    });
  }

  #seeJob(job: Job): void {
    const { uid, deletionTimestamp } = job.metadata;
    if (isFinished(job) || job.spec.suspend === true || deletionTimestamp !== undefined) return;
    this.#once(`pod of ${uid}`, () => this.#makePod(job));
  }

  #see(pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) this.#once(`end of ${uid}`, () => this.#end(pod));
    else if (!hasEnded(pod)) this.#once(`run of ${uid}`, () => this.#run(pod));
    else if (this.#options.controlsJobs) this.#once(`job of ${uid}`, () => this.#finishJob(pod));
  }

  async #makePod({ metadata, spec }: Job): Promise<void> {
    const { namespace, name, uid } = metadata;
    const { template } = spec;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...template.metadata,
        ...{ namespace, name: `${name}-0` },
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      // what the admission of service accounts would add
      spec: { serviceAccountName: 'default', ...template.spec, nodeName },
    };
    try {
      await this.#options.api.request('POST', pathOf(pods, { namespace }), pod);
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error;
    }
  }

  async #run(pod: Pod): Promise<void> {
    const { namespace, name } = pod.metadata;
    const { api, timers, controlsJobs, fateOf } = this.#options;
    const fate = fateOf(trainerJobOf(pod), pod);
    this.#watchForTwins(pod);
    if (fate.pending === true) return this.#setStatus(pod, fate.status ?? {});
    if (!controlsJobs && pod.spec.nodeName === undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: nodeName };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
      await api.request('POST', `${pathOf(pods, { namespace, name })}/binding`, binding);
    }
    const startedAt = this.#now();
    const { exitCode, afterSeconds = 0, message, reason } = fate;
    if (afterSeconds > 0 || exitCode === undefined) await this.#setStatus(pod, running(startedAt));
    if (exitCode === undefined) return;
    const finish = (): Promise<void> =>
      this.#setStatus(pod, {
        ...terminated({ exitCode, message, reason, startedAt, finishedAt: this.#now() }),
        ...fate.status,
      });
    if (afterSeconds === 0) await finish();
    else timers.after(afterSeconds, () => this.#once(`finish of ${pod.metadata.uid}`, finish));
  }

  #watchForTwins({ metadata }: Pod): void {
    const task = metadata.labels?.[labels.taskUid] ?? '';
    const training = this.#pods.find(byTask, task).filter((pod) => pod.metadata.labels?.[labels.role] === 'training');
    const live = training.filter((pod) => !hasEnded(pod));
    if (live.length > 1) this.#doubled.add(task);
  }

  /** The container is told to end, says its last words, and the pod goes. */
  async #end(pod: Pod): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    const isRunning = pod.status?.phase === 'Running';
    const message = isRunning ? this.#options.lastWords?.(trainerJobOf(pod), pod) : undefined;
    if (message !== undefined) {
      const startedAt = pod.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? this.#now();
      const exitCode = exitCodes.interrupted;
      await this.#setStatus(
        pod,
        terminated({ exitCode, message, startedAt, finishedAt: this.#now(), reason: undefined }),
      );
    }
    // as the kubelet does, and for a pod without a node the garbage collector of pods: the Job waits for that
    if (message === undefined && !hasEnded(pod)) await this.#setStatus(pod, { phase: 'Failed' });
    await this.#options.api.request('DELETE', pathOf(pods, { namespace, name }), {
      ...{ gracePeriodSeconds: 0, preconditions: { uid } },
    });
  }

  async #finishJob(pod: Pod): Promise<void> {
    const owner = pod.metadata.ownerReferences?.[0];
    if (owner === undefined) return;
    const succeeded = pod.status?.phase === 'Succeeded';
    const now = this.#now();
    const said = (type: string) => ({ type, status: 'True', lastTransitionTime: now, lastProbeTime: now });
    const status = succeeded
      ? {
          startTime: now,
          completionTime: now,
          succeeded: 1,
          conditions: [said('SuccessCriteriaMet'), said('Complete')],
        }
      : { startTime: now, failed: 1, conditions: [said('FailureTarget'), said('Failed')] };
    const { namespace } = pod.metadata;
    const path = pathOf(jobs, { namespace, name: owner.name, subresource: 'status' });
    await this.#options.api.request('PATCH', path, { status }, merge);
  }

  async #setStatus({ metadata: { namespace, name } }: Pod, status: Partial<PodStatus>): Promise<void> {
    const path = pathOf(pods, { namespace, name, subresource: 'status' });
    await this.#options.api.request('PATCH', path, { status }, merge);
  }

  #now(): string {
    return `${this.#options.timers.clock.date().toISOString().slice(0, 19)}Z`;
  }

  /** All Jobs of the trainer, as the watch tells them; with the index `byRole`. */
  get jobs(): Cache<Job> {
    return this.#jobs;
  }

  /** Tasks of which two training pods were seen to run at a time. */
  doubled(): number {
    return this.#doubled.size;
  }

  /** Pods that are there and have not ended, by their keys. */
  live(): readonly string[] {
    return this.#pods
      .list()
      .filter((pod) => !hasEnded(pod))
      .map(keyOf);
  }
}

export const trainerJobOf = ({ spec }: Pick<Pod, 'spec'>): TrainerJob =>
  parseTrainerJob(spec.containers[0]?.env?.find(({ name }) => name === jobVariable)?.value);

const containerIn = (state: ContainerState): Pick<PodStatus, 'containerStatuses'> => ({
  containerStatuses: [
    // what the API server asks of a container's status
    {
      ...{ name: containerName, ready: false, restartCount: 0, state },
      ...{ image: 'simulated', imageID: 'simulated' },
    },
  ],
});

const running = (startedAt: string): Partial<PodStatus> => ({
  phase: 'Running',
  startTime: startedAt,
  ...containerIn({ running: { startedAt } }),
});

function terminated(o: {
  readonly exitCode: number;
  readonly message: TrainerMessage | undefined;
  readonly reason: string | undefined;
  readonly startedAt: string;
  readonly finishedAt: string;
}): Partial<PodStatus> {
  const { exitCode, message, reason, startedAt, finishedAt } = o;
  const words = message === undefined ? {} : { message: terminationMessage(message) };
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    startTime: startedAt,
    ...containerIn({
      terminated: {
        exitCode,
        reason: reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
        startedAt,
        finishedAt,
        ...words,
      },
    }),
  };
}
