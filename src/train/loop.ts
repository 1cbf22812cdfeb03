/** The training loop on one page. */
import type { Clock } from '../lib/clock.ts';
import type { TrainingModel } from '../nas/training-model.ts';
import type { Regime } from '../planner/types.ts';
import type { Progress } from './checkpoint.ts';
import { createPace, fittingSteps } from './pace.ts';
import type { CurvePoint } from './result.ts';
import { averageDecayAt, learningRateAt } from './schedule.ts';

/** What a step is fed with: image batches, or cached activations in their place. */
export interface StepSource {
  next(): Promise<{ readonly data: Int32Array | Float32Array; readonly targets: Float32Array } | undefined>;
  readonly waitedSeconds: number;
}

export interface LoopOptions {
  readonly model: TrainingModel;
  readonly regime: Regime;
  readonly source: StepSource;
  readonly seed: number;
  readonly clock: Clock;
  /** Where the run stands; `freshProgress` at its beginning. */
  readonly from: Progress;
  /** The clock's reading at which the active seconds were 0. */
  readonly startedSeconds: number;
  /** Active seconds at which the loop must have ended; undefined runs every planned step. */
  readonly deadlineSeconds: number | undefined;
  /** How much longer than planned the run may become where time is left over; 1 keeps the plan. */
  readonly stretch: number;
  /** Evaluations during the run, evenly spread; the one after its end is not among them. */
  readonly evaluations: number;
  /** Validation accuracy, 0 to 1. */
  readonly evaluate: () => Promise<number>;
  readonly checkpointEverySeconds: number;
  readonly checkpoint: (progress: Progress) => Promise<void>;
  readonly onProgress: (progress: Progress, secondsLeft: number | undefined) => void;
  readonly signal: AbortSignal;
}

export type LoopOutcome = Progress & { readonly stopped: 'completed' | 'budget' | 'interrupted' };

/** Step after which the length of the run is settled once by the pace measured until then. */
const settleStep = 12;
/** Share of the time left that is kept back for what the pace does not foresee. */
const reserve = 0.01;

/** Trains until every step is done, time is up or the signal comes. Seeded runs of a fixed number of steps repeat. */
export async function trainLoop(o: LoopOptions): Promise<LoopOutcome> {
  const { model, regime, clock, from } = o;
  const pace = createPace();
  const curve: CurvePoint[] = [...from.curve];
  let { step, steps } = from;
  let [losses, lossSum, evaluated, overhead] = [0, 0, Math.floor((step / steps) * (o.evaluations + 1)), 0];
  let { trainingSeconds, evaluationSeconds } = from;
  let savedAt = clock.nowSeconds();
  const active = (): number => clock.nowSeconds() - o.startedSeconds;
  const progress = (): Progress => ({
    step,
    steps,
    activeSeconds: active(),
    waitedSeconds: from.waitedSeconds + o.source.waitedSeconds,
    trainingSeconds,
    evaluationSeconds,
    resumed: from.resumed,
    curve,
  });

  while (step < steps && !o.signal.aborted) {
    const began = clock.nowSeconds();
    const batch = await o.source.next();
    if (!batch) break;
    const settings = {
      learningRate: learningRateAt(regime, step / steps),
      step: step + 1,
      averageDecay: averageDecayAt(regime.ema, step + 1),
      seed: o.seed,
    };
    lossSum += model.step(batch.data, batch.targets, settings);
    losses++;
    step++;
    const took = clock.nowSeconds() - began;
    trainingSeconds += took;
    pace.add(took);

    const due = Math.floor((step / steps) * (o.evaluations + 1));
    if (due > evaluated && step < steps) {
      const before = clock.nowSeconds();
      const accuracy = await o.evaluate();
      overhead = clock.nowSeconds() - before;
      evaluationSeconds += overhead;
      curve.push({ seconds: active(), step, accuracy, trainingLoss: lossSum / losses });
      [losses, lossSum, evaluated] = [0, 0, due];
    }
    const stepSeconds = pace.stepSeconds();
    if (o.deadlineSeconds !== undefined && stepSeconds !== undefined) {
      const evaluationsLeft = Math.max(0, o.evaluations - evaluated) * overhead;
      const left = (o.deadlineSeconds - active()) * (1 - reserve) - evaluationsLeft;
      const isSettling = step === from.step + settleStep;
      const stretch = isSettling ? o.stretch : 1;
      steps = fittingSteps({
        planned: isSettling ? regime.steps : steps,
        done: step,
        secondsLeft: left,
        stepSeconds,
        stretch,
      });
    }
    if (clock.nowSeconds() - savedAt > o.checkpointEverySeconds) {
      await o.checkpoint(progress());
      savedAt = clock.nowSeconds();
    }
    o.onProgress(progress(), stepSeconds && (steps - step) * stepSeconds);
  }
  if (losses > 0) curve.push({ seconds: active(), step, trainingLoss: lossSum / losses });
  const stopped = o.signal.aborted && step < steps ? 'interrupted' : step < regime.steps ? 'budget' : 'completed';
  return { ...progress(), stopped };
}
