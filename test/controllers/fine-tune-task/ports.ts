/** The ports of the controller, each with a small real part behind it. */
import { Authority } from '../../../src/controllers/authority.ts';
import type { TaskPorts } from '../../../src/controllers/fine-tune-task/controller.ts';
import { learnedFrom, planTask } from '../../../src/controllers/fine-tune-task/plan-task.ts';
import { PlansUnderWay } from '../../../src/controllers/fine-tune-task/plans-under-way.ts';
import type { Planner, ReceivedReport } from '../../../src/controllers/fine-tune-task/ports.ts';
import { memberSource } from '../../../src/controllers/fine-tune-task/zoo-members.ts';
import { Refusals } from '../../../src/controllers/refusals.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { RunError } from '../../../src/lib/errors.ts';
import type { Experience } from '../../../src/planner/types.ts';
import { aZoo } from '../../planner/builders.ts';
import type { SimulatedWorld } from '../../support/simulated-world.ts';
import { settings } from '../job-builders.ts';

export interface Ports extends TaskPorts {
  /** What the store keeps. */
  readonly stored: readonly Experience[];
}

export interface PortsOptions {
  readonly world: SimulatedWorld;
  readonly clock: Clock;
  readonly reports: ReadonlyMap<string, ReceivedReport>;
  /** The store keeps so many experiences, and its answer gets lost. */
  readonly storeAnswersLost: number;
}

export const authorityOf = (world: SimulatedWorld, clock: Clock): Authority =>
  new Authority(world, clock, () => undefined);

const predictor = learnedFrom([]);

/** Plans at once, in this thread. */
export const inlinePlanner: Planner = {
  plan: async (input) => {
    const answer = planTask(input, { predictor, known: [] }, 32);
    return answer.kind === 'plan' ? { ...answer, seconds: 0.1 } : answer;
  },
};

export function portsOf({ world, clock, reports, storeAnswersLost }: PortsOptions): Ports {
  const stored: Experience[] = [];
  let lost = storeAnswersLost;
  return {
    ...{ world, settings, stored },
    progress: { latest: (uid) => reports.get(uid) },
    members: memberSource(aZoo()),
    refusals: new Refusals(clock),
    authority: authorityOf(world, clock),
    // the passes of these tests come by themselves
    plans: new PlansUnderWay(inlinePlanner, () => undefined),
    experience: {
      add: async (experience) => {
        const isNew = stored.every(({ id }) => id !== experience.id);
        if (isNew) stored.push(experience);
        if (lost-- > 0) throw new RunError('The database went away.', 'Wait for it.');
        return isNew;
      },
    },
    onExperienceLost: () => undefined,
  };
}
