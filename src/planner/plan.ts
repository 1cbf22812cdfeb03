import { formatDuration } from '../lib/duration.ts';
import { InputError } from '../lib/errors.ts';
import type { Rng } from '../lib/rng.ts';
import { type Candidate, candidates as drawCandidates, leastSeconds, type SharedSpace } from './candidates.ts';
import { encode } from './encode.ts';
import { type Familiarity, familiarityOf, type KnownDataset } from './familiarity.ts';
import { logit, sigmoid } from './logit.ts';
import { coverage, type Interval, type Predictor } from './predictors/contract.ts';
import { reasonsOf } from './reasons.ts';
import { defaultRunCosts, type RunCosts, type RunCounts } from './run-time.ts';
import type { Timing } from './timing.ts';
import type { BudgetPoint, Choice, DatasetFeatures, MemberInfo, Plan, Preference, Regime } from './types.ts';

export interface PlanRequest {
  readonly features: DatasetFeatures;
  readonly counts: RunCounts;
  readonly members: readonly MemberInfo[];
  readonly timing: Timing;
  readonly costs?: RunCosts;
  readonly predictor: Predictor;
  /** Data sets that the predictor has learnt from; where absent, the data set counts as one of their kind. */
  readonly known?: readonly KnownDataset[];
  readonly budgetSeconds: number;
  /** Look for the shortest run that is expected to reach it, 0 to 1, in place of the most accurate one. */
  readonly targetAccuracy?: number | undefined;
  /** `balanced` where absent. */
  readonly prefer?: Preference | undefined;
  /** Active seconds already used: reading, profile, planning so far. */
  readonly spentSeconds: number;
  readonly rng: Rng;
  readonly candidates?: number;
  /** Choices that the user made; they are kept in every candidate. */
  readonly regimeOverrides?: Partial<Regime>;
  /** Memory and disk that cached activations may take. */
  readonly cacheBytes?: number;
  /** Memory of the process that trains on its CPU: what would take more is not considered. No bound where absent. */
  readonly memoryBytes?: number | undefined;
}

const defaultCandidates = 4000;
const defaultCacheBytes = 1.5e9;
const mostRunnersUp = 5;
const mostCloudPoints = 400;
/** Time kept back for what no model foresees; the trainer stops itself in any case, but a cut schedule costs accuracy. */
const reserveShare = 0.02;
/** Part of the interval's lower half, as it is after the doubts, that is taken off a candidate. */
const cautions: Readonly<Record<Preference, number>> = { mean: 0, balanced: 0.6, 'lower-bound': 1 };
/**
 * Deviations taken off a candidate for what is not known of its lead over the best default regime: the best of thousands is
 * mostly one that the predictor thinks too well of, in ways that no run has borne out.
 */
const doubts: Readonly<Record<Preference, number>> = { mean: 0, balanced: 1.5, 'lower-bound': 1.5 };

interface Scored {
  readonly candidate: Candidate;
  readonly accuracy: Interval;
  readonly score: number;
}

/**
 * The one-shot choice: the candidate that fits into the time left and is predicted best, with different runners-up.
 * Throws InputError where nothing fits or the overrides contradict the data.
 */
