/** Jobs of a zoo: which there are to be, their names, and the objects themselves. Pure. */
import { posix } from 'node:path';
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { Artifact } from '../../crds/storage.ts';
import type { TrainerJob } from '../../crds/trainer-job.ts';
import type { NewJob } from '../../crds/workloads.ts';
import { deriveSeed } from '../../lib/rng.ts';
import { jobName, outputFolder, reportTarget, traceIdOf, trainerJob } from '../pods.ts';
import type { TrainerSettings } from '../settings.ts';
import { type Places, placeOf, trainerData, trainerOutput, trainerPlace } from '../storage.ts';
import { progressOf } from './advance.ts';
import type { JobIdentity, JobPlan, ZooRole } from './view.ts';
import type { ZooState } from './zoo-state.ts';

/** Seconds that the proxy training of a candidate may take; a short training ranks networks well enough. */
const candidateSeconds = 900;
/** Pre-training is bounded by its epochs; this is the longest that a record admits. */
const pretrainingSeconds = 1e8;
/** Days that a Job may wait for its pod before it is made anew. */
const backstopSeconds: Readonly<Record<ZooRole, number>> = { candidate: 7 * 86_400, pretraining: 60 * 86_400 };

const suffixes: Readonly<Record<ZooRole, string>> = { candidate: 'eval', pretraining: 'pretrain' };

/** Short, so that the longest is still the name of an object that pods can carry: `eval-5000-4`, `pretrain-64-7`. */
const suffixOf = ({ role, id, attempt }: JobIdentity): string => `${suffixes[role]}-${id}-${attempt}`;

/** What a Job is for, by its name; undefined for one of something else. */
export function identityOf(name: string): JobIdentity | undefined {
  const [, suffix, id, attempt] = /-(eval|pretrain)-(\d+)-(\d+)$/.exec(name) ?? [];
  if (suffix === undefined) return undefined;
  return { role: suffix === 'eval' ? 'candidate' : 'pretraining', id: Number(id), attempt: Number(attempt) };
}

/** The Jobs that are to be there: one for each open candidate and for each member that is being pre-trained. */
export function wantedJobs(zoo: ModelZoo, state: ZooState): readonly JobPlan[] {
  const named = (plan: Omit<JobPlan, 'name'>): JobPlan => ({ ...plan, name: nameOf(zoo, plan) });
  const candidates = (progressOf(state)?.open ?? []).map((candidate) =>
    named({ ...candidate, role: 'candidate', memoryPlan: 0, spentSeconds: 0 }),
  );
  const members = state.members.flatMap(({ name, phase, encoding, attempt, memoryPlan, spentSeconds }, i) =>
    phase === 'Pretraining'
      ? [named({ role: 'pretraining', id: i + 1, attempt, encoding, memoryPlan, spentSeconds, member: name })]
      : [],
  );
  return [...members, ...candidates];
}

const nameOf = (zoo: ModelZoo, identity: JobIdentity): string => jobName(ownerOf(zoo), suffixOf(identity));

const ownerOf = ({ metadata }: ModelZoo) => ({ kind: 'ModelZoo', metadata }) as const;

/** Where the zoo comes to lie: its members each in a folder of their own. */
export function artifactOf(zoo: ModelZoo): Artifact {
  const { output } = zoo.spec;
  const folder = outputFolder(ownerOf(zoo));
  if (output.claim === undefined) return { url: `${output.s3.url.replace(/\/+$/, '')}/${folder}` };
  return { claim: { claimName: output.claim.claimName, path: posix.join(output.claim.path ?? '', folder) } };
}

/** Claims that the spec names. */
export const placesOf = ({ spec }: ModelZoo): readonly Places[] => [
  { output: placeOf(spec.output), ...(spec.proxyData === undefined ? {} : { data: placeOf(spec.proxyData) }) },
  ...spec.imports.map(({ weights }) => ({ weights: placeOf(weights) })),
];

/** The same plan gives the same Job. */
export function buildJob(zoo: ModelZoo, plan: JobPlan, settings: TrainerSettings): NewJob {
  const { spec } = zoo;
  return trainerJob(
    {
      owner: ownerOf(zoo),
      suffix: suffixOf(plan),
      job: plan.role === 'candidate' ? candidateJob(zoo, plan, settings) : pretrainingJob(zoo, plan, settings),
      places: { ...placesOf(zoo)[0], ...weightsOf(zoo, plan) },
      resources: spec.resources,
      pod: spec.pod,
      queueName: spec.queueName,
      backstopSeconds: backstopSeconds[plan.role],
    },
    settings,
  );
}

/** The weights that an import names, to be read. */
function weightsOf(zoo: ModelZoo, plan: JobPlan): Places {
  const source = importOf(zoo, plan);
  return source === undefined ? {} : { weights: placeOf(source.weights) };
}

const importOf = ({ spec }: ModelZoo, { member }: JobPlan) => spec.imports.find(({ name }) => name === member);

function candidateJob(zoo: ModelZoo, plan: JobPlan, settings: TrainerSettings): TrainerJob {
  const { proxyData } = zoo.spec;
  if (proxyData === undefined) throw new Error('a search without proxyData passed the schema');
  return {
    kind: 'candidate',
    ...commonPart(zoo, plan, settings),
    data: trainerData(proxyData),
    encoding: plan.encoding,
    candidate: plan.id,
    budgetSeconds: candidateSeconds,
  };
}

function pretrainingJob(zoo: ModelZoo, plan: JobPlan, settings: TrainerSettings): TrainerJob {
  const { proxyData, pretraining } = zoo.spec;
  const source = importOf(zoo, plan);
  const { teacher, epochs } = pretraining;
  return {
    kind: 'pretraining',
    ...commonPart(zoo, plan, settings),
    budgetSeconds: pretrainingSeconds,
    member: plan.member ?? '',
    encoding: plan.encoding,
    epochs,
    ...(proxyData === undefined ? {} : { data: trainerData(proxyData) }),
    ...(teacher === undefined || source !== undefined ? {} : { teacher }),
    ...(source === undefined ? {} : { weights: trainerPlace('weights', placeOf(source.weights)) }),
    ...(source === undefined ? {} : { nativeSize: source.nativeSize }),
    ...(source?.accuracy === undefined ? {} : { accuracy: source.accuracy }),
  };
}

function commonPart(zoo: ModelZoo, plan: JobPlan, settings: TrainerSettings) {
  const { spec, metadata } = zoo;
  const owner = ownerOf(zoo);
  const { namespace, name, uid } = metadata;
  const kindFolder = plan.role === 'candidate' ? 'candidates' : 'members';
  // one training of each member, however often it is begun; candidates are to be compared, so they share a seed
  const seed = deriveSeed(spec.search?.seed ?? 1, plan.role === 'candidate' ? 'candidates' : `member ${plan.id}`);
  return {
    task: { namespace, name, uid },
    attempt: plan.attempt,
    output: trainerOutput(spec.output, `${outputFolder(owner)}/${kindFolder}/${plan.id}`),
    zoo: { kind: 'folder', path: settings.zooFolder },
    spentSeconds: plan.spentSeconds,
    seed,
    memoryPlan: plan.memoryPlan,
    report: reportTarget(owner, settings),
    traceId: traceIdOf(owner.metadata.uid),
  } as const;
}
