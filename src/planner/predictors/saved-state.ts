import type { PredictorOptions } from './contract.ts';
import type { WeighedError } from './errors.ts';
import type { StandardiserState } from './standardiser.ts';

/** The frame that every predictor's state shares; `model` is its own. */
export interface SavedPredictor {
  readonly options: PredictorOptions;
  readonly experiences: number;
  readonly model: unknown;
  readonly scale: StandardiserState;
  /** [inputs + 1, inputs + 1]. */
  readonly leverage: readonly number[];
  readonly errors: readonly WeighedError[];
}

/** Undefined where `raw` is not a state of that name and version. */
export function parsePredictorState(raw: unknown, name: string, version: number): SavedPredictor | undefined {
  if (!isRecord(raw) || raw.name !== name || raw.version !== version) return undefined;
  const { options, experiences, model, scale, leverage, errors } = raw;
  if (!isRecord(options) || !isRecord(scale) || typeof experiences !== 'number') return undefined;
  const { inputs, seed, offset } = options;
  if (typeof inputs !== 'number' || typeof seed !== 'number') return undefined;
  if (offset !== undefined && typeof offset !== 'number') return undefined;
  const { count, means, squares } = scale;
  if (typeof count !== 'number' || !isNumbers(means) || !isNumbers(squares) || !areErrors(errors)) return undefined;
  if (means.length !== inputs || squares.length !== inputs) return undefined;
  if (!isNumbers(leverage) || leverage.length !== (inputs + 1) ** 2) return undefined;
  return {
    options: offset === undefined ? { inputs, seed } : { inputs, seed, offset },
    experiences,
    model,
    scale: { count, means, squares },
    leverage,
    errors,
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((v) => Number.isFinite(v));

const areErrors = (value: unknown): value is readonly WeighedError[] =>
  Array.isArray(value) && value.every((one) => isNumbers(one) && one.length === 2);
