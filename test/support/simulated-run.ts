import { ManualClock } from '../../src/lib/clock.ts';
import type { Regime } from '../../src/planner/types.ts';
import { freshProgress, type Progress } from '../../src/train/checkpoint.ts';
import { type LoopOutcome, type Seen, trainLoop, type Verdict } from '../../src/train/loop.ts';
import { aRegime } from './report-data.ts';

/** A machine whose times are known; nothing is trained on it. */
export interface SimulatedRun {
  readonly regime?: Partial<Regime>;
  /** Seconds of a step by its number, from 1. */
  readonly stepSeconds: (step: number) => number;
  /** Of a whole evaluation, which comes in ten parts between which it may be given up. */
  readonly evaluationSeconds?: (step: number) => number;
  readonly evaluations?: number;
  readonly evaluationSteps?: number;
  readonly checkpointSeconds?: number;
  readonly checkpointEverySeconds?: number;
  readonly deadlineSeconds?: number;
  readonly stretch?: number;
  readonly plannedSeconds?: number;
  readonly from?: Progress;
  /** Active seconds used before the first step. */
  readonly usedSeconds?: number;
  /** Loss of a step by its number; 1 / number unless given. */
  readonly loss?: (step: number) => number;
  /** What becomes of the run after an evaluation. */
  readonly judge?: (seen: Seen) => Verdict;
  /** The signal comes once this step is done. */
  readonly abortAfterStep?: number;
}

export interface SimulatedOutcome extends LoopOutcome {
  readonly learningRates: readonly number[];
  /** Length of the run as each step saw it. */
  readonly lengths: readonly number[];
  readonly checkpoints: readonly Progress[];
}

const evaluationParts = 10;

/** The real loop against a manual clock that each step, evaluation and checkpoint advances. */
export async function simulate(s: SimulatedRun): Promise<SimulatedOutcome> {
  const clock = new ManualClock(1000);
  const regime = { ...aRegime(), steps: 1000, schedule: 'cosine' as const, ...s.regime };
  const stop = new AbortController();
  const [learningRates, lengths, checkpoints]: [number[], number[], Progress[]] = [[], [], []];
  let step = s.from?.step ?? 0;
  const startedSeconds = clock.nowSeconds();
  clock.advance(s.usedSeconds ?? s.from?.activeSeconds ?? 0);
  const outcome = await trainLoop({
    model: {
      step: (_data, _targets, { learningRate }) => {
        learningRates.push(learningRate);
        step++;
        clock.advance(s.stepSeconds(step));
        return s.loss?.(step) ?? 1 / step;
      },
    },
    source: { next: async () => ({ data: new Int32Array(), targets: new Float32Array() }), waitedSeconds: 0 },
    evaluate: async (secondsAllowed) => {
      const until = clock.nowSeconds() + secondsAllowed;
      for (let part = 0; part < evaluationParts; part++) {
        if (clock.nowSeconds() > until) return undefined;
        clock.advance((s.evaluationSeconds?.(step) ?? 0) / evaluationParts);
      }
      return 1 - 1 / (step + 1);
    },
    checkpoint: async (progress) => {
      checkpoints.push({ ...progress, curve: [...progress.curve] });
      clock.advance(s.checkpointSeconds ?? 0);
    },
    onProgress: (progress) => {
      lengths.push(progress.steps);
      if (progress.step === s.abortAfterStep) stop.abort();
    },
    ...{ regime, clock, startedSeconds, seed: 1, signal: stop.signal, from: s.from ?? freshProgress(regime.steps) },
    deadlineSeconds: s.deadlineSeconds,
    stretch: s.stretch ?? 1,
    plannedSeconds: s.plannedSeconds,
    judge: async (seen) => s.judge?.(seen) ?? 'go on',
    evaluations: s.evaluations ?? 0,
    evaluationSteps: s.evaluationSteps ?? 0,
    checkpointEverySeconds: s.checkpointEverySeconds ?? Number.POSITIVE_INFINITY,
  });
  return { ...outcome, learningRates, lengths, checkpoints };
}
