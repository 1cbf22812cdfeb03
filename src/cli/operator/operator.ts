/** The operator: its parts put together, from the first connection to a clean end. */
import { WorkerPlanner } from '../../controllers/fine-tune-task/planner.ts';
import { memberSource } from '../../controllers/fine-tune-task/zoo-members.ts';
import { ApiClient } from '../../kube/api.ts';
import type { Client } from '../../kube/client.ts';
import { Congestion } from '../../kube/congestion.ts';
import { LeaseElection } from '../../kube/lease.ts';
import { apiLeaseStore } from '../../kube/lease-store.ts';
import { messageOf } from '../../kube/log.ts';
import { inClusterClient } from '../../kube/service-account.ts';
import type { Timers } from '../../kube/timers.ts';
import { RunError } from '../../lib/errors.ts';
import type { Rng } from '../../lib/rng.ts';
import { keepCertificate } from '../../server/certificates.ts';
import { healthRoutes } from '../../server/health.ts';
import { startServer } from '../../server/http.ts';
import { leaderOf } from '../../server/leader.ts';
import type { Log } from '../../server/logger.ts';
import { createMetrics, type Metrics } from '../../server/metrics.ts';
import { ReportBook } from '../../server/report-book.ts';
import type { Scheduler } from '../../server/scheduler.ts';
import type { PhaseCounts } from '../../server/task-metrics.ts';
import { experienceStore } from '../../store/experience.ts';
import { openDatabase } from '../../store/open-database.ts';
import { searchStates } from '../../store/search-states.ts';
import { nasoaVersion } from '../version.ts';
import { certificateSecret } from './certificate-secret.ts';
import { KnownExperience } from './experience.ts';
import { Leading } from './leading.ts';
import { countPhases, observeTasks } from './observe.ts';
import { reportRoutes, serverNames } from './reports.ts';
import type { OperatorSettings } from './settings.ts';
import { type Watches, watchAll } from './watches.ts';
import { zooInImage } from './zoo-in-image.ts';

export interface OperatorOptions {
  readonly settings: OperatorSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly timers: Timers;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  readonly log: Log;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
}

/** A pod that was killed leaves the embedded database locked; another may take it a minute later. */
const abandonedSeconds = 75;
/** Requests on their way get this long at the end. */
const graceSeconds = 5;

/**
 * Runs until `signal` aborts. Throws RunError where the lease was lost: only a new process knows nothing that may be
 * wrong by now. Throws InputError and RunError where a part cannot be had from the start.
 */
