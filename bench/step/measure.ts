import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../lib/statistics.ts';
import { Engine, type Launch } from './engine.ts';
import type { MemoryReply, Precision, StepTask, Variant } from './protocol.ts';

export interface Effort {
  readonly screenedSteps: number;
  readonly rounds: number;
  readonly stepsPerRound: number;
  /** Both layouts and torch.compile are tried, else only the eager layouts. */
  readonly compile: boolean;
}

export const fullEffort: Effort = { screenedSteps: 6, rounds: 10, stepsPerRound: 5, compile: true };
export const quickEffort: Effort = { screenedSteps: 2, rounds: 2, stepsPerRound: 2, compile: false };

/** Lets the other engine's spinning threads go to sleep before a block is timed. */
const settleMs = 100;
/** An engine without instructions for a precision needs seconds for a step: its blocks are shorter. */
const blockSeconds = 3;

export interface Screened {
  readonly variant: Variant;
  readonly medianSeconds: number;
}

export interface Contender {
  readonly name: string;
  readonly launch: Launch;
  readonly variant: Variant;
}

export interface Timed {
  readonly medianSeconds: number;
  /** Median of each round's block. */
  readonly roundSeconds: readonly number[];
  readonly memory: MemoryReply;
  readonly versions: Readonly<Record<string, string>>;
}

export const describeVariant = ({ layout, compile }: Variant): string => `${layout}${compile ? ', compiled' : ''}`;

/** The peer's variants at a precision, quickest first; each in a fresh process. One that fails is left out with a note. */
export async function screen(
  launch: Launch,
  task: StepTask,
  precision: Precision,
  effort: Effort,
  log: (line: string) => void,
): Promise<readonly Screened[]> {
  const screened: Screened[] = [];
  for (const compile of effort.compile ? [false, true] : [false]) {
    for (const layout of ['channels_last', 'nchw'] as const) {
      const variant: Variant = { layout, compile, precision };
      const label = `  ${launch.name} ${precision} ${describeVariant(variant)}`;
      try {
        const medianSeconds = await timeAlone(launch, task, variant, effort.screenedSteps);
        log(`${label}: ${(medianSeconds * 1000).toFixed(1)} ms`);
        screened.push({ variant, medianSeconds });
      } catch (error) {
        log(`${label}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  if (screened.length === 0) throw new Error(`no variant of ${launch.name} at ${precision} runs ${task.encoding}`);
  return screened.sort((a, b) => a.medianSeconds - b.medianSeconds);
}

/** Steps of a block that takes about so many seconds: all that are wanted, fewer of a slow engine, one at least. */
const stepsIn = (seconds: number, stepSeconds: number, wanted: number): number =>
  Math.max(1, Math.min(wanted, Math.floor(seconds / Math.max(stepSeconds, 1e-9))));

async function timeAlone(launch: Launch, task: StepTask, variant: Variant, steps: number): Promise<number> {
  const engine = new Engine(launch);
  try {
    await engine.build(task, variant);
    const [first = 0] = await engine.steps(1);
    return median(await engine.steps(stepsIn(blockSeconds, first, steps)));
  } finally {
    engine.close();
  }
}

interface Running {
  readonly engine: Engine;
  readonly versions: Readonly<Record<string, string>>;
  readonly blocks: (readonly number[])[];
  /** Steps of a block; set by the first, uncounted one. */
  perBlock: number;
}

/**
 * Times the contenders side by side: every engine stays resident, and in each round each does a block of steps, the
 * order reversed from round to round, so that a drift of the machine falls on all of them. In the order given.
 */
export async function interleave(
  contenders: readonly Contender[],
  task: StepTask,
  effort: Effort,
): Promise<readonly Timed[]> {
  const running: Running[] = [];
  try {
    for (const { launch, variant } of contenders) {
      const engine = new Engine(launch);
      const entry = { engine, versions: {}, blocks: [], perBlock: 1 };
      running.push(entry);
      Object.assign(entry.versions, (await engine.build(task, variant)).versions);
    }
    // a first block after the others were built is not counted: caches and memory settle
    for (const entry of running) {
      const [first = 0] = await entry.engine.steps(1);
      const more = stepsIn(blockSeconds, first, effort.stepsPerRound);
      entry.perBlock = stepsIn(blockSeconds, median(await entry.engine.steps(more)), effort.stepsPerRound);
    }
    for (let round = 0; round < effort.rounds; round++) {
      for (const entry of round % 2 === 0 ? running : [...running].reverse()) {
        await sleep(settleMs);
        entry.blocks.push(await entry.engine.steps(entry.perBlock));
      }
    }
    const timed: Timed[] = [];
    for (const { engine, versions, blocks } of running) {
      timed.push({
        medianSeconds: median(blocks.flat()),
        roundSeconds: blocks.map(median),
        memory: await engine.memory(),
        versions,
      });
    }
    return timed;
  } finally {
    for (const { engine } of running) engine.close();
  }
}
