import { remembering, type StepQuery, stageDistance, stepDistance, stepParts } from './step-cost.ts';
import { fitMachine, fitReference, type Machine, type Reference } from './timing-fit.ts';
import type { MemberInfo, Regime, StepTime } from './types.ts';

/** A training step measured on the machine that will train. */
export interface MeasuredStep extends StepTime {
  readonly member: string;
}

export interface StepEstimate {
  readonly seconds: number;
  /** Standard deviation of the logarithm of the seconds. */
  readonly deviation: number;
}

/** Predicts the seconds of any step on this machine. */
export interface Timing {
  stepSeconds(member: MemberInfo, query: StepQuery): StepEstimate;
  /** What this machine was seen to run; fp32 always. */
  readonly precisions: readonly Regime['precision'][];
}

/** A residual seen at a step, in logarithms. */
interface Residual {
  readonly member: MemberInfo;
  readonly query: StepQuery;
  readonly residual: number;
}

/** Weight of the belief that a residual is zero, in measurements: of a profile's few short ones, and of those that members ship. */
const doubts = { profile: 0.25, shipped: 0.02 } as const;
/** Log deviation of a machine on which nothing was measured, and of a step far from everything measured. */
const unknownMachine = 0.5;
const unknownStep = 0.2;
/** One measured step varies by this much by itself (other processes, clock rates). */
const noise = 0.05;

/**
 * The timing model of the members on a machine. Each member ships steps of the reference machine; `measured` holds
 * steps of this machine (none: the reference machine is assumed, with a wide deviation). Two factors, for the launching
 * of operations and for arithmetic, move the reference to this machine; what they leave over is interpolated between
 * neighbouring measurements. Measurements that are not positive and finite, or of unknown members, are ignored.
 */
export function calibrate(members: readonly MemberInfo[], measured: readonly MeasuredStep[]): Timing {
  const byName = new Map(members.map((m) => [m.name, m]));
  const usable = measured.flatMap((step) => {
    const member = byName.get(step.member);
    const known = member !== undefined && Number.isFinite(step.seconds) && step.seconds > 0;
    return known ? [{ member, query: queryOf(step), seconds: step.seconds }] : [];
  });
  const plain = usable.filter((u) => u.query.precision === 'fp32');
  const rows = plain.map((u) => ({ ...partsInSeconds(u.member, u.query), seconds: u.seconds }));
  const machine = fitMachine(rows);
  const base = (member: MemberInfo, query: StepQuery) => onMachine(machine, partsInSeconds(member, query));
  const residuals: Residual[] = plain.map(({ member, query, seconds }) => {
    return { member, query, residual: Math.log(seconds / base(member, query)) };
  });
  const fp32 = (member: MemberInfo, query: StepQuery): StepEstimate => {
    const near = interpolateProfile(residuals, member, query);
    const spread = usable.length === 0 ? unknownMachine : machine.deviation;
    return {
      seconds: base(member, query) * Math.exp(near.residual),
      deviation: Math.hypot(noise, (1 - near.closeness) * Math.hypot(spread, unknownStep)),
    };
  };
  const halfResiduals = usable
    .filter((u) => u.query.precision === 'bf16')
    .map(({ member, query, seconds }) => {
      return { member, query, residual: Math.log(seconds / fp32(member, query).seconds) };
    });
  // few measurements of bf16 are made: their mean ratio stands for all, the neighbours refine it
  const halfMean = halfResiduals.reduce((sum, r) => sum + r.residual, 0) / Math.max(1, halfResiduals.length);
  const centred = halfResiduals.map((r) => ({ ...r, residual: r.residual - halfMean }));
  const estimate = (member: MemberInfo, query: StepQuery): StepEstimate => {
    const plainStep = fp32(member, query);
    if (query.precision === 'fp32' || halfResiduals.length === 0) return plainStep;
    const near = interpolateProfile(centred, member, query);
    const seconds = plainStep.seconds * Math.exp(halfMean + near.residual);
    return { seconds, deviation: Math.hypot(plainStep.deviation, (1 - near.closeness) * unknownStep) };
  };
  return {
    precisions: halfResiduals.length > 0 ? ['fp32', 'bf16'] : ['fp32'],
    // thousands of candidates ask for the same few hundred steps
    stepSeconds: remembering(estimate),
  };
}

interface MemberReference {
  readonly fit: Reference;
  readonly residuals: readonly Residual[];
}

function referenceOf(member: MemberInfo): MemberReference {
  const steps = member.steps
    .filter((s) => (s.precision ?? 'fp32') === 'fp32' && s.seconds > 0)
    .map((step) => ({ query: queryOf(step), seconds: step.seconds }));
  const fit = fitReference(
    member,
    steps.map(({ query, seconds }) => ({ ...stepParts(member, query), seconds })),
  );
  const residuals = steps.map(({ query, seconds }) => {
    const parts = stepParts(member, query);
    const predicted = fit.overheadSeconds * parts.overhead + fit.workSeconds * parts.work;
    return { member, query, residual: Math.log(seconds / predicted) };
  });
  return { fit, residuals };
}

/** A member is a constant: what follows from it alone is found once, however many plans are made of it. */
const references = new WeakMap<MemberInfo, MemberReference>();

function referenceFor(member: MemberInfo): MemberReference {
  const found = references.get(member) ?? referenceOf(member);
  references.set(member, found);
  return found;
}

/** Seconds that the reference machine spends on each part of the step, its own residual applied to both. */
const partsInSeconds = remembering((member: MemberInfo, query: StepQuery) => {
  const reference = referenceFor(member);
  const parts = stepParts(member, query);
  const { residual } = interpolate(
    reference.residuals,
    (near) => stageDistance(query, near.query, member),
    doubts.shipped,
  );
  const scale = Math.exp(residual);
  return {
    overhead: scale * reference.fit.overheadSeconds * parts.overhead,
    work: scale * reference.fit.workSeconds * parts.work,
  };
});

const onMachine = (machine: Machine, parts: { readonly overhead: number; readonly work: number }): number =>
  machine.overheadFactor * parts.overhead + machine.workFactor * parts.work;

/** Kernel-weighted mean of the residuals near a step, shrunk towards zero; closeness from 0 (far) to almost 1. */
function interpolate(residuals: readonly Residual[], distance: (near: Residual) => number, doubt: number) {
  let [weights, sum] = [0, 0];
  for (const near of residuals) {
    const weight = Math.exp(-2 * distance(near) ** 2);
    weights += weight;
    sum += weight * near.residual;
  }
  return { residual: sum / (weights + doubt), closeness: weights / (weights + doubt) };
}

/** By what a profile has measured. */
const interpolateProfile = (residuals: readonly Residual[], member: MemberInfo, query: StepQuery) =>
  interpolate(residuals, (near) => stepDistance(query, near.query, member, near.member), doubts.profile);

const queryOf = (step: StepTime): StepQuery => ({
  inputSize: step.inputSize,
  batchSize: step.batchSize,
  frozenStages: step.frozenStages,
  cachedFeatures: step.cachedFeatures,
  precision: step.precision ?? 'fp32',
});
