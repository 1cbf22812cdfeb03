import { describe, expect, test } from '@jest/globals';
import { isExpected, nextOf, type Outcome, outcomeOfError } from '../../src/controllers/outcome.ts';
import { handlerOf, type Reconciler, reconcile } from '../../src/controllers/runtime.ts';
import { Conflict, errorOf, LeaseLost } from '../../src/kube/errors.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { InputError } from '../../src/lib/errors.ts';

interface Sum {
  readonly terms: readonly number[];
}

/** Adds up numbers that it has to ask for, until there are `wanted`. */
function adder(wanted: number, told: string[], over: Partial<Reconciler<Sum, 'number', number | 'more'>> = {}) {
  const reconciler: Reconciler<Sum, 'number', number | 'more'> = {
    kind: 'FineTuneTask',
    gather: () => ({ terms: [] }),
    decide: ({ terms }) => (terms.length < wanted ? 'more' : terms.reduce((a, b) => a + b, 0)),
    questionIn: (decision) => (decision === 'more' ? 'number' : undefined),
    answer: async ({ terms }) => ({ terms: [...terms, 2] }),
    apply: async (_view, decision) => {
      told.push(`sum ${decision}`);
      return { kind: 'done' };
    },
    ...over,
  };
  return reconciler;
}

const throwing = (error: unknown) => ({
  apply: async (): Promise<Outcome> => {
    throw error;
  },
});

describe('a pass', () => {
  test.each([
    ['applies a decision that asks nothing', 0, ['sum 0']],
    ['decides anew with each answer', 3, ['sum 6']],
  ])('%s', async (_name, wanted, expected) => {
    const told: string[] = [];
    expect(await reconcile(adder(wanted, told), 'a/b', new ManualClock())).toEqual({ kind: 'done' });
    expect(told).toEqual(expected);
  });

  test('does nothing for an object that is gone', async () => {
    const told: string[] = [];
    const outcome = await reconcile(adder(0, told, { gather: () => undefined }), 'a/b', new ManualClock());
    expect({ outcome, told }).toEqual({ outcome: { kind: 'done' }, told: [] });
  });

  test('does not spin on a decision that asks on and on', async () => {
    const outcome = await reconcile(adder(1000, []), 'a/b', new ManualClock());
    expect(outcome.kind).toBe('retry');
  });

  test.each<[string, unknown, Outcome['kind']]>([
    ['stalls on what only its user can mend', new InputError('spec.x: is wrong.', 'Correct it.'), 'stalled'],
    ['is retried after a conflict', errorOf('PATCH x', 409, { kind: 'Status', reason: 'Conflict' }), 'retry'],
    ['is retried after a bug', new TypeError('undefined'), 'retry'],
    ['is over when another leads', new LeaseLost('lost'), 'done'],
  ])('%s', async (_name, error, kind) => {
    expect((await reconcile(adder(0, [], throwing(error)), 'a/b', new ManualClock())).kind).toBe(kind);
  });
});

describe('an outcome', () => {
  test.each<[Outcome, ReturnType<typeof nextOf>]>([
    [{ kind: 'done' }, { kind: 'done' }],
    [
      { kind: 'requeue', seconds: 7 },
      { kind: 'again', afterSeconds: 7 },
    ],
    [{ kind: 'stalled', reason: 'InvalidSpec', message: 'x' }, { kind: 'done' }],
    [
      { kind: 'retry', cause: 'x', atLeastSeconds: 3 },
      { kind: 'retry', atLeastSeconds: 3 },
    ],
  ])('%j becomes what the queue does', (outcome, next) => {
    expect(nextOf(outcome)).toEqual(next);
  });

  test('keeps the pause that the server asks for', () => {
    const outcome = outcomeOfError(errorOf('GET x', 429, undefined, 9));
    expect(outcome).toMatchObject({ kind: 'retry', atLeastSeconds: 9 });
  });

  test('of a conflict is no news', () => {
    expect(isExpected(outcomeOfError(new Conflict('x', 'y')))).toBe(true);
    expect(isExpected(outcomeOfError(new Error('x')))).toBe(false);
  });
});

describe('the handler of a queue', () => {
  const run = async (error: unknown) => {
    const [lines, counted]: [string[], string[]] = [[], []];
    const handle = handlerOf(adder(0, [], throwing(error)), {
      clock: new ManualClock(),
      log: { info: () => undefined, warn: (message) => void lines.push(message) },
      metrics: { reconciled: (kind, outcome) => void counted.push(`${kind} ${outcome}`) },
    });
    return { next: (await handle('a/b')).kind, lines: lines.length, counted: counted.length };
  };

  test.each<[string, unknown, string, number]>([
    ['says once what failed', new Error('x'), 'retry', 1],
    ['says nothing of a conflict', new Conflict('x', 'y'), 'retry', 0],
    ['says once what its user has to mend', new InputError('x', 'y'), 'done', 1],
  ])('%s', async (_name, error, next, lines) => {
    expect(await run(error)).toEqual({ next, lines, counted: 1 });
  });
});
