/** The training loop on one page. */
import type { Clock } from '../lib/clock.ts';
import { RunError } from '../lib/errors.ts';
import type { TrainingModel } from '../nas/training-model.ts';
import type { Regime } from '../planner/types.ts';
import type { Progress } from './checkpoint.ts';
import { createPace, evaluationShare, fittingSteps } from './pace.ts';
import type { CurvePoint } from './result.ts';
import { averageDecayAt, learningRateAt } from './schedule.ts';

/** What a step is fed with: image batches, or cached activations in their place. */
export interface StepSource {
  next(): Promise<{ readonly data: Int32Array | Float32Array; readonly targets: Float32Array } | undefined>;
  readonly waitedSeconds: number;
}

export interface LoopOptions {
  readonly model: Pick<TrainingModel, 'step'>;
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
  /** How many times as many steps as planned the run may have where its time allows them; 1 keeps the plan. */
  readonly stretch: number;
  /** Active seconds up to which it may grow so; the deadline where absent. A short plan stays short on a fast machine. */
  readonly plannedSeconds?: number | undefined;
  /** Evaluations during the run, evenly spread; the one after its end is not among them. */
  readonly evaluations: number;
  /** What one of them is expected to cost, in steps, until the first was made. */
  readonly evaluationSteps?: number;
  /** Validation accuracy, 0 to 1; undefined where it was given up after the seconds allowed. */
  readonly evaluate: (secondsAllowed: number) => Promise<number | undefined>;
  /** What is to become of the run after an evaluation; it goes on unless given. */
  readonly judge?: ((seen: Seen) => Promise<Verdict>) | undefined;
  readonly checkpointEverySeconds: number;
  readonly checkpoint: (progress: Progress) => Promise<void>;
  readonly onProgress: (progress: Progress, secondsLeft: number | undefined) => void;
  readonly signal: AbortSignal;
}

/** An evaluation within the run, and those before it. */
export interface Seen {
  /** Of the steps, 0 to 1. */
  readonly share: number;
  /** In order, this one's the last. */
  readonly accuracies: readonly number[];
  readonly secondsLeft: number;
}

/** `anneal`: the learning rate falls to its end within a few steps. `abandon`: the time left is of better use elsewhere. */
export type Verdict = 'go on' | 'anneal' | 'abandon';

export type LoopOutcome = Progress & { readonly stopped: 'completed' | 'budget' | 'interrupted' | 'abandoned' };

/** The loss became infinite or no number: the weights are worthless. */
export class Diverged extends RunError {
  constructor(step: number) {
    super(`The training diverged at step ${step}.`, 'Give a lower --learning-rate, or leave it to the planner.');
  }
}

/** Steps after which a run that would leave time over is lengthened: the first ones of a GPU are its slowest. */
const settleSteps: ReadonlySet<number> = new Set([12, 48, 192]);
/** Share of the steps left in which a run that is to be annealed ends. */
const annealedShare = 0.2;
/** Checkpoints may take one part in this many of the time. */
const checkpointPart = 50;

