import type { JobFailure, JobState } from '../../../src/controllers/job-state.ts';
import { type Decision, decide } from '../../../src/controllers/model-zoo/decide.ts';
import { identityOf, wantedJobs } from '../../../src/controllers/model-zoo/jobs.ts';
import { restSecondsOf } from '../../../src/controllers/model-zoo/rest.ts';
import type { JobPlan, JobView, Kept, View } from '../../../src/controllers/model-zoo/view.ts';
import { architectureSearch, type ZooState } from '../../../src/controllers/model-zoo/zoo-state.ts';
import type { TrainerSettings } from '../../../src/controllers/settings.ts';
import type { ModelZoo } from '../../../src/crds/model-zoo.ts';
import type { SearchProgress } from '../../../src/nas/search.ts';
import { anInstant, aZoo } from '../../support/objects.ts';

export const aPod = { metadata: {}, spec: { containers: [] } } as never;

export const waitingState: JobState = {
  kind: 'waiting',
  waiting: { reason: 'Starting', message: 'The pod starts.' },
  pod: undefined,
};
export const runningState: JobState = { kind: 'running', pod: aPod, since: anInstant };
export const failedState = (reason: JobFailure['reason'], message = 'what happened'): JobState => ({
  kind: 'failed',
  failure: { reason, message, final: false },
});

/** What a sound trainer answers; accuracy and time follow from the id, so that all candidates lie on one front. */
export function answeredState(plan: JobPlan, over: { readonly encoding?: string } = {}): JobState {
  const { id, encoding, member } = plan;
  const measured = { accuracy: 0.3 + id / 10_000, stepSeconds: 0.01 * id, activeSeconds: 10 };
  if (plan.role === 'candidate') {
    const size = { parametersM: 1, macsM: 10 };
    return { kind: 'answered', answer: { kind: 'candidate', candidate: id, encoding, ...measured, ...size, ...over } };
  }
  const artifact = { claim: { claimName: 'zoo', path: `members/${id}` } };
  return { kind: 'answered', answer: { kind: 'pretraining', member: member ?? '', encoding, ...measured, artifact } };
}

/** A zoo, its Jobs and its store, without an API server between: what a pass decides is done at once. */
export class SmallWorld {
  zoo: ModelZoo;
  /** Undefined where the store has nothing. */
  saved: { readonly revision: number; readonly state: ZooState } | undefined;
  readonly jobs = new Map<string, JobView>();
  /** Names of all Jobs ever created, in order. */
  readonly created: string[] = [];
  readonly told: string[] = [];
  lingering: readonly string[] = [];
  missing: View['missing'] = [];
  refusal: View['refusal'];
  now = new Date(anInstant);
  readonly #endedAt = new Map<string, string>();

  constructor(spec: Parameters<typeof aZoo>[0] = {}) {
    this.zoo = aZoo(spec);
  }

