import { describe, expect, test } from '@jest/globals';
import { memberSource } from '../../../src/controllers/fine-tune-task/zoo-members.ts';
import { aMember } from '../../planner/builders.ts';
import { aZoo } from '../../support/objects.ts';
import { testMembers } from '../../support/zoo.ts';

const ready = (name: string, encoding: string, accuracy?: number) =>
  ({ name, encoding, phase: 'Ready', ...(accuracy === undefined ? {} : { accuracy }) }) as const;

describe('members of a zoo', () => {
  const source = memberSource([aMember({ name: 'shipped' })]);

  test('are those in the image where no zoo is named', () => {
    expect(source.membersOf(undefined).map(({ name }) => name)).toEqual(['shipped']);
  });

  test('are those that have their weights, and that this version knows', () => {
    const zoo = aZoo({
      status: {
        members: [
          ready('plain', testMembers.plain, 0.4),
          { name: 'later', encoding: testMembers.square, phase: 'Pretraining' },
          ready('unknown', 'a-network-of-tomorrow'),
        ],
      },
    });
    const members = source.membersOf(zoo);
    expect(members).toMatchObject([{ name: 'plain', accuracy: 0.4, nativeSize: 64 }]);
    const [member] = members;
    expect(member?.stageShare).toHaveLength((member?.stages ?? 0) + 1);
    expect(member?.boundaryValues).toHaveLength((member?.stages ?? 0) + 1);
    expect(member?.parametersM).toBeGreaterThan(0);
  });

  test('that were imported have the size of their own pre-training', () => {
    const weights = { claim: { claimName: 'weights', path: 'plain.pth' } };
    const zoo = aZoo({
      spec: { imports: [{ name: 'plain', encoding: testMembers.plain, weights, nativeSize: 32 }] },
      status: { members: [ready('plain', testMembers.plain)] },
    });
    expect(source.membersOf(zoo)).toMatchObject([{ nativeSize: 32, accuracy: 0.5 }]);
  });

  test('are worked out once for an object of the cache', () => {
    const zoo = aZoo({ status: { members: [ready('plain', testMembers.plain)] } });
    expect(source.membersOf(zoo)).toBe(source.membersOf(zoo));
  });
});
