import { describe, expect, test } from '@jest/globals';
import { planning } from '../../../../src/controllers/fine-tune-task/policies/planning.ts';
import { aMember } from '../../../planner/builders.ts';
import { aPlan, aProfile, aZoo } from '../../../support/objects.ts';
import { attemptsOf, deedsOf, factsAt, profiling, training, type ViewOver } from '../builders.ts';

const known = profiling({ profile: aProfile(), activeSeconds: 7 });
const answers = { plan: { kind: 'plan', plan: { ...aPlan(), budgetSeconds: 600 }, seconds: 0.5 } } as const;

describe('planning', () => {
  test.each<[string, ViewOver]>([
    ['without a profile', { status: profiling() }],
    ['twice', { status: training() }],
  ])('is not done %s', (_name, view) => {
    expect(planning(factsAt(20, view))).toBeUndefined();
  });

  test('is asked for with what is left of the budget, and only the members allowed', () => {
    const view: ViewOver = {
      spec: { members: ['large'], regime: { optimizer: 'sgd' }, seed: 5 },
      status: known,
      members: [aMember({ name: 'small' }), aMember({ name: 'large' })],
    };
    const [question] = planning(factsAt(20, view))?.actions ?? [];
    if (question?.do !== 'plan') throw new Error('no plan is asked for');
    expect(question.input).toMatchObject({
      budgetSeconds: 600,
      spentSeconds: 7,
      seed: 5,
      regimeOverrides: { optimizer: 'sgd' },
    });
    expect(question.input.members.map(({ name }) => name)).toEqual(['large']);
  });

  test('promises plan, account and attempt in one, and then makes the Job', () => {
    const ruling = planning(factsAt(20, { status: known, answers }));
    expect(ruling?.changes).toMatchObject({
      activeSeconds: 7.5,
      attempts: attemptsOf(1, 1),
      plan: { member: 'small' },
    });
    expect(deedsOf(ruling ?? {})).toEqual(['create train-1']);
    const [deed] = ruling?.actions ?? [];
    const variable = deed?.do === 'createJob' ? deed.job.spec.template.spec.containers[0]?.env?.[0] : undefined;
    expect(JSON.parse(variable?.value ?? '')).toMatchObject({
      ...{ kind: 'training', attempt: 1, spentSeconds: 7.5, budgetSeconds: 600, plan: { member: 'small' } },
    });
  });

  test.each([
    [
      'the runners-up where the run may be re-planned',
      true,
      { runnersUp: aPlan().runnersUp, tradeOff: aPlan().tradeOff },
    ],
    ['none of them where it may not', false, undefined],
  ])('tells the pod %s', (_what, replan, told) => {
    const [deed] = planning(factsAt(20, { spec: { replan }, status: known, answers }))?.actions ?? [];
    const variable = deed?.do === 'createJob' ? deed.job.spec.template.spec.containers[0]?.env?.[0] : undefined;
    expect(JSON.parse(variable?.value ?? '').replan).toEqual(told);
  });

  test('keeps no sample of the candidates in the status', () => {
    const plan = planning(factsAt(20, { status: known, answers }))?.changes?.plan;
    expect(Object.keys(plan ?? {})).not.toContain('cloud');
    expect(Object.keys(plan ?? {})).not.toContain('budgetSeconds');
  });

  test('states the plan although the training cannot start yet', () => {
    const ruling = planning(factsAt(20, { status: known, answers, missingClaims: ['models'] }));
    expect(ruling?.changes?.plan).toBeDefined();
    expect(ruling?.changes?.attempts).toBeUndefined();
    expect(ruling?.running.reason).toBe('ClaimNotFound');
  });

  test('waits for a zoo that is being made', () => {
    const zoo = aZoo({ status: { phase: 'Searching' } });
    const ruling = planning(
      factsAt(20, { spec: { zooRef: { name: 'small-images' } }, zoo, members: [], status: known }),
    );
    expect(ruling).toMatchObject({ running: { status: 'Unknown', reason: 'NotStarted' } });
    expect(ruling?.waitsForZoo).toContain('Searching');
  });

  test('fails with the remedy where nothing fits', () => {
    const refused = { plan: { kind: 'nothingFits', message: 'Allow at least 3m.' } } as const;
    expect(planning(factsAt(20, { status: known, answers: refused }))?.end).toMatchObject({
      ...{ kind: 'failed', reason: 'NothingFits', message: 'Allow at least 3m.' },
    });
  });
});
