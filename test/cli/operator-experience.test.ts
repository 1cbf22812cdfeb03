import { describe, expect, test } from '@jest/globals';
import { KnownExperience } from '../../src/cli/operator/experience.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Experience } from '../../src/planner/types.ts';
import { anExperience } from '../planner/builders.ts';

/** A store in memory, which may be away. */
function scene({ isShared }: { readonly isShared: boolean }) {
  const rows: { readonly experience: Experience; readonly owner: string | undefined }[] = [];
  const errors: unknown[] = [];
  const state = { isAway: false };
  const open = (openTo: string | undefined): readonly Experience[] => {
    if (state.isAway) throw new Error('no connection');
    return rows
      .filter(({ owner }) => openTo === undefined || owner === undefined || owner === openTo)
      .map(({ experience }) => experience);
  };
  const experience = new KnownExperience({
    store: {
      add: async (one, owner) => {
        rows.push({ experience: one, owner });
        return true;
      },
      list: async ({ openTo } = {}) => open(openTo),
      count: async ({ openTo } = {}) => open(openTo).length,
    },
    shipped: [anExperience({ id: 'shipped' })],
    ...{ isShared, clock: systemClock, onAway: (error: unknown) => void errors.push(error) },
  });
  const known = async (namespace: string): Promise<readonly string[]> =>
    (await experience.list(experience.circleOf(namespace))).map(({ id }) => id).toSorted();
  return { experience, known, state, errors };
}

describe('experience of the operator', () => {
  test('is of each namespace alone unless it is shared', async () => {
    const { experience, known } = scene({ isShared: false });
    await experience.add(anExperience({ id: 'a' }), 'red');
    await experience.add(anExperience({ id: 'b' }), 'blue');
    expect(await known('red')).toEqual(['a', 'shipped']);
    expect(await known('blue')).toEqual(['b', 'shipped']);
  });

  test('is of all where it is shared', async () => {
    const { experience, known } = scene({ isShared: true });
    await experience.add(anExperience({ id: 'a' }), 'red');
    await experience.add(anExperience({ id: 'b' }), 'blue');
    expect(await known('green')).toEqual(['a', 'b', 'shipped']);
  });

  test('has another revision for the namespace that added a run, at once', async () => {
    const { experience } = scene({ isShared: false });
    const revisions = async () => Promise.all(['red', 'blue'].map((circle) => experience.revision(circle)));
    expect(await revisions()).toEqual(['0', '0']);
    await experience.add(anExperience({ id: 'a' }), 'red');
    expect(await revisions()).toEqual(['1', '0']);
  });

  test('is what was read last while the store is away', async () => {
    const { experience, known, state, errors } = scene({ isShared: false });
    await experience.add(anExperience({ id: 'a' }), 'red');
    expect(await known('red')).toEqual(['a', 'shipped']);
    state.isAway = true;
    expect(await known('red')).toEqual(['a', 'shipped']);
    expect(await known('blue')).toEqual(['shipped']);
    expect(errors).toHaveLength(2);
  });
});