export function makePlan(request: PlanRequest): Plan {
  const { members, budgetSeconds, spentSeconds, rng, predictor } = request;
  const overrides = request.regimeOverrides ?? {};
  checkOverrides(request, overrides);
  const shared = sharedSpace(request, (budgetSeconds - spentSeconds) * (1 - reserveShare));
  const count = request.candidates ?? defaultCandidates;
  const { confidence, why, nearest } = familiarity(request);
  const isStrange = confidence === 'Low';
  // of one unlike all others nothing but the lower end counts
  const prefer = isStrange ? 'lower-bound' : (request.prefer ?? 'balanced');
  /** Judged candidates of so many seconds, `share` of the plan's number. */
  const judged = (seconds: number, share: number): readonly Scored[] => {
    const space = { ...shared, seconds };
    // what the predictor says of finer choices rests on other kinds of data: each member's default regime is safer
    const safe = isStrange ? drawCandidates(members, space, overrides, rng, members.length) : [];
    // anything else only where none of them fits into the whole time
    const isSafe = isStrange && (safe.length > 0 || share < 1);
    const drawn = isSafe ? safe : drawCandidates(members, space, overrides, rng, Math.ceil(share * count));
    return scoredBy(prefer, drawn, request);
  };
  const fitting = judged(shared.seconds, 1);
  if (fitting.length === 0) throw nothingFits(request, shared, overrides);
  const { targetAccuracy } = request;
  const quick = targetAccuracy === undefined ? [] : quickShares;
  const scored = [...fitting, ...quick.flatMap((share) => judged(share * shared.seconds, 1 / quickShares.length))].sort(
    targetAccuracy === undefined ? byScore : byAim(targetAccuracy),
  );
  const within = (times: number): readonly Scored[] =>
    times === 1 ? fitting : judged((budgetSeconds * times - spentSeconds) * (1 - reserveShare), tradeOffShare);
  const best = choiceOf(scored[0] as Scored);
  return {
    ...best,
    budgetSeconds,
    coverage,
    confidence,
    ...(why === undefined ? {} : { doubt: why }),
    nearest,
    reasons: targetAccuracy === undefined ? reasonsOf(scored) : [],
    ...(targetAccuracy === undefined
      ? {}
      : { target: { accuracy: targetAccuracy, isExpected: (scored[0]?.score ?? 0) >= targetAccuracy } }),
    tradeOff: tradeOff(within, request),
    predictor: { name: predictor.name, version: predictor.version, experiences: predictor.experiences },
    candidates: isStrange ? members.length : count,
    fitting: fitting.length,
    runnersUp: runnersUp(scored),
    cloud: cloud(scored),
  };
}

const familiarity = ({ features, known }: PlanRequest): Familiarity =>
  known === undefined ? { confidence: 'Usual', nearest: [] } : familiarityOf(features, known);

function sharedSpace(request: PlanRequest, seconds: number): SharedSpace {
  const { features, counts, timing, costs = defaultRunCosts, cacheBytes = defaultCacheBytes, memoryBytes } = request;
  return { features, counts, timing, costs, seconds, cacheBytes, memoryBytes };
}

function scoredBy(
  prefer: Preference,
  drawn: readonly Candidate[],
  { features, predictor }: PlanRequest,
): readonly Scored[] {
  const judged = drawn.map((candidate) => {
    const x = encode({ features, ...candidate });
    return { candidate, x, accuracy: predictor.predictOne(x) };
  });
  const [usual] = judged
    .filter(({ candidate }) => candidate.isDefault)
    .sort((a, b) => b.accuracy.mean - a.accuracy.mean);
  const [caution, weight] = [cautions[prefer], doubts[prefer]];
  const doubtOf = usual === undefined || weight === 0 ? () => 0 : predictor.doubtBeside(usual.x);
  return judged.map(({ candidate, x, accuracy }) => {
    const doubt = weight * doubtOf(x);
    const doubted = (share: number): number => sigmoid(logit(share) - doubt);
    const mean = doubted(accuracy.mean);
    return { candidate, accuracy, score: mean - caution * (mean - doubted(accuracy.low)) };
  });
}

function choiceOf({ candidate: { member, regime, seconds }, accuracy: { mean, low, high } }: Scored): Choice {
  return { member: member.name, regime, predicted: { accuracy: mean, low, high, seconds } };
}

/** Candidates for each other budget of the trade-off, as a share of the plan's. */
const tradeOffShare = 0.06;
/** Budgets of the trade-off over the plan's. */
const tradedBudgets = [0.25, 0.5, 1, 2, 4] as const;

/** The best choice of each budget, `within` giving the candidates; a larger one may always do what a smaller one does. */
function tradeOff(
  within: (times: number) => readonly Scored[],
  { budgetSeconds }: PlanRequest,
): readonly BudgetPoint[] {
  const points: BudgetPoint[] = [];
  let best: Scored | undefined;
  for (const times of tradedBudgets) {
    for (const one of within(times)) if (best === undefined || byScore(one, best) < 0) best = one;
    if (best === undefined) continue;
    const { candidate, accuracy } = best;
    points.push({ budgetSeconds: budgetSeconds * times, member: candidate.member.name, accuracy: accuracy.mean });
  }
  return points;
}

/** Parts of the time for which candidates are drawn too where the shortest run is looked for. */
const quickShares = [0.5, 0.25, 0.12, 0.06] as const;

