import type { MemberInfo, Regime } from './types.ts';

/** Which training step is asked for. */
export interface StepQuery {
  readonly inputSize: number;
  readonly batchSize: number;
  readonly frozenStages: number;
  /** Activations at the end of the frozen stages come from a cache: the frozen stages cost nothing. */
  readonly cachedFeatures: boolean;
  readonly precision: Regime['precision'];
}

/** What a step is made of, in units that a machine turns into seconds. */
export interface StepParts {
  /** Launching operations, whatever the batch: 1 for a full training step of the whole network. */
  readonly overhead: number;
  /** Arithmetic: 1 for training the whole network on one image at its native size. */
  readonly work: number;
}

/** The head and the feeding of the batch, as a share of the operations of a full step. */
const headOverhead = 0.1;
/** The same of the arithmetic; keeps a step of a cached network without stages from being free. */
const headWork = 2e-4;

/**
 * A forward pass costs one third of a training step and the backward pass two thirds (gradients of activations and of
 * weights), so a frozen stage costs a third of a trained one, and nothing when its result is cached.
 */
export function stepParts(member: MemberInfo, query: StepQuery): StepParts {
  const frozen = Math.min(Math.max(0, query.frozenStages), member.stages);
  const frozenCost = query.cachedFeatures ? 0 : 1 / 3;
  const stagesShare = member.stages === 0 ? 0 : frozen / member.stages;
  const macsShare = frozenShare(member, frozen);
  const area = (query.inputSize / member.nativeSize) ** 2;
  return {
    overhead: headOverhead + (1 - headOverhead) * (stagesShare * frozenCost + 1 - stagesShare),
    work: query.batchSize * (headWork + (1 - headWork) * area * (macsShare * frozenCost + 1 - macsShare)),
  };
}

/** Share of the forward arithmetic in the frozen stages, 0 to 1. */
export function frozenShare(member: MemberInfo, frozenStages: number): number {
  return Math.min(1, Math.max(0, member.stageShare[frozenStages] ?? frozenStages / Math.max(1, member.stages)));
}

/** A distance of step b from the step a asked for: about 1 where the residual of b says little about a. */
export function stepDistance(a: StepQuery, b: StepQuery, memberA: MemberInfo, memberB: MemberInfo): number {
  const frozen = (frozenShare(memberA, a.frozenStages) - frozenShare(memberB, b.frozenStages)) / 0.3;
  const members = memberA.name === memberB.name ? 0 : 1.5;
  return Math.hypot(placeDistance(a, b, memberA), frozen, members);
}

/**
 * The same between steps of one member that was measured with every number of frozen stages: what a stage takes beside its
 * arithmetic is its own, and the stages next to it say little of it.
 */
export const stageDistance = (a: StepQuery, b: StepQuery, member: MemberInfo): number =>
  Math.hypot(placeDistance(a, b, member), (a.frozenStages - b.frozenStages) / (0.1 * Math.max(1, member.stages)));

/** Of size, batch, and whether there is a cache. */
function placeDistance(a: StepQuery, b: StepQuery, member: MemberInfo): number {
  // where everything before the head is cached, the size of the image is no part of the step
  const isSized = !a.cachedFeatures || a.frozenStages < member.stages;
  const sizes = isSized ? Math.log(a.inputSize / b.inputSize) / 0.5 : 0;
  return Math.hypot(sizes, Math.log(a.batchSize / b.batchSize), a.cachedFeatures === b.cachedFeatures ? 0 : 1);
}

/** The same function of a member's steps, each computed once. */
export function remembering<T>(
  compute: (member: MemberInfo, query: StepQuery) => T,
): (member: MemberInfo, query: StepQuery) => T {
  const known = new WeakMap<MemberInfo, Map<number, T>>();
  return (member, query) => {
    const { inputSize, batchSize, frozenStages, cachedFeatures, precision } = query;
    // one number in place of a text: this is asked millions of times
    const flags = (cachedFeatures ? 2 : 0) + (precision === 'bf16' ? 1 : 0);
    const key = ((inputSize * 2 ** 20 + batchSize) * 2 ** 8 + frozenStages) * 4 + flags;
    const ofMember = known.get(member) ?? new Map<number, T>();
    const found = ofMember.get(key) ?? compute(member, query);
    ofMember.set(key, found);
    known.set(member, ofMember);
    return found;
  };
}
