import type { CommandContext } from '../../src/cli/context.ts';
import type { PlanRequest, TuneRequest } from '../../src/cli/requests.ts';
import { plainPaint } from '../../src/cli/terminal/paint.ts';
import { silentReporter } from '../../src/cli/terminal/reporter.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { World } from './zoo.ts';

/** What a command gets that runs silently in a test's world. */
export const contextIn = (world: World, signal = new AbortController().signal): CommandContext => ({
  ...{ json: false, paint: plainPaint, reporter: silentReporter, signal, clock: systemClock, env: world.env },
  print: () => {},
});

/** What `nasoa plan` asks in a test's world. */
export const planRequest = (world: World, over: Partial<PlanRequest> = {}): PlanRequest => ({
  ...{ path: world.images, budgetSeconds: 120, zoo: world.zoo, seed: 0, validationShare: 0.2, maxDamagedShare: 0.2 },
  ...{ member: undefined, predictor: 'ridge', withoutExperienceOf: undefined, regime: {} },
  ...{ targetAccuracy: undefined, prefer: 'balanced' },
  ...over,
});

export const tuneRequest = (world: World, out: string, over: Partial<TuneRequest> = {}): TuneRequest => ({
  ...planRequest(world),
  ...{ out, resume: false, learn: false, replan: false },
  ...over,
});