  view(seen: readonly JobView[] = [...this.jobs.values()]): View {
    const jobs = seen.map((job) => ({ ...job, restSeconds: this.#restSeconds(job) }));
    const { zoo, lingering, missing, refusal } = this;
    const kept: Kept = throughJson(this.saved) ?? { revision: 0, state: undefined };
    return { zoo, kept, jobs, podsAreCurrent: true, lingering, missing, refusal };
  }

  #restSeconds(job: JobView): number {
    return this.zoo.spec.suspend ? 0 : restSecondsOf(job, this.#endedAt.get(job.name), this.now.getTime() / 1000);
  }

  /** One pass; `crash`: the process dies when the state is kept. `seen`: Jobs as an old cache shows them. */
  pass(options: { readonly crash?: boolean; readonly seen?: readonly JobView[] } = {}): Decision {
    const decision = decide(this.view(options.seen), this.now);
    if (decision.save !== undefined) {
      this.saved = { revision: decision.save.expectedRevision + 1, state: decision.save.state };
    }
    if (options.crash === true) return decision;
    this.zoo = { ...this.zoo, status: throughJson(decision.status) };
    for (const deed of decision.deeds) {
      if (deed.do === 'deleteJob') this.jobs.delete(deed.name);
      else if (deed.do === 'event') this.told.push(deed.happening.reason);
      else if (!this.jobs.has(deed.plan.name)) this.#create(deed.plan);
    }
    return decision;
  }

  #create({ name }: JobPlan): void {
    const identity = identityOf(name);
    if (identity === undefined) throw new Error(`the name ${name} says nothing`);
    this.created.push(name);
    this.jobs.set(name, {
      ...identity,
      name,
      state: waitingState,
      seconds: 0,
      wordsToCome: false,
      deleting: false,
      restSeconds: 0,
    });
  }

  /** `eval-1-1` for short. */
  job(suffix: string): JobView {
    const job = [...this.jobs.values()].find(({ name }) => name.endsWith(`-${suffix}`));
    if (job === undefined) throw new Error(`there is no Job ${suffix}, only ${this.names().join(', ')}`);
    return job;
  }

  names(): readonly string[] {
    return [...this.jobs.keys()].map(shortName);
  }

  change(suffix: string, over: Partial<JobView>): void {
    const job = this.job(suffix);
    this.jobs.set(job.name, { ...job, ...over });
  }

  /** The pod of that Job runs to its end. */
  answer(suffix: string, over: { readonly encoding?: string } = {}): void {
    const { name } = this.job(suffix);
    const plan = wantedJobs(this.zoo, this.state()).find((wanted) => wanted.name === name);
    if (plan === undefined) throw new Error(`the Job ${suffix} is not wanted`);
    this.change(suffix, { state: answeredState(plan, over), seconds: 10 });
  }

  fail(suffix: string, reason: JobFailure['reason']): void {
    this.change(suffix, { state: failedState(reason), seconds: 10 });
  }

  /** The same, with the time of its end, which is now. */
  failNow(suffix: string, reason: JobFailure['reason']): void {
    this.fail(suffix, reason);
    this.#endedAt.set(this.job(suffix).name, this.now.toISOString());
  }

  /** So many seconds go by. */
  wait(seconds: number): void {
    this.now = new Date(this.now.getTime() + 1000 * seconds);
  }

  state(): ZooState {
    if (this.saved === undefined) throw new Error('nothing is kept');
    return this.saved.state;
  }

  progress(): SearchProgress {
    const { search } = this.state();
    if (search === undefined) throw new Error('the zoo has no search');
    return architectureSearch.progress(search);
  }

  /** Every pod runs to its end, pass after pass, until nothing is left to do. */
  toTheEnd(): void {
    for (let passes = 0; passes < 500; passes++) {
      const before = this.#fingerprint();
      this.pass();
      for (const name of this.names()) if (this.isLive(name)) this.answer(name);
      if (this.#fingerprint() === before) return;
    }
    throw new Error('the zoo does not come to an end');
  }

  #fingerprint(): string {
    const states = this.names().map((name) => `${name} ${this.job(name).state.kind}`);
    return [this.saved?.revision, this.zoo.status?.phase, ...states].join();
  }

  isLive(suffix: string): boolean {
    const { kind } = this.job(suffix).state;
    return kind === 'waiting' || kind === 'running';
  }

  /** Status and reason of a condition, such as `False Searching`. */
  condition(type: string): string {
    const condition = this.zoo.status?.conditions?.find((one) => one.type === type);
    return `${condition?.status} ${condition?.reason}`;
  }
}

export const shortName = (name: string): string => /(eval|pretrain)-\d+-\d+$/.exec(name)?.[0] ?? name;

const throughJson = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

export const someSettings: TrainerSettings = {
  image: 'registry.example/nasoa-trainer:1',
  gpuImage: 'registry.example/nasoa-trainer-gpu:1',
  imagePullPolicy: 'IfNotPresent',
  cpu: '1',
  memory: '2Gi',
  zooFolder: '/zoo',
  userId: 65_532,
  reportAddress: 'https://nasoa.nasoa-system.svc:8443',
};
