/** What the leader does: the queues, the controllers and their workers. */
import { Authority } from '../../controllers/authority.ts';
import { taskReconciler } from '../../controllers/fine-tune-task/controller.ts';
import { PlansUnderWay } from '../../controllers/fine-tune-task/plans-under-way.ts';
import type { ExperienceSink, MemberSource, Planner } from '../../controllers/fine-tune-task/ports.ts';
import { lookAtAllTasks, wakeTasks } from '../../controllers/fine-tune-task/wakes.ts';
import { zooReconciler } from '../../controllers/model-zoo/controller.ts';
import { wakeZoos } from '../../controllers/model-zoo/wakes.ts';
import type { SearchStateStore } from '../../controllers/model-zoo/zoo-state.ts';
import { traceIdOf } from '../../controllers/pods.ts';
import { Refusals } from '../../controllers/refusals.ts';
import { handlerOf, type Reconciler } from '../../controllers/runtime.ts';
import type { Api } from '../../kube/api.ts';
import { ApiWorld } from '../../kube/api-world.ts';
import type { Congestion } from '../../kube/congestion.ts';
import { EventRecorder } from '../../kube/events.ts';
import { messageOf } from '../../kube/log.ts';
import { keyFor, keyOf } from '../../kube/resources.ts';
import type { Timers } from '../../kube/timers.ts';
import { WorkQueue } from '../../kube/work-queue.ts';
import { runWorkers, type WorkerPoolOptions } from '../../kube/worker-pool.ts';
import type { WriteGate } from '../../kube/write-gate.ts';
import type { Rng } from '../../lib/rng.ts';
import type { Log } from '../../server/logger.ts';
import type { Metrics } from '../../server/metrics.ts';
import type { Reported } from '../../server/progress.ts';
import type { ReportBook } from '../../server/report-book.ts';
import type { SearchStates } from '../../store/search-states.ts';
import type { OperatorSettings } from './settings.ts';
import type { Watches } from './watches.ts';

export interface LeadingOptions {
  readonly settings: OperatorSettings;
  readonly api: Api;
  readonly watches: Watches;
  readonly congestion: Congestion;
  readonly reports: ReportBook;
  readonly planner: Planner;
  readonly members: MemberSource;
  readonly experience: ExperienceSink;
  readonly searchStates: SearchStateStore & Pick<SearchStates, 'remove'>;
  /** Authority of the serving certificate, PEM, as it is now. */
  readonly authority: () => string;
  readonly metrics: Metrics;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly log: Log;
}

/** One term as leader, from its beginning to the end of its gate. */
export class Leading {
  readonly #options: LeadingOptions;
  readonly #tasks: WorkQueue;
  readonly #zoos: WorkQueue;

  constructor(options: LeadingOptions) {
    const { timers, rng, metrics } = options;
    this.#options = options;
    const queue = (name: string): WorkQueue => new WorkQueue({ name, timers, rng, metrics: metrics.kube });
    this.#tasks = queue('finetunetasks');
    this.#zoos = queue('modelzoos');
  }

  /** A report came: whoever it is about is looked at. */
  wake({ namespace, name, uid }: Reported): void {
    const { tasks, zoos } = this.#options.watches;
    if (tasks.get(namespace, name)?.metadata.uid === uid) this.#tasks.add(keyFor(namespace, name));
    if (zoos.get(namespace, name)?.metadata.uid === uid) this.#zoos.add(keyFor(namespace, name));
  }

  /** Resolves once the gate's signal has aborted and all workers have put down what they held. */
  async run(gate: WriteGate): Promise<void> {
    const { watches, congestion, settings, log, timers, metrics } = this.#options;
    await watches.synced();
    const recorder = this.#recorder(gate);
    const ports = this.#ports(gate, recorder);
    // subscribed before all keys are added, so that nothing changes in between unseen
    const stops = [
      wakeTasks(watches, (key) => this.#tasks.add(key)),
      wakeZoos(watches, (key) => this.#zoos.add(key)),
      this.#forgetZoos(),
    ];
    lookAtAllTasks(watches.tasks, this.#tasks);
    for (const key of watches.zoos.keys()) this.#zoos.review(key);
    const work = <V, Q, D>(
      reconciler: Reconciler<V, Q, D>,
      pool: Omit<WorkerPoolOptions, 'handle' | 'signal' | 'log'>,
    ) => {
      const handle = handlerOf(reconciler, { clock: timers.clock, log, metrics: metrics.tasks });
      return runWorkers({ ...pool, handle, signal: gate.signal, log });
    };
    try {
      await Promise.all([
        work(taskReconciler(ports), { queue: this.#tasks, workers: settings.workers, congestion }),
        // few, so that those of tasks alone are held back
        work(zooReconciler(ports), { queue: this.#zoos, workers: Math.min(4, settings.workers) }),
      ]);
    } finally {
      for (const stop of stops) stop();
      await recorder.flush();
    }
  }

  /** What the store keeps of a search goes with its zoo. */
  #forgetZoos(): () => void {
    const { watches, searchStates, log } = this.#options;
    return watches.zoos.subscribe(({ key, now, before }) => {
      const gone = before?.metadata.uid;
      if (gone === undefined || now?.metadata.uid === gone) return;
      searchStates.remove(gone).catch((error: unknown) => {
        log.warn('The state of a deleted zoo could not be removed', { key, error: messageOf(error) });
      });
    });
  }

  #ports(gate: WriteGate, recorder: Pick<EventRecorder, 'record'>) {
    const { api, watches, reports, planner, members, experience, searchStates, authority, settings } = this.#options;
    const { timers, log } = this.#options;
    const { clock } = timers;
    const world = new ApiWorld({ api, informers: watches.informers, gate, recorder });
    return {
      ...{ world, clock, members, experience, progress: reports, store: searchStates },
      plans: new PlansUnderWay(planner, (key) => this.#tasks.add(key)),
      settings: settings.trainer,
      refusals: new Refusals(clock),
      authority: new Authority(world, clock, authority),
      onExperienceLost: (error: unknown) => {
        log.warn('An experience could not be stored; it will be tried again', { error: messageOf(error) });
      },
    };
  }

  /** What people are told by events also stands in the log, with the trace id that the log of the pod carries. */
  #recorder(gate: WriteGate): { record: EventRecorder['record']; flush: EventRecorder['flush'] } {
    const { api, timers, settings, metrics, log } = this.#options;
    const instance = settings.podName.slice(0, 128);
    const common = { api, timers, gate, metrics: metrics.kube, log };
    const recorder = new EventRecorder({ ...common, controller: 'nasoa.dev/operator', instance });
    return {
      record: (about, happening) => {
        const { kind, metadata } = about;
        const { type, reason, message } = happening;
        const { uid = '' } = metadata;
        const fields = { kind, key: keyOf(about), reason, detail: message, traceId: traceIdOf(uid) };
        if (type === 'Warning') log.warn('An object took a turn', fields);
        else log.info('An object took a turn', fields);
        recorder.record(about, happening);
      },
      flush: () => recorder.flush(),
    };
  }
}