export async function runOperator(options: OperatorOptions): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const { settings, timers, rng, log, signal } = options;
  const { watches, metrics, congestion } = watched(options, await clientOf(options));
  parts.defer(() => metrics.close());
  const { api } = watches;
  const election = new LeaseElection({
    store: apiLeaseStore(api, settings.lease.namespace, settings.lease.name),
    name: settings.lease.name,
    identity: settings.identity,
    ...{ timers, rng, metrics: metrics.kube, log },
  });
  const leader = () => leaderOf(election.leader(), settings.identity);
  observeTasks(watches.tasks, metrics.tasks, { isLeader: () => leader().kind === 'here', clock: timers.clock });
  // the first lists come in while the database is opened
  const stopReading = new AbortController();
  const reading = watches.informers.run(stopReading.signal);
  parts.defer(async () => {
    stopReading.abort();
    await reading;
  });

  const database = await openDatabase(options.env, { waitSeconds: abandonedSeconds });
  parts.defer(() => database.close());
  const { members, experience: shipped } = await zooInImage();
  const experience = new KnownExperience({
    ...{ store: experienceStore(database), shipped, isShared: settings.sharesExperience, clock: timers.clock },
    onAway: (error) => log.warn('The store of experience does not answer', { error: messageOf(error) }),
  });
  const planner = parts.adopt(
    new WorkerPlanner({
      ...{ experience, clock: timers.clock, threads: settings.planningThreads, candidates: settings.candidates },
      onLearned: (lesson) => metrics.tasks.predictor(lesson.loss ?? 0, lesson.experiences),
    }),
    (made) => made.close(),
  );
  const certificate = await keepCertificate({
    secret: certificateSecret(api, settings.namespace, settings.certificateSecret),
    ...{ dnsNames: serverNames(settings), clock: timers.clock, scheduler: options.scheduler },
    onChange: (next) => https.setIdentity(next),
    onError: (error) => log.warn('The serving certificate could not be renewed', { error: messageOf(error) }),
  });
  parts.defer(() => certificate.stop());
  const authority = (): string => certificate.current().ca;

  const reports = new ReportBook(timers.clock);
  let leading: Leading | undefined;
  const serving = { ...options, ...{ watches, metrics, api, reports, leader, authority, clock: timers.clock } };
  const http = await startServer({ ...serverOptions(options, settings.httpPort), routes: plainRoutes(serving) });
  parts.defer(() => http.close(graceSeconds));
  const https = await startServer({
    ...serverOptions(options, settings.httpsPort),
    tls: certificate.current(),
    routes: reportRoutes({ ...serving, onReport: (about) => leading?.wake(about) }),
  });
  parts.defer(() => https.close(graceSeconds));
  log.info('The operator serves', { version: nasoaVersion(), http: http.port, https: https.port });

  const outcome = await election.run(signal, async (gate) => {
    leading = new Leading({
      ...{ settings, api, watches, congestion, reports, planner, experience, authority, metrics, timers, rng, log },
      members: memberSource(members),
      searchStates: searchStates(database),
    });
    await leading.run(gate);
  });
  if (outcome === 'lost') {
    throw new RunError(
      'The lease is lost: another replica leads by now, or may.',
      'Nothing needs to be done: the container starts anew.',
    );
  }
}

/** That of this pod, or of a kubeconfig, whose reader is heavy and only loaded for it. */
async function clientOf({ env, timers: { clock } }: OperatorOptions): Promise<Client> {
  const inCluster = env.KUBECONFIG === undefined ? await inClusterClient(env, clock) : undefined;
  if (inCluster !== undefined) return inCluster;
  const { connect } = await import('../../kube/client.ts');
  return connect({ clock });
}

/** Metrics read the caches, and the caches tell the metrics of themselves: they are made together. */
function watched({ settings, timers, rng, log }: OperatorOptions, { transport }: Client) {
  let phases: { readonly tasks: () => PhaseCounts; readonly zoos: () => PhaseCounts } | undefined;
  const congestion = new Congestion({ most: settings.workers });
  const metrics = createMetrics({
    version: nasoaVersion(),
    tasks: () => phases?.tasks() ?? {},
    zoos: () => phases?.zoos() ?? {},
    workers: () => congestion.window,
  });
  const rate = { perSecond: settings.requestRate, burst: 2 * settings.requestRate };
  const userAgent = `nasoa/${nasoaVersion()}`;
  const api = new ApiClient({
    ...{ transport, timers, rng, rate, metrics: metrics.kube, userAgent },
    onWritten: (seconds) => congestion.answered(seconds),
  });
  const { namespaces } = settings;
  const watches = { ...watchAll({ api, timers, rng, namespaces, metrics: metrics.kube, log }), api };
  phases = { tasks: countPhases(watches.tasks), zoos: countPhases(watches.zoos) };
  return { watches, metrics, congestion };
}

const serverOptions = ({ scheduler, log }: OperatorOptions, port: number) => ({
  ...{ port, scheduler },
  onError: (error: unknown, route: string) => log.error('A request failed', { route, error: messageOf(error) }),
});

function plainRoutes({ metrics, watches, scheduler }: { metrics: Metrics; watches: Watches; scheduler: Scheduler }) {
  let isSynced = false;
  void watches.synced().then(() => {
    isSynced = true;
  });
  const caches = { name: 'caches', ask: () => (isSynced ? undefined : 'the first lists are still being read') };
  return [metrics.route, ...healthRoutes({ live: [], ready: [caches], scheduler })];
}
