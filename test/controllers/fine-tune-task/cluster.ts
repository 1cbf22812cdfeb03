/** The rest of a cluster in a simulated world: Kueue, Job controller, kubelet, and trainers with their fates. */
import type { ReceivedReport } from '../../../src/controllers/fine-tune-task/ports.ts';
import { hasEnded, isFinished, podsOf } from '../../../src/controllers/job-state.ts';
import { containerName } from '../../../src/controllers/pods.ts';
import { labels } from '../../../src/crds/group.ts';
import { parseTrainerJob, terminationMessage } from '../../../src/crds/trainer-codec.ts';
import { exitCodes, jobVariable, type TrainerJob, type TrainerMessage } from '../../../src/crds/trainer-job.ts';
import type { Job, Pod, PodStatus } from '../../../src/crds/workloads.ts';
import { jobs, pods } from '../../../src/kube/resources.ts';
import type { ManualClock } from '../../../src/lib/clock.ts';
import { aProfile } from '../../support/objects.ts';
import type { SimulatedWorld } from '../../support/simulated-world.ts';
import { disrupted, trained } from '../job-builders.ts';

/** What becomes of a pod once it runs. */
export type Fate = 'answers' | 'outOfMemory' | 'fails' | 'badData' | 'preempted' | 'stays' | 'unschedulable';

export interface Fates {
  /** Of the pods of each role in the order in which they are made; those beyond the list answer. */
  readonly profile?: readonly Fate[];
  readonly training?: readonly Fate[];
}

/** A pod that stands on the checkpoint runs this many active seconds before its fate comes. */
export const runSeconds = 40;
const finalizer = 'test/kubelet';

export class Cluster {
  readonly #world: SimulatedWorld;
  readonly #clock: ManualClock;
  readonly #fates: Fates;
  readonly #made = { profile: 0, training: 0 };
  readonly #fateOf = new Map<string, Fate>();
  /** What lies on the output: the account that pods of the training go on from. */
  checkpointSeconds = 0;
  /** Most training pods that ran at one time. */
  mostTrainers = 0;
  /** Takes what pods report. */
  onReport: (report: ReceivedReport) => void = () => undefined;

  constructor(world: SimulatedWorld, clock: ManualClock, fates: Fates) {
    this.#world = world;
    this.#clock = clock;
    this.#fates = fates;
  }

