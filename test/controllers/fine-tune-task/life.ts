/** A task from its creation to its end in a simulated world, with an operator that may die. */
import { isDeepStrictEqual } from 'node:util';
import { taskReconciler } from '../../../src/controllers/fine-tune-task/controller.ts';
import type { ReceivedReport } from '../../../src/controllers/fine-tune-task/ports.ts';
import { isExpected } from '../../../src/controllers/outcome.ts';
import { tasks } from '../../../src/controllers/resources.ts';
import { reconcile } from '../../../src/controllers/runtime.ts';
import { findCondition } from '../../../src/crds/conditions.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import type { TaskPlan } from '../../../src/crds/fine-tune-task-status.ts';
import type { PersistentVolumeClaim } from '../../../src/crds/kubernetes.ts';
import type { Job } from '../../../src/crds/workloads.ts';
import { claims, type Resource } from '../../../src/kube/resources.ts';
import { ManualClock } from '../../../src/lib/clock.ts';
import type { Experience } from '../../../src/planner/types.ts';
import { anInstant, aTask } from '../../support/objects.ts';
import { SimulatedCrash, SimulatedWorld } from '../../support/simulated-world.ts';
import { Cluster, type Fates, trainerJobOf } from './cluster.ts';
import { authorityOf, type Ports, portsOf } from './ports.ts';

/** What a person does once, when the task says so. */
export interface Turn {
  readonly when: { readonly doing?: string; readonly suspended?: string };
  readonly set: Partial<FineTuneTask['spec']>;
}

export interface History {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly fates?: Fates;
  readonly user?: readonly Turn[];
}

export interface Faults {
  /** The operator dies after its n-th write, or after each. */
  readonly crashes: 'never' | 'always' | number;
  /** So often the store keeps an experience, and nobody hears of it. */
  readonly storeAnswersLost?: number;
  /** The cache of this kind lags behind by up to so many passes. */
  readonly lagging?: { readonly resource: Resource; readonly passes: number };
}

/** How it ended, and all that happened on the way. */
export interface Life {
  /** Undefined where the task is gone. */
  readonly phase: string | undefined;
  readonly failed: string | undefined;
  readonly activeSeconds: number;
  readonly experiences: readonly Experience[];
  readonly jobs: readonly string[];
  /** Of each Job, when it was made. */
  readonly spentSeconds: readonly number[];
  /** Different plans that the status ever told. */
  readonly plans: readonly TaskPlan[];
  /** Training Jobs that were there before the status told plan and attempt. */
  readonly jobsBeforeTheirPromise: readonly string[];
  readonly mostTrainers: number;
  readonly writes: number;
}

const mostPasses = 400;
const passSeconds = 5;
const [namespace, name] = ['vision', 'flowers'];

export async function live({ spec = {}, fates = {}, user = [] }: History, faults: Faults): Promise<Life> {
  const { lagging } = faults;
  const clock = new ManualClock(Date.parse(anInstant) / 1000);
  const world = new SimulatedWorld(clock);
  setScene(world, spec);
  const cluster = new Cluster(world, clock, fates);
  const reports = new Map<string, ReceivedReport>();
  cluster.onReport = (report) => reports.set(report.report.uid, report);
  const ports: Ports = portsOf({ world, clock, reports, storeAnswersLost: faults.storeAnswersLost ?? 0 });
  if (faults.crashes === 'always') world.crashAfterWrite(1);
  if (typeof faults.crashes === 'number') world.crashAfterWrite(faults.crashes);
  let operator = taskReconciler(ports);
  const turns = [...user];
  for (let pass = 0; pass < mostPasses && !isOver(world, spec); pass++) {
    if (lagging !== undefined && pass % lagging.passes === 0) world.holdReads(lagging.resource);
    const outcome = await reconcile(operator, `${namespace}/${name}`, clock);
    if (outcome.kind === 'retry' && outcome.cause instanceof SimulatedCrash) {
      world.restart();
      if (faults.crashes === 'always') world.crashAfterWrite(1);
      // what was only in memory is lost
      reports.clear();
      operator = taskReconciler({ ...ports, authority: authorityOf(world, clock) });
    } else if (outcome.kind === 'retry' && !isExpected(outcome)) {
      throw outcome.cause;
    }
    cluster.step();
    takeTurn(world, turns);
    clock.advance(passSeconds);
  }
  return lifeOf(world, cluster, ports.stored);
}

