/** The planner of the operator: plans in worker threads, with all experience that there is. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../lib/clock.ts';
import { RunError } from '../../lib/errors.ts';
import type { Lesson, PlanningOrder, PlanningReply, PlanningSetup, PlanningTask } from '../planning-protocol.ts';
import type { ExperienceSource, PlanAnswer, PlanInput, Planner } from './ports.ts';

export interface PlannerOptions {
  readonly experience: ExperienceSource;
  readonly clock: Clock;
  /** Worker threads; one plans some tens of tasks a second. */
  readonly threads?: number;
  /** Candidates to judge for each plan. */
  readonly candidates?: number;
  /** Told whenever a thread has learned anew. */
  readonly onLearned?: (lesson: Lesson) => void;
}

const defaultCandidates = 1000;
/** Learning anew may take at most this share of the time, however fast new experience comes in. */
const learningShare = 0.1;

/** Predictors that a thread keeps: each takes memory, and is made anew within a second. */
const mostCircles = 64;

/** How far a thread has learned for a circle. */
interface Taught {
  /** Experience that it has learned from. */
  revision?: string;
  /** Under way. */
  learning?: Promise<void> | undefined;
  /** Of the clock: when it may learn again. */
  learnsAgainSeconds: number;
}

type Waiting = { readonly resolve: (reply: PlanningReply) => void; readonly reject: (error: Error) => void };

/** A worker thread, and what it was asked. */
class PlanningThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #error: Error | undefined;
  /** By circle, the one that planned last at the end. */
  readonly taught = new Map<string, Taught>();

  constructor(setup: PlanningSetup) {
    this.#worker = new Worker(new URL('../planning-worker.ts', import.meta.url), { workerData: setup });
    this.#worker.on('message', (reply: PlanningReply) => {
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
    });
    this.#worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', (code) => this.#end(new Error(`it ended with the code ${code}`)));
  }

  get isAlive(): boolean {
    return this.#error === undefined;
  }

  get load(): number {
    return this.#waiting.size;
  }

  ask(task: PlanningTask): Promise<PlanningReply> {
    const id = this.#nextId++;
    return new Promise<PlanningReply>((resolve, reject) => {
      if (this.#error !== undefined) {
        reject(planningFailed(this.#error.message));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...task, id } satisfies PlanningOrder);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(error: Error): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.values()) reject(planningFailed(error.message));
    this.#waiting.clear();
  }
}

const planningFailed = (why: string): RunError =>
  new RunError(`Planning failed: ${why}.`, 'It is tried again; if it stays so, give the operator more memory.');

export class WorkerPlanner implements Planner {
  readonly #options: PlannerOptions;
  readonly #threads: (PlanningThread | undefined)[];

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.threads ?? 1 }, () => undefined);
  }

  async plan(input: PlanInput): Promise<PlanAnswer> {
    const { experience } = this.#options;
    const circle = experience.circleOf(input.namespace);
    const revision = await experience.revision(circle);
    const thread = this.#leastLoaded();
    await this.#teach(thread, circle, revision);
    const reply = await thread.ask({ kind: 'plan', circle, input });
    if (reply.kind === 'planned') return reply.answer;
    throw planningFailed(reply.kind === 'failed' ? reply.message : 'the answer is of another kind');
  }

  /** Ends the threads; plans under way are rejected. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread?.close()));
  }

  /** A thread that died is replaced, and starts from nothing. */
  #leastLoaded(): PlanningThread {
    const { candidates = defaultCandidates } = this.#options;
    const alive = this.#threads.map((thread) => (thread?.isAlive === true ? thread : undefined));
    const idle = alive.indexOf(undefined);
    const busy = alive.flatMap((thread) => thread ?? []).sort((a, b) => a.load - b.load)[0];
    // a thread costs memory: a second one only when the first has something to do
    if (busy !== undefined && (idle < 0 || busy.load === 0)) return busy;
    const made = new PlanningThread({ candidates });
    this.#threads[idle] = made;
    return made;
  }

  /** Resolves once the thread has learned from all experience, or from so much of it that the rest can wait. */
  async #teach(thread: PlanningThread, circle: string, revision: string): Promise<void> {
    const { clock } = this.#options;
    const taught = this.#taughtOf(thread, circle);
    // plans that wait for the same lesson share it
    await taught.learning;
    const isFirst = taught.revision === undefined;
    if (taught.revision === revision || (!isFirst && clock.nowSeconds() < taught.learnsAgainSeconds)) return;
    taught.learning ??= this.#learn(thread, taught, circle, revision).finally(() => {
      taught.learning = undefined;
    });
    await taught.learning;
  }

  async #learn(thread: PlanningThread, taught: Taught, circle: string, revision: string): Promise<void> {
    const { experience, clock, onLearned } = this.#options;
    const reply = await thread.ask({ kind: 'learn', circle, experiences: await experience.list(circle) });
    if (reply.kind !== 'learned') throw planningFailed('the thread could not learn');
    // the first lesson goes through all there is and tells nothing of the next ones
    if (taught.revision !== undefined) taught.learnsAgainSeconds = clock.nowSeconds() + reply.seconds / learningShare;
    taught.revision = revision;
    onLearned?.(reply);
  }

  /** The circle that has not planned for longest gives way to a new one, unless it is learning. */
  #taughtOf(thread: PlanningThread, circle: string): Taught {
    const { taught } = thread;
    const found = taught.get(circle) ?? { learnsAgainSeconds: Number.NEGATIVE_INFINITY };
    taught.delete(circle);
    taught.set(circle, found);
    const [oldest, state] = taught.entries().next().value ?? [];
    if (taught.size > mostCircles && oldest !== undefined && state?.learning === undefined) {
      taught.delete(oldest);
      // a thread that died has forgotten it anyway
      thread.ask({ kind: 'forget', circle: oldest }).catch(() => undefined);
    }
    return found;
  }
}
