import type { RunCounts } from '../../src/planner/run-time.ts';
import type { DatasetFeatures, Experience, MemberInfo, Regime, StepTime } from '../../src/planner/types.ts';

export const aRegime = (over: Partial<Regime> = {}): Regime => ({
  inputSize: 64,
  batchSize: 32,
  steps: 500,
  normStatistics: 'batch',
  headStart: 'random',
  frozenStages: 0,
  optimizer: 'adamw',
  learningRate: 1e-3,
  weightDecay: 0.01,
  schedule: 'cosine',
  warmupShare: 0.1,
  augmentation: 'light',
  mix: 'none',
  layerDecay: 1,
  labelSmoothing: 0.1,
  dropout: 0,
  ema: 0,
  startShare: 0,
  precision: 'fp32',
  ...over,
});

export const aDataset = (over: Partial<DatasetFeatures> = {}): DatasetFeatures => ({
  images: 2000,
  classes: 10,
  imagesPerClassMean: 200,
  imagesPerClassDeviation: 10,
  resolution: 128,
  colourShare: 1,
  pixelMean: 0.5,
  pixelDeviation: 0.25,
  separability: 0,
  nearestMeanAccuracy: 0.4,
  ...over,
});

export const counts = (over: Partial<RunCounts> = {}): RunCounts => ({
  trainImages: 2000,
  validationImages: 300,
  ...over,
});

export const aMember = (over: Partial<MemberInfo> = {}): MemberInfo => ({
  name: 'small',
  encoding: '01-_16_11-11',
  parametersM: 1,
  macsM: 30,
  nativeSize: 64,
  accuracy: 0.45,
  stages: 4,
  stageShare: [0, 0.2, 0.45, 0.75, 1],
  steps: [],
  ...over,
});

/** A machine that spends `overhead` seconds on launching a full step and `perMac` on each multiply-add of training. */
export interface Machine {
  readonly overhead: number;
  readonly perMac: number;
}

/** The seconds that the machine really takes: forward a third, frozen stages forward only, cached ones nothing. */
export function trueStepSeconds(machine: Machine, member: MemberInfo, step: Omit<StepTime, 'seconds'>): number {
  const share = member.stageShare[step.frozenStages] ?? 0;
  const stages = step.frozenStages / member.stages;
  const frozen = step.cachedFeatures ? 0 : 1 / 3;
  const macs = 3 * member.macsM * 1e6 * (step.inputSize / member.nativeSize) ** 2 * step.batchSize;
  const launches = 0.12 + 0.88 * (1 - stages + stages * frozen);
  return machine.overhead * launches + machine.perMac * macs * (1 - share + share * frozen);
}

export const referenceMachine: Machine = { overhead: 0.01, perMac: 4e-11 };

const referenceSteps: readonly Omit<StepTime, 'seconds'>[] = [
  { inputSize: 64, batchSize: 64, frozenStages: 0, cachedFeatures: false },
  { inputSize: 64, batchSize: 16, frozenStages: 0, cachedFeatures: false },
  { inputSize: 96, batchSize: 32, frozenStages: 0, cachedFeatures: false },
  { inputSize: 32, batchSize: 64, frozenStages: 0, cachedFeatures: false },
  { inputSize: 64, batchSize: 64, frozenStages: 2, cachedFeatures: false },
  { inputSize: 64, batchSize: 64, frozenStages: 4, cachedFeatures: true },
];

export function withReferenceSteps(member: MemberInfo): MemberInfo {
  const steps = referenceSteps.map((s) => ({ ...s, seconds: trueStepSeconds(referenceMachine, member, s) }));
  return { ...member, steps };
}

/** Four members of clearly different training-step time. */
export const aZoo = (): readonly MemberInfo[] =>
  [
    aMember({ name: 'tiny', macsM: 10, parametersM: 0.3, accuracy: 0.36 }),
    aMember({ name: 'small', macsM: 30, parametersM: 1, accuracy: 0.45 }),
    aMember({ name: 'middle', macsM: 90, parametersM: 2.5, accuracy: 0.52 }),
    aMember({ name: 'large', macsM: 250, parametersM: 5, accuracy: 0.6 }),
  ].map(withReferenceSteps);

export const anExperience = (over: Partial<Experience> = {}): Experience => ({
  id: 'run-1',
  finishedAt: '2026-01-02T03:04:05.000Z',
  dataset: 'flowers',
  features: aDataset(),
  member: {
    name: 'small',
    encoding: '01-_16_11-11',
    parametersM: 1,
    macsM: 30,
    nativeSize: 64,
    accuracy: 0.45,
    stages: 4,
  },
  regime: aRegime(),
  budgetSeconds: 60,
  accuracy: 0.8,
  activeSeconds: 55,
  curve: [
    { seconds: 20, accuracy: 0.5 },
    { seconds: 55, accuracy: 0.8 },
  ],
  ...over,
});
