import type { PredictorName } from '../planner/predictors/table.ts';
import type { DatasetFeatures, Plan, Preference, Regime } from '../planner/types.ts';
import type { TuneResult } from '../train/result.ts';

/** What the command line asks of the local executor, and what it gets back: plain data, checked, in SI units. */

/** Choices of the regime that the user made himself; the planner chooses the rest. */
export type RegimeOverrides = Partial<Regime>;

export interface PlanRequest {
  /** Folder or archive of images. */
  readonly path: string;
  readonly budgetSeconds: number;
  /** Folder of the zoo; undefined takes the shipped one together with the user's own members. */
  readonly zoo: string | undefined;
  readonly seed: number;
  /** Share of the images that validates where the data set has no split of its own. */
  readonly validationShare: number;
  /** Share of unusable files from which on a data set is refused. */
  readonly maxDamagedShare: number;
  /** Only this member of the zoo may be chosen. */
  readonly member: string | undefined;
  readonly predictor: PredictorName;
  /** Plan as if no run on the data set of that name were known, for an honest measurement on it. */
  readonly withoutExperienceOf: string | undefined;
  readonly regime: RegimeOverrides;
  /** The shortest run to this accuracy is asked for, not the most accurate one within the budget. */
  readonly targetAccuracy: number | undefined;
  readonly prefer: Preference;
}

export interface TuneRequest extends PlanRequest {
  /** Output folder; it need not exist. Nothing is written before the data set was accepted. */
  readonly out: string;
  /** Go on from the checkpoint in `out`. */
  readonly resume: boolean;
  /** Change the plan while it is carried out, where it turns out worse than predicted. */
  readonly replan: boolean;
  /** Keep the finished run as experience. */
  readonly learn: boolean;
}

export interface PlanOutcome {
  readonly dataset: string;
  readonly images: number;
  readonly classes: number;
  readonly skipped: number;
  readonly features: DatasetFeatures;
  /** Stages of the chosen member. */
  readonly stages: number;
  readonly plan: Plan;
  /** Active seconds that profile and planning took. */
  readonly planningSeconds: number;
}

/** Plans for several budgets. */
export interface TradeOffOutcome extends Omit<PlanOutcome, 'plan' | 'stages'> {
  /** By budget, ascending; null where nothing fits. */
  readonly tradeOff: readonly { readonly budgetSeconds: number; readonly plan: Plan | null }[];
}

export type TuneOutcome =
  | { readonly kind: 'finished'; readonly result: TuneResult }
  | {
      readonly kind: 'interrupted';
      readonly activeSeconds: number;
      readonly budgetSeconds: number;
      /** Whether `out` holds a checkpoint to go on from. */
      readonly checkpoint: boolean;
    };

export interface PredictRequest {
  /** The `model` folder of a run, or the run's output folder. */
  readonly model: string;
  readonly images: readonly string[];
  /** Classes to name for each image, best first. */
  readonly top: number;
}

export type ImagePrediction =
  | {
      readonly image: string;
      readonly predictions: readonly { readonly class: string; readonly probability: number }[];
    }
  | { readonly image: string; readonly error: string };

export interface ZooImportRequest {
  readonly encoding: string;
  /** safetensors, or PyTorch's .pth or .pt; undefined fetches those that the network's family names. */
  readonly weights: string | undefined;
  readonly name: string | undefined;
  /** Folder of the zoo to add to; made where it is missing. */
  readonly zoo: string;
  /** Undefined takes what the family names. */
  readonly nativeSize: number | undefined;
  /** Top-1 of the weights on their own task, 0 to 1, as their publisher says. */
  readonly accuracy: number | undefined;
  readonly licence: string | undefined;
  readonly provenance: string | undefined;
}

export interface ZooVerifyRequest {
  readonly encoding: string;
  readonly weights: string;
  /** safetensors with `input` (NCHW) and `logits`. */
  readonly reference: string;
  /** safetensors with a gradient for each weight, and `input`, `labels`, `loss` in `trainReference`; both or neither. */
  readonly training: { readonly gradients: string; readonly trainReference: string } | undefined;
  /** Largest absolute difference of logits allowed. */
  readonly tolerance: number;
  /** Largest relative difference of a gradient tensor, and absolute one of the loss, allowed. */
  readonly gradientTolerance: number;
}

export interface ZooVerifyOutcome {
  /** Largest absolute difference to the reference logits. */
  readonly logits: number;
  readonly training:
    | {
        /** Absolute difference of the mean loss. */
        readonly loss: number;
        /** Largest relative difference of a gradient tensor, and that tensor's name. */
        readonly gradients: number;
        readonly worst: string;
      }
    | undefined;
}
