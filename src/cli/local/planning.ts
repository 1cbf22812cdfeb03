/** From a data set to a plan on this machine: what `plan` and `tune` share. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { usesGpu } from '../../graph/session.ts';
import { InputError } from '../../lib/errors.ts';
import { memoryLimit } from '../../lib/memory.ts';
import { createRng, deriveSeed } from '../../lib/rng.ts';
import { cacheDir } from '../../lib/user-dirs.ts';
import { defaultZoo, loadZoo, memberOf, type Zoo, type ZooMember } from '../../nas/zoo.ts';
import { knownDatasets } from '../../planner/familiarity.ts';
import { datasetFeatures } from '../../planner/features.ts';
import { makePlan } from '../../planner/plan.ts';
import { encodedOptions, lessonsOf, replay } from '../../planner/predictors/replay.ts';
import { predictors } from '../../planner/predictors/table.ts';
import { defaultRunCosts } from '../../planner/run-time.ts';
import { calibrate } from '../../planner/timing.ts';
import type { DatasetFeatures, Experience, Plan } from '../../planner/types.ts';
import { mergeExperience } from '../../store/shipped-experience.ts';
import { type Dataset, openDataset } from '../../train/dataset.ts';
import { type Probe, type Profile, profile } from '../../train/profile.ts';
import type { CommandContext } from '../context.ts';
import { ownExperience, shippedExperience } from '../experience-records.ts';
import type { PlanOutcome, PlanRequest } from '../requests.ts';
import { startWeights, taskNetwork } from './start-weights.ts';

export interface Planned {
  readonly dataset: Dataset;
  readonly zoo: Zoo;
  readonly features: DatasetFeatures;
  readonly plan: Plan;
  /** Of reading and the profile, and of planning after it. */
  readonly profileSeconds: number;
  readonly planningSeconds: number;
}

/** Of the data set and of this machine. */
export interface Measured extends Pick<Profile, 'steps' | 'decodeSecondsPerImage' | 'startSeconds'> {
  readonly features: DatasetFeatures;
}

/** Most of the planning time goes to the profile; the rest is the predictor's. */
const profileShare = 0.7;
/** Seconds that planning may always take. */
const planningFloor = 3;
const planningShare = 0.05;

export const workersHere = (): number => Math.max(1, Math.min(4, availableParallelism()));

export const scratchFolder = (env: NodeJS.ProcessEnv = process.env): string => join(cacheDir(env), 'scratch');

/** Share of the memory that a run may take: somebody else uses the machine too. */
const memoryShare = 0.9;

/** Undefined on a machine with a GPU, in whose memory a step's values are. */
const memoryHere = (isOnGpu: boolean): number | undefined => (isOnGpu ? undefined : memoryShare * memoryLimit());

/** Opens the data set; the caller closes it. The clock of the budget starts with this call. */
export function openImages(
  request: PlanRequest,
  { env, signal }: Pick<CommandContext, 'env' | 'signal'>,
): Promise<Dataset> {
  const { path, seed, validationShare, maxDamagedShare } = request;
  return openDataset(path, { seed, valShare: validationShare, maxDamagedShare, scratch: scratchFolder(env), signal });
}

/** Everything that plans are made from, for one budget or another. */
interface PlanGround extends Omit<Planned, 'plan' | 'planningSeconds'> {
  /** Throws InputError where nothing fits. */
  readonly planFor: (budgetSeconds: number) => Plan;
}

/** Profiles the data set and picks member and regime. `startedSeconds`: the clock's reading when the data was first read. */
export async function planHere(
  request: PlanRequest,
  dataset: Dataset,
  startedSeconds: number,
  context: CommandContext,
): Promise<Planned> {
  const { planFor, ...ground } = await groundHere(request, dataset, startedSeconds, context);
  const plan = planFor(request.budgetSeconds);
  return { ...ground, plan, planningSeconds: context.clock.nowSeconds() - startedSeconds - ground.profileSeconds };
}