/** Those that are expected to reach the accuracy first, the shortest at the head; then the most accurate. */
const byAim =
  (wanted: number) =>
  (a: Scored, b: Scored): number => {
    const [first, second] = [a.score >= wanted, b.score >= wanted];
    if (first && second) return a.candidate.seconds - b.candidate.seconds || b.score - a.score;
    return Number(second) - Number(first) || byScore(a, b);
  };

/** Best first; of equals the faster. */
const byScore = (a: Scored, b: Scored): number => b.score - a.score || a.candidate.seconds - b.candidate.seconds;

function runnersUp(scored: readonly Scored[]): readonly Choice[] {
  const chosen: Candidate[] = [];
  const choices: Choice[] = [];
  for (const next of scored) {
    if (choices.length > mostRunnersUp) break;
    if (!chosen.every((before) => clearlyDifferent(before, next.candidate))) continue;
    chosen.push(next.candidate);
    choices.push(choiceOf(next));
  }
  // the first is the plan itself
  return choices.slice(1);
}

/** Another member, or a regime that differs in at least two ways that a person would call another plan. */
function clearlyDifferent(a: Candidate, b: Candidate): boolean {
  if (a.member !== b.member) return true;
  const [p, q] = [a.regime, b.regime];
  const differences = [
    p.inputSize !== q.inputSize,
    p.frozenStages !== q.frozenStages,
    p.optimizer !== q.optimizer,
    p.augmentation !== q.augmentation,
    Math.abs(Math.log(a.seconds / b.seconds)) > Math.log(1.5),
  ];
  return differences.filter(Boolean).length >= 2;
}

/** An even sample over the ranking, the best included. */
function cloud(scored: readonly Scored[]): Plan['cloud'] {
  const stride = Math.max(1, scored.length / mostCloudPoints);
  const length = Math.min(scored.length, mostCloudPoints);
  return Array.from({ length }, (_, i) => {
    const { candidate, accuracy } = scored[Math.floor(i * stride)] as Scored;
    return { member: candidate.member.name, seconds: candidate.seconds, accuracy: accuracy.mean };
  });
}

function checkOverrides({ members, counts, timing }: PlanRequest, overrides: Partial<Regime>): void {
  if (members.length === 0) {
    throw new InputError('The zoo has no members to choose from.', 'Import a member or use the zoo that is shipped.');
  }
  const { frozenStages, batchSize, precision } = overrides;
  const mostStages = Math.max(...members.map((m) => m.stages));
  if (frozenStages !== undefined && frozenStages > mostStages) {
    throw new InputError(
      `No member has ${frozenStages} stages that could be frozen.`,
      `Freeze at most ${mostStages} stages.`,
    );
  }
  if (batchSize !== undefined && batchSize > counts.trainImages) {
    throw new InputError(
      `A batch of ${batchSize} images is more than the ${counts.trainImages} training images.`,
      `Choose a batch size of at most ${counts.trainImages}.`,
    );
  }
  if (precision !== undefined && !timing.precisions.includes(precision)) {
    throw new InputError(`This machine was not seen to train in ${precision}.`, 'Leave the precision to the planner.');
  }
}

const fitsWithoutBound = ({ members, rng }: PlanRequest, shared: SharedSpace, overrides: Partial<Regime>): boolean =>
  Number.isFinite(leastSeconds(members, { ...shared, memoryBytes: undefined }, overrides, rng));

function nothingFits(request: PlanRequest, shared: SharedSpace, overrides: Partial<Regime>): InputError {
  const { members, rng, spentSeconds, budgetSeconds } = request;
  const least = leastSeconds(members, shared, overrides, rng);
  if (!Number.isFinite(least) && request.memoryBytes !== undefined && fitsWithoutBound(request, shared, overrides)) {
    return new InputError(
      `Nothing can be trained within ${Math.floor(request.memoryBytes / 2 ** 20)} MiB of memory.`,
      'Give it more memory, or leave a smaller batch size, input size or member to the planner.',
    );
  }
  if (!Number.isFinite(least)) {
    return new InputError(
      'No member can train with the choices that were fixed.',
      'Fix fewer of them: the planner then finds the others.',
    );
  }
  // a little above, so that the advice itself works
  const needed = Math.ceil((1.05 * least) / (1 - reserveShare) + spentSeconds);
  return new InputError(
    `Nothing can be trained within ${formatDuration(budgetSeconds)}, of which ${formatDuration(spentSeconds)} are used.`,
    `Allow at least ${formatDuration(needed)}.`,
  );
}
