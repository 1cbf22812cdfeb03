import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JobView } from '../../../src/controllers/model-zoo/view.ts';
import { runningState, SmallWorld, shortName } from './builders.ts';

type Step = (world: SmallWorld, job: string | undefined, old: readonly JobView[] | undefined) => unknown;

/** What may happen to a zoo's Jobs, its spec and its controller, at any moment. */
const happenings: Readonly<Record<string, Step>> = {
  pass: (world) => world.pass(),
  'crash after the state was kept': (world) => world.pass({ crash: true }),
  'pass over an old view': (world, _job, old) => old && world.pass({ seen: old }),
  run: (world, job) => job && world.change(job, { state: runningState }),
  answer: (world, job) => job && world.answer(job),
  'lose the pod': (world, job) => job && world.fail(job, 'Internal'),
  'find it impossible': (world, job) => job && world.fail(job, 'InvalidSpec'),
  vanish: (world, job) => job && world.jobs.delete(world.job(job).name),
  suspend: (world) => hold(world, true),
  resume: (world) => hold(world, false),
};

function hold(world: SmallWorld, suspend: boolean): void {
  world.zoo = { ...world.zoo, spec: { ...world.zoo.spec, suspend } };
}

const anything = fc.array(fc.record({ what: fc.constantFrom(...Object.keys(happenings)), pick: fc.nat() }), {
  maxLength: 80,
});

const size = 3;
const aWorld = (evaluations: number, parallelism: number): SmallWorld =>
  new SmallWorld({ spec: { search: { evaluations, parallelism }, size } });

/** `old`: what an earlier moment looked like, as a cache that lags shows it. */
function happen(world: SmallWorld, what: string, pick: number, old: readonly JobView[] | undefined): void {
  const live = world.names().filter((name) => world.isLive(name) && isWanted(world, name));
  happenings[what]?.(world, live.length === 0 ? undefined : live[pick % live.length], old);
}

/** A Job that a crash left behind may be of a candidate that has its result: nobody runs its pod any more. */
function isWanted(world: SmallWorld, name: string): boolean {
  const { role, id, attempt } = world.job(name);
  if (role === 'pretraining') {
    const member = world.state().members[id - 1];
    return member?.phase === 'Pretraining' && member.attempt === attempt;
  }
  return world.progress().open.some((candidate) => candidate.id === id && candidate.attempt === attempt);
}

describe('in whatever order results arrive, pods are lost and the controller dies', () => {
  test('as many candidates are evaluated as were wanted, and none counts twice', () => {
    const counts = fc.record({ wanted: fc.integer({ min: 1, max: 8 }), parallel: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(counts, anything, ({ wanted, parallel }, events) => {
        const world = aWorld(wanted, parallel);
        const seen: (readonly JobView[])[] = [];
        for (const { what, pick } of events) {
          seen.push([...world.jobs.values()]);
          happen(world, what, pick, seen[pick % seen.length]);
        }
        hold(world, false);
        world.toTheEnd();
        const { phase, evaluations, members = [] } = world.zoo.status ?? {};
        if (phase === 'Failed') {
          expect(mayFail(world)).toBe(true);
          return;
        }
        expect([phase, evaluations?.done]).toEqual(['Ready', wanted]);
        const ids = world.progress().evaluated.map(({ id }) => id);
        expect(new Set(ids).size).toBe(wanted);
        expect(members).toHaveLength(Math.min(size, wanted));
        expect(new Set(members.map(({ encoding }) => encoding)).size).toBe(members.length);
        expect(world.names()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('no more Jobs are there at once than are allowed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), anything, (parallel, events) => {
        const world = aWorld(6, parallel);
        for (const { what, pick } of events) {
          // an old view makes up for Jobs that are there already, so it is left out here
          if (what !== 'pass over an old view') happen(world, what, pick, undefined);
          if (what === 'pass') expect(world.jobs.size).toBeLessThanOrEqual(parallel);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('where nothing goes wrong every Job is created once', () => {
    const world = aWorld(8, 3);
    world.toTheEnd();
    const names = Array.from({ length: 8 }, (_, i) => `eval-${i + 1}-1`);
    const members = Array.from({ length: size }, (_, i) => `pretrain-${i + 1}-1`);
    expect(world.created.map(shortName)).toEqual([...names, ...members]);
  });
});

/** Only where nearly all candidates failed, or every member did. */
function mayFail(world: SmallWorld): boolean {
  const { failed, evaluated } = world.progress();
  const { members } = world.state();
  const allMembersFailed = members.length > 0 && members.every(({ phase }) => phase === 'Failed');
  return allMembersFailed || (failed.length >= 8 && failed.length > 2 * evaluated.length);
}
