/** Tasks and zoos as the API server would give them; say only what the test is about. */

import { createHash } from 'node:crypto';
import { setCondition, type TaskCondition, type ZooCondition } from '../../src/crds/conditions.ts';
import { type FineTuneTask, type FineTuneTaskSpec, fineTuneTaskSpec } from '../../src/crds/fine-tune-task.ts';
import type { FineTuneTaskStatus, TaskPlan, TaskProfile } from '../../src/crds/fine-tune-task-status.ts';
import { apiVersion } from '../../src/crds/group.ts';
import type { Condition, ResourceMeta } from '../../src/crds/kubernetes.ts';
import { type ModelZoo, type ModelZooSpec, modelZooSpec } from '../../src/crds/model-zoo.ts';
import type { ModelZooStatus } from '../../src/crds/model-zoo-status.ts';
import { parse } from '../../src/crds/parse.ts';
import type { DatasetFeatures, Regime } from '../../src/crds/regime.ts';
import { aRegime } from '../planner/builders.ts';

export const anInstant = '2026-08-01T12:00:00Z';

/** An identity that follows from the name, so that objects of different names never share one. */
export function uidOf(name: string): string {
  const digits = createHash('sha256').update(name).digest('hex');
  return [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, '8000', digits.slice(20, 32)].join('-');
}

export const aMeta = (over: Partial<ResourceMeta> = {}): ResourceMeta => {
  const name = over.name ?? 'flowers';
  return {
    name,
    namespace: 'vision',
    uid: uidOf(`${over.namespace ?? 'vision'}/${name}`),
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: anInstant,
    ...over,
  };
};

/** What a user wrote: the least that makes a task. */
export const leastTaskSpec = {
  data: { claim: { claimName: 'flowers' } },
  budget: { time: '10m' },
  output: { claim: { claimName: 'models' } },
} as const;

export const leastZooSpec = {
  proxyData: { claim: { claimName: 'images' } },
  search: { evaluations: 100 },
  output: { claim: { claimName: 'zoo' } },
} as const;

export interface Over<S, T> {
  readonly metadata?: Partial<ResourceMeta>;
  /** Fields that replace those of the least spec; defaults are filled in after them. */
  readonly spec?: S;
  readonly status?: T;
}

/** The parts of a spec as a user may write them, inner defaults left out. */
type Written<S> = { readonly [K in keyof S]?: S[K] | Readonly<Record<string, unknown>> };

export const aTask = (over: Over<Written<FineTuneTaskSpec>, FineTuneTaskStatus> = {}): FineTuneTask => ({
  apiVersion,
  kind: 'FineTuneTask',
  metadata: aMeta(over.metadata),
  spec: parse(fineTuneTaskSpec, { ...leastTaskSpec, ...over.spec }, 'spec'),
  ...(over.status === undefined ? {} : { status: over.status }),
});

export const aZoo = (over: Over<Written<ModelZooSpec>, ModelZooStatus> = {}): ModelZoo => ({
  apiVersion,
  kind: 'ModelZoo',
  metadata: aMeta({ name: 'small-images', ...over.metadata }),
  spec: parse(modelZooSpec, { ...leastZooSpec, ...over.spec }, 'spec'),
  ...(over.status === undefined ? {} : { status: over.status }),
});

export const conditionsOf = (
  stated: readonly (TaskCondition | ZooCondition)[],
  now: string = anInstant,
): readonly Condition[] => stated.reduce<readonly Condition[]>((before, next) => setCondition(before, next, now), []);

export const someFeatures: DatasetFeatures = {
  images: 2000,
  classes: 10,
  imagesPerClassMean: 200,
  imagesPerClassDeviation: 10,
  resolution: 128,
  colourShare: 1,
  pixelMean: 0.5,
  pixelDeviation: 0.25,
  separability: 0.1,
  nearestMeanAccuracy: 0.4,
};

export const someRegime: Regime = aRegime();

export const aProfile = (over: Partial<TaskProfile> = {}): TaskProfile => ({
  features: someFeatures,
  trainImages: 2000,
  validationImages: 500,
  skipped: 0,
  steps: [{ member: 'small', inputSize: 64, batchSize: 32, frozenStages: 0, cachedFeatures: false, seconds: 0.05 }],
  decodeSecondsPerImage: 0.001,
  startSeconds: 0.5,
  seconds: 6,
  ...over,
});

export const aPlan = (over: Partial<TaskPlan> = {}): TaskPlan => ({
  member: 'small',
  regime: someRegime,
  predicted: { accuracy: 0.8, low: 0.7, high: 0.87, seconds: 400 },
  coverage: 0.8,
  confidence: 'Usual',
  nearest: [],
  reasons: [],
  tradeOff: [],
  predictor: { name: 'hedge', version: 1, experiences: 12 },
  candidates: 4000,
  fitting: 1500,
  runnersUp: [],
  plannedAt: anInstant,
  ...over,
});
