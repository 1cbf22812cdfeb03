import { afterEach, describe, expect, test } from '@jest/globals';
import { learnedFrom, planTask } from '../../../src/controllers/fine-tune-task/plan-task.ts';
import { WorkerPlanner } from '../../../src/controllers/fine-tune-task/planner.ts';
import type { ExperienceSource, PlanInput } from '../../../src/controllers/fine-tune-task/ports.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { Experience } from '../../../src/planner/types.ts';
import { aDataset, anExperience, aZoo } from '../../planner/builders.ts';

const input: PlanInput = {
  features: aDataset(),
  ...{ trainImages: 2000, validationImages: 300, members: aZoo(), steps: [] },
  ...{ decodeSecondsPerImage: 0.001, startSeconds: 1, regimeOverrides: {} },
  ...{ budgetSeconds: 300, spentSeconds: 10, seed: 1, namespace: 'team' },
};

/** A store in memory that tells how often its runs were fetched. */
class Runs implements ExperienceSource {
  readonly kept: Experience[] = [];
  fetched = 0;
  circleOf(namespace: string): string {
    return namespace;
  }
  async revision(): Promise<string> {
    return String(this.kept.length);
  }
  async list(): Promise<readonly Experience[]> {
    this.fetched++;
    return [...this.kept];
  }
}

describe('planning in a thread', () => {
  let planner: WorkerPlanner | undefined;
  const start = (experience: ExperienceSource, threads = 1): WorkerPlanner => {
    planner = new WorkerPlanner({ experience, clock: systemClock, threads, candidates: 64 });
    return planner;
  };
  afterEach(async () => {
    await planner?.close();
  });

  test('plans what the same arithmetic plans here', async () => {
    const answer = await start(new Runs()).plan(input);
    const here = planTask(input, { predictor: learnedFrom([]), known: [] }, 64);
    expect(answer).toMatchObject(here);
    expect(answer.kind === 'plan' && answer.seconds).toBeGreaterThan(0);
  });

  test('learns from a run that was added since', async () => {
    const runs = new Runs();
    const own = start(runs);
    const experiences = async () => {
      const answer = await own.plan(input);
      return answer.kind === 'plan' ? answer.plan.predictor.experiences : undefined;
    };
    expect(await experiences()).toBe(0);
    runs.kept.push(anExperience());
    // learning takes its share of the time at most, so a plan or two may come before it
    let learned = await experiences();
    for (let i = 0; learned !== 1 && i < 1000; i++) learned = await experiences();
    expect(learned).toBe(1);
  });

  test('fetches the runs once for plans that wait for the same lesson', async () => {
    const runs = new Runs();
    const own = start(runs);
    const answers = await Promise.all(Array.from({ length: 8 }, () => own.plan(input)));
    expect(answers.map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => 'plan'));
    expect(runs.fetched).toBe(1);
  });

  test('tells what would do where nothing fits', async () => {
    const answer = await start(new Runs()).plan({ ...input, budgetSeconds: 11 });
    expect(answer).toMatchObject({ kind: 'nothingFits', message: expect.stringContaining('Allow at least') });
  });

  test('fails alone when the store is away, and plans when it is back', async () => {
    const runs = new Runs();
    let away = true;
    const own = start({
      circleOf: (namespace) => namespace,
      revision: () => runs.revision(),
      list: async () => {
        if (away) throw new Error('no connection');
        return runs.list();
      },
    });
    await expect(own.plan(input)).rejects.toThrow('no connection');
    away = false;
    expect((await own.plan(input)).kind).toBe('plan');
  });

  test('learns for each circle from its own runs alone', async () => {
    const runs = { ours: [anExperience({ dataset: 'ours' })], theirs: [] as Experience[] };
    const of = (circle: string): readonly Experience[] => runs[circle as keyof typeof runs];
    const own = start({
      circleOf: (namespace) => (namespace === 'team' ? 'ours' : 'theirs'),
      revision: async (circle) => String(of(circle).length),
      list: async (circle) => of(circle),
    });
    const known = async (namespace: string) => {
      const answer = await own.plan({ ...input, namespace });
      if (answer.kind !== 'plan') throw new Error(answer.message);
      const { predictor, nearest } = answer.plan;
      return [predictor.experiences, nearest.map(({ dataset }) => dataset)];
    };
    expect(await known('team')).toEqual([1, ['ours']]);
    expect(await known('another')).toEqual([0, []]);
    expect(await known('team')).toEqual([1, ['ours']]);
  });

  test('keeps planning for more circles than it keeps in mind', async () => {
    const own = start(new Runs());
    const plans = await Promise.all(
      Array.from({ length: 70 }, (_, i) => own.plan({ ...input, namespace: `team-${i}` })),
    );
    expect(plans.every(({ kind }) => kind === 'plan')).toBe(true);
    expect((await own.plan({ ...input, namespace: 'team-0' })).kind).toBe('plan');
  });

  test('spreads work over its threads', async () => {
    const own = start(new Runs(), 2);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, seed) => own.plan({ ...input, seed })));
    expect(answers.every(({ kind }) => kind === 'plan')).toBe(true);
  });

  test('replaces a thread that has ended', async () => {
    const own = start(new Runs());
    await own.plan(input);
    await own.close();
    expect((await own.plan(input)).kind).toBe('plan');
  });
});
