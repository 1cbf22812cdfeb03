import type { PredictorKind } from './contract.ts';
import { createHedge, hedgeVersion, restoreHedge } from './hedge.ts';
import { createRidge, restoreRidge, ridgeVersion } from './ridge.ts';
import { createTrees, restoreTrees, treesVersion } from './trees.ts';

/** Every predictor there is; the contract tests run over this table. */
export const predictors = {
  hedge: { version: hedgeVersion, create: createHedge, restore: restoreHedge },
  ridge: { version: ridgeVersion, create: createRidge, restore: restoreRidge },
  trees: { version: treesVersion, create: createTrees, restore: restoreTrees },
} as const satisfies Record<string, PredictorKind>;

export type PredictorName = keyof typeof predictors;

/** The one that foresees held-out runs best (`hack/zoo/check-predictors.ts`, decision record 10). */
export const defaultPredictorName: PredictorName = 'ridge';
export const defaultPredictor: PredictorKind = predictors[defaultPredictorName];