function setScene(world: SimulatedWorld, spec: Readonly<Record<string, unknown>>): void {
  for (const claim of ['flowers', 'models']) {
    const metadata = { name: claim, namespace };
    world.put<PersistentVolumeClaim>(claims, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata });
  }
  const { metadata: _, ...task } = aTask({ spec });
  world.put<FineTuneTask>(tasks, { ...task, metadata: { name, namespace } });
}

function takeTurn(world: SimulatedWorld, turns: Turn[]): void {
  const task = world.get<FineTuneTask>(tasks, namespace, name);
  const [turn] = turns;
  if (turn === undefined || task === undefined) return;
  const { conditions } = task.status ?? {};
  const { doing, suspended } = turn.when;
  if (doing !== undefined && findCondition(conditions, 'Running')?.reason !== doing) return;
  if (suspended !== undefined && findCondition(conditions, 'Suspended')?.reason !== suspended) return;
  turns.shift();
  world.change<FineTuneTask>(tasks, namespace, name, (old) => ({ ...old, spec: { ...old.spec, ...turn.set } }));
}

/** Finished, with its experience stored; or gone, where it was to go. */
function isOver(world: SimulatedWorld, spec: Readonly<Record<string, unknown>>): boolean {
  const task = world.get<FineTuneTask>(tasks, namespace, name);
  if (task === undefined || 'ttlAfterFinished' in spec) return task === undefined;
  const { phase, experienceStored } = task.status ?? {};
  return phase === 'Failed' || (phase === 'Complete' && experienceStored === true);
}

function lifeOf(world: SimulatedWorld, cluster: Cluster, experiences: readonly Experience[]): Life {
  const task = world.get<FineTuneTask>(tasks, namespace, name);
  const { status } = task ?? {};
  const failed = findCondition(status?.conditions, 'Failed');
  const made = world.store.changes.filter(({ type, object }) => type === 'ADDED' && object.kind === 'Job');
  const told = world.store.changes.filter(({ object }) => object.kind === 'FineTuneTask');
  const statusAt = (version: number) =>
    (told.findLast((change) => change.version < version)?.object as FineTuneTask | undefined)?.status;
  const plans = told.flatMap(({ object }) => {
    const plan = (object as FineTuneTask).status?.plan;
    return plan === undefined ? [] : [plan];
  });
  const isPromised = (job: string, version: number): boolean => {
    const [role, attempt] = job.split('-');
    const { plan, attempts } = statusAt(version) ?? {};
    if (role === 'profile') return attempts?.profile === Number(attempt);
    return plan !== undefined && attempts?.training === Number(attempt);
  };
  return {
    phase: status?.phase,
    failed: failed?.status === 'True' ? failed.reason : undefined,
    activeSeconds: status?.activeSeconds ?? 0,
    experiences,
    jobs: made.map(({ object }) => tail(object.metadata.name)),
    spentSeconds: made.map(({ object }) => trainerJobOf((object as Job).spec.template).spentSeconds),
    // the order of keys is nobody's concern
    plans: plans.filter((plan, i) => !plans.slice(0, i).some((earlier) => isDeepStrictEqual(earlier, plan))),
    jobsBeforeTheirPromise: made.flatMap(({ object, version }) => {
      const job = tail(object.metadata.name);
      return isPromised(job, version) ? [] : [job];
    }),
    mostTrainers: cluster.mostTrainers,
    writes: world.writes.length,
  };
}

const tail = (job: string): string => job.split('-').slice(-2).join('-');