/** The profile has time out of the budget of the request. */
export async function groundHere(
  request: PlanRequest,
  dataset: Dataset,
  startedSeconds: number,
  context: CommandContext,
): Promise<PlanGround> {
  const { clock, env, reporter } = context;
  const zooAndExperience = Promise.all([openZoo(request, env), readExperience(request, env)]);
  reporter.phase('profile');
  const [zoo, experience] = await zooAndExperience;
  const members = eligibleMembers(zoo, request);
  const measured = await profileHere(request, { zoo, dataset, startedSeconds }, context);
  const profileSeconds = clock.nowSeconds() - startedSeconds;
  reporter.phase('plan');
  const rng = createRng(deriveSeed(request.seed, 'plan'));
  const predictor = replay(predictors[request.predictor], encodedOptions(request.seed), lessonsOf(experience), rng);
  const known = knownDatasets(experience);
  // the profile has loaded the library already
  const isOnGpu = await usesGpu();
  const { features, steps, decodeSecondsPerImage, startSeconds } = measured;
  const planFor = (budgetSeconds: number): Plan =>
    makePlan({
      ...{ features, members, predictor, known, rng, budgetSeconds, regimeOverrides: request.regime },
      targetAccuracy: request.targetAccuracy,
      prefer: request.prefer,
      memoryBytes: memoryHere(isOnGpu),
      counts: { trainImages: dataset.train.length, validationImages: dataset.val.length },
      timing: calibrate(zoo.members, steps),
      costs: { ...defaultRunCosts, decodeSecondsPerImage, startSeconds, workers: workersHere() },
      spentSeconds: clock.nowSeconds() - startedSeconds,
    });
  return { dataset, zoo, features, profileSeconds, planFor };
}

/** Measures the data set and this machine, members as the time allows: what a plan is made from, here or elsewhere. */
export async function profileHere(
  { seed, budgetSeconds }: Pick<PlanRequest, 'seed' | 'budgetSeconds'>,
  { zoo, dataset, startedSeconds }: Pick<Planned, 'zoo' | 'dataset'> & { readonly startedSeconds: number },
  { clock, signal }: Pick<CommandContext, 'clock' | 'signal'>,
): Promise<Measured> {
  const began = clock.nowSeconds();
  const allowed = Math.max(planningFloor, planningShare * budgetSeconds);
  const measured = await profile({
    ...{ dataset, seed, workers: workersHere(), clock, signal },
    probes: probesOf(zoo, dataset.classes.length),
    seconds: allowed * profileShare - (began - startedSeconds),
  });
  const perClass = dataset.classes.map((_, label) => dataset.train.filter((item) => item.label === label).length);
  const { steps, decodeSecondsPerImage, startSeconds } = measured;
  const features = datasetFeatures(measured.sample, measured.embedding, perClass);
  return { features, steps, decodeSecondsPerImage, startSeconds };
}

export function outcomeOf({ dataset, zoo, features, plan, profileSeconds, planningSeconds }: Planned): PlanOutcome {
  const { stages } = memberOf(zoo, plan.member);
  return { ...factsOf(dataset), features, stages, plan, planningSeconds: profileSeconds + planningSeconds };
}

/** What every outcome tells of its data set. */
export const factsOf = ({ name, train, val, classes, skipped }: Dataset) => ({
  dataset: name,
  images: train.length + val.length,
  classes: classes.length,
  skipped: skipped.length,
});

export const openZoo = (request: Pick<PlanRequest, 'zoo'>, env: NodeJS.ProcessEnv): Promise<Zoo> =>
  request.zoo === undefined ? defaultZoo(env) : loadZoo(request.zoo);

/** Those that may be chosen. Throws InputError where there is none, before time is spent on a profile. */
function eligibleMembers(zoo: Zoo, { member }: PlanRequest): readonly ZooMember[] {
  if (member !== undefined) return [memberOf(zoo, member)];
  if (zoo.members.length > 0) return zoo.members;
  throw new InputError(
    `The zoo "${zoo.name}" has no members to choose from.`,
    'Give --zoo another folder, or add a member with `nasoa zoo import`.',
  );
}

/** Members by their cost, cheapest first. */
function probesOf(zoo: Zoo, classes: number): Probe[] {
  const byCost = zoo.members.toSorted((a, b) => a.macsM - b.macsM);
  return byCost.map((member) => {
    const { name, nativeSize, macsM } = member;
    const network = taskNetwork(member, { classes });
    return { name, nativeSize, macsM, network, weights: () => startWeights(zoo, name, network) };
  });
}

/** The runs that the zoo ships and those of the user, without keeping the database open. */
async function readExperience(
  { withoutExperienceOf }: Pick<PlanRequest, 'withoutExperienceOf'>,
  env: NodeJS.ProcessEnv,
): Promise<readonly Experience[]> {
  const [shipped, own] = await Promise.all([shippedExperience(), ownExperience(env)]);
  return mergeExperience(shipped, own).filter(({ dataset }) => dataset !== withoutExperienceOf);
}
