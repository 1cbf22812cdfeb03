/** What the planner knows of a zoo's member; no TensorFlow, no weights. */
export interface MemberInfo {
  readonly name: string;
  readonly encoding: string;
  /** Parameters in millions, MACs in millions at `nativeSize`. */
  readonly parametersM: number;
  readonly macsM: number;
  /** Input size of its pre-training in pixels. */
  readonly nativeSize: number;
  /** Pre-training top-1 accuracy, 0 to 1. */
  readonly accuracy: number;
  /** Number of stages that can be frozen. */
  readonly stages: number;
  /** Share of the forward MACs (at native size) in the first k stages, k = 0 .. stages; the first is 0. */
  readonly stageShare: readonly number[];
  /** Measured steps of the reference machine. */
  readonly steps: readonly StepTime[];
  /** Values an image has at the end of the first k stages at native size, k = 0 .. stages: what caching them needs. */
  readonly boundaryValues?: readonly number[];
  /** Values that a training step keeps of an image at native size with the first k stages frozen, k = 0 .. stages. */
  readonly stepValues?: readonly number[];
}

/** One measured training step. */
export interface StepTime {
  readonly inputSize: number;
  readonly batchSize: number;
  readonly frozenStages: number;
  readonly cachedFeatures: boolean;
  /** fp32 where absent. */
  readonly precision?: 'fp32' | 'bf16';
  readonly seconds: number;
}