/** Trains until every step is done, time is up or the signal comes. Seeded runs of a fixed number of steps repeat. */
export async function trainLoop(o: LoopOptions): Promise<LoopOutcome> {
  const { model, regime, clock, from } = o;
  const pace = createPace();
  const curve: CurvePoint[] = [...from.curve];
  let { step, steps, trainingSeconds, evaluationSeconds } = from;
  let isAnnealed = from.isAnnealed === true;
  let most = isAnnealed ? steps : Math.max(steps, regime.steps);
  let [losses, lossSum, evaluated] = [0, 0, Math.floor((step / steps) * (o.evaluations + 1))];
  let [evaluationTook, checkpointTook, savedAt]: [number | undefined, number, number] = [
    undefined,
    0,
    clock.nowSeconds(),
  ];
  const active = (): number => clock.nowSeconds() - o.startedSeconds;
  const secondsLeft = (): number => (o.deadlineSeconds ?? Number.POSITIVE_INFINITY) - active();
  const progress = (): Progress => ({
    ...{ step, steps, trainingSeconds, evaluationSeconds, curve },
    // what passed between a last step in an earlier process and the end of this one was not spent on the weights
    activeSeconds: step > from.step ? active() : Math.max(from.activeSeconds, active() + Math.min(0, secondsLeft())),
    waitedSeconds: from.waitedSeconds + o.source.waitedSeconds,
    resumed: from.resumed,
    ...(isAnnealed ? { isAnnealed } : {}),
  });
  const addToCurve = (accuracy?: number): void => {
    const trainingLoss = losses > 0 ? { trainingLoss: lossSum / losses } : {};
    curve.push({ seconds: active(), step, ...trainingLoss, ...(accuracy === undefined ? {} : { accuracy }) });
    [losses, lossSum] = [0, 0];
  };
  const seen = (): Seen => ({
    share: step / steps,
    accuracies: curve.flatMap(({ accuracy }) => (accuracy === undefined ? [] : [accuracy])),
    secondsLeft: secondsLeft(),
  });
  // until the pace is known the first step, mostly the slowest, stands for it: no evaluation is begun on no knowledge
  const expected = (): number =>
    evaluationTook ?? (pace.stepSeconds() ?? trainingSeconds - from.trainingSeconds) * (o.evaluationSteps ?? 0);
  const settleLength = (): void => {
    const stepSeconds = pace.stepSeconds();
    if (secondsLeft() <= 0) steps = step;
    if (o.deadlineSeconds === undefined || stepSeconds === undefined) return;
    const evaluations = o.evaluations - evaluated;
    const state = { done: step, stepSeconds, secondsLeft: secondsLeft(), evaluations, evaluationSeconds: expected() };
    if (settleSteps.has(step - from.step) && !isAnnealed) {
      const planned = Math.min(secondsLeft(), (o.plannedSeconds ?? Number.POSITIVE_INFINITY) - active());
      const longest = Math.round(regime.steps * o.stretch);
      most = Math.max(most, fittingSteps({ ...state, secondsLeft: Math.max(0, planned), most: longest }));
    }
    steps = fittingSteps({ ...state, most });
  };

  for (settleLength(); step < steps && !o.signal.aborted; settleLength()) {
    const began = clock.nowSeconds();
    const batch = await o.source.next();
    if (!batch) break;
    const loss = model.step(batch.data, batch.targets, {
      // the middle of the step, so that neither the first nor the last one is wasted on a rate of 0
      learningRate: learningRateAt(regime, (step + 0.5) / steps),
      step: step + 1,
      averageDecay: averageDecayAt(regime.ema, step + 1),
      seed: o.seed,
    });
    if (!Number.isFinite(loss)) throw new Diverged(step + 1);
    lossSum += loss;
    losses++;
    step++;
    const took = clock.nowSeconds() - began;
    trainingSeconds += took;
    pace.add(took);

    const due = Math.floor((step / steps) * (o.evaluations + 1));
    if (due > evaluated && step < steps) {
      evaluated = due;
      if (expected() <= evaluationShare * secondsLeft()) {
        const before = clock.nowSeconds();
        const accuracy = await o.evaluate(2 * evaluationShare * secondsLeft());
        evaluationTook = clock.nowSeconds() - before;
        evaluationSeconds += evaluationTook;
        // one that was given up shows that there is no time for any
        if (accuracy === undefined) evaluated = o.evaluations;
        addToCurve(accuracy);
        const verdict = accuracy === undefined ? undefined : await o.judge?.(seen());
        if (verdict === 'abandon') return { ...progress(), stopped: 'abandoned' };
        if (verdict === 'anneal' && !isAnnealed) {
          isAnnealed = true;
          most = step + Math.ceil(annealedShare * (steps - step));
        }
      }
    }
    const every = Math.max(o.checkpointEverySeconds, checkpointPart * checkpointTook);
    if (clock.nowSeconds() - savedAt > every && secondsLeft() > 1 + 2 * checkpointTook) {
      const before = clock.nowSeconds();
      await o.checkpoint(progress());
      savedAt = clock.nowSeconds();
      checkpointTook = savedAt - before;
    }
    const stepSeconds = pace.stepSeconds();
    o.onProgress(progress(), stepSeconds && (steps - step) * stepSeconds);
  }
  if (losses > 0) addToCurve();
  const isShort = step < regime.steps && !isAnnealed;
  const stopped = o.signal.aborted && step < steps ? 'interrupted' : isShort ? 'budget' : 'completed';
  return { ...progress(), stopped };
}