  /** Everybody does one thing. */
  step(): void {
    for (const job of this.#jobs()) this.#admit(job);
    for (const pod of this.#pods()) this.#run(pod);
    for (const job of this.#jobs()) this.#control(job);
    const trainers = this.#pods().filter((pod) => roleOf(pod) === 'training' && !hasEnded(pod));
    this.mostTrainers = Math.max(this.mostTrainers, trainers.length);
  }

  // what is there, whatever the operator's caches show
  readonly #jobs = (): readonly Job[] => this.#world.store.list(jobs) as readonly Job[];
  readonly #pods = (): readonly Pod[] => this.#world.store.list(pods) as readonly Pod[];

  #admit(job: Job): void {
    if (job.spec.suspend !== true || job.metadata.labels?.[labels.queueName] === undefined) return;
    const { namespace, name } = job.metadata;
    this.#world.change<Job>(jobs, namespace, name, (held) => ({ ...held, spec: { ...held.spec, suspend: false } }));
  }

  #control(job: Job): void {
    if (isFinished(job) || job.spec.suspend === true) return;
    const own = podsOf(job, this.#pods());
    const last = own.at(-1);
    if (own.some(({ status }) => status?.phase === 'Succeeded')) this.#endJob(job, 'Complete');
    else if (last !== undefined && hasEnded(last) && !isIgnored(last)) this.#endJob(job, 'Failed');
    else if (own.every(hasEnded)) this.#makePod(job, own.length);
  }

  #endJob({ metadata: { namespace, name } }: Job, type: 'Complete' | 'Failed'): void {
    this.#world.setStatus<Job>(jobs, namespace, name, { conditions: [{ type, status: 'True' }] });
  }

  #makePod(job: Job, count: number): void {
    const { namespace, name, uid } = job.metadata;
    const role = job.metadata.labels?.[labels.role] === 'profile' ? 'profile' : 'training';
    const podName = `${name}-${uid.slice(0, 8)}-${count}`;
    this.#fateOf.set(podName, this.#fates[role]?.[this.#made[role]++] ?? 'answers');
    this.#world.put<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...{ name: podName, namespace, finalizers: [finalizer] },
        ...job.spec.template.metadata,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true }],
      },
      spec: job.spec.template.spec,
      status: { phase: 'Pending' },
    });
  }

  #run(pod: Pod): void {
    const fate = this.#fateOf.get(pod.metadata.name) ?? 'answers';
    if (pod.metadata.deletionTimestamp !== undefined) this.#stop(pod);
    else if (hasEnded(pod)) return;
    else if (pod.status?.phase !== 'Running') this.#place(pod, fate);
    else if (fate === 'stays') this.#report(pod);
    else this.#end(pod, fate);
  }

  #place(pod: Pod, fate: Fate): void {
    if (fate === 'unschedulable') {
      const message = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.';
      this.#setStatus(pod, {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      });
      return;
    }
    const state = { running: { startedAt: this.#now() } };
    this.#setStatus(pod, { phase: 'Running', ...containerIn(state) });
  }

  /** The account of a pod that ran its time: never less than what the operator told, or the checkpoint knows. */
  #account(job: TrainerJob): number {
    const before = job.kind === 'training' ? this.checkpointSeconds : 0;
    return Math.max(job.spentSeconds, before) + runSeconds;
  }

  /** SIGTERM: the checkpoint is written, and the pod goes. */
  #stop(pod: Pod): void {
    if (pod.status?.phase === 'Running') {
      const job = trainerJobOf(pod);
      const activeSeconds = this.#account(job);
      if (job.kind === 'training') this.checkpointSeconds = activeSeconds;
      this.#terminate(pod, exitCodes.interrupted, { kind: 'interrupted', activeSeconds, step: 10 });
    }
    const { namespace, name } = pod.metadata;
    this.#world.change<Pod>(pods, namespace, name, (gone) => ({
      ...gone,
      metadata: { ...gone.metadata, finalizers: [] },
    }));
  }

  #report(pod: Pod): void {
    const job = trainerJobOf(pod);
    const { uid } = job.task;
    const report = {
      uid,
      role: job.kind,
      attempt: job.attempt,
      step: 10,
      steps: 100,
      activeSeconds: job.spentSeconds + 5,
    };
    this.onReport({ report, receivedAt: this.#now() });
  }

  #end(pod: Pod, fate: Fate): void {
    const job = trainerJobOf(pod);
    const activeSeconds = this.#account(job);
    this.#clock.advance(runSeconds);
    switch (fate) {
      case 'outOfMemory':
        this.#terminate(pod, exitCodes.outOfMemory, undefined, 'OOMKilled');
        break;
      case 'fails':
        this.#terminate(pod, exitCodes.failed, {
          ...{ kind: 'failure', reason: 'StorageUnreachable', message: 'S3 did not answer.', activeSeconds },
        });
        break;
      case 'badData':
        this.#terminate(pod, exitCodes.badData, { kind: 'failure', reason: 'NoImages', message: 'No image.' });
        break;
      case 'preempted':
        this.checkpointSeconds = activeSeconds;
        this.#terminate(pod, exitCodes.interrupted, { kind: 'interrupted', activeSeconds, step: 10 });
        this.#disrupt(pod);
        break;
      default:
        this.#terminate(pod, exitCodes.done, answerOf(job, activeSeconds));
        break;
    }
  }

  #disrupt({ metadata: { namespace, name } }: Pod): void {
    this.#world.change<Pod>(pods, namespace, name, (pod) => ({
      ...pod,
      status: { ...pod.status, conditions: [disrupted] },
    }));
  }

  #terminate(pod: Pod, exitCode: number, message: TrainerMessage | undefined, reason = 'Completed'): void {
    const startedAt = pod.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? this.#now();
    const words = message === undefined ? {} : { message: terminationMessage(message) };
    const state = { terminated: { exitCode, reason, startedAt, finishedAt: this.#now(), ...words } };
    this.#setStatus(pod, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', ...containerIn(state) });
  }

  #setStatus({ metadata: { namespace, name } }: Pod, status: PodStatus): void {
    this.#world.setStatus<Pod>(pods, namespace, name, status);
  }

  #now(): string {
    return `${this.#clock.date().toISOString().slice(0, 19)}Z`;
  }
}

type State = NonNullable<PodStatus['containerStatuses']>[number]['state'];

const containerIn = (state: NonNullable<State>): Pick<PodStatus, 'containerStatuses'> => ({
  containerStatuses: [{ name: containerName, ready: false, restartCount: 0, state }],
});

const roleOf = ({ metadata }: Pod): string | undefined => metadata.labels?.[labels.role];

/** As podFailurePolicy has it. */
function isIgnored(pod: Pod): boolean {
  const code = pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
  const isDisrupted = pod.status?.conditions?.some(({ type }) => type === 'DisruptionTarget') === true;
  return isDisrupted || code === exitCodes.interrupted;
}

export const trainerJobOf = ({ spec }: Pick<Pod, 'spec'>): TrainerJob =>
  parseTrainerJob(spec.containers[0]?.env?.find(({ name }) => name === jobVariable)?.value);

function answerOf(job: TrainerJob, activeSeconds: number): TrainerMessage {
  if (job.kind === 'profile') return { kind: 'profile', profile: aProfile({ seconds: runSeconds }) };
  return { ...trained, activeSeconds, result: { ...trained.result, seconds: activeSeconds } };
}
