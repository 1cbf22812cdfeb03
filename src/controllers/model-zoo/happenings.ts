import { findCondition, type ZooConditionType } from '../../crds/conditions.ts';
import type { ModelZooStatus } from '../../crds/model-zoo-status.ts';
import type { Happening } from '../../kube/world.ts';
import type { Kept, View } from './view.ts';

/** Conditions whose becoming true is told as an event, with the type of the event. */
const told: readonly (readonly [ZooConditionType, Happening['type']])[] = [
  ['Searched', 'Normal'],
  ['Pretrained', 'Normal'],
  ['Ready', 'Normal'],
  ['Suspended', 'Normal'],
  ['Failed', 'Warning'],
];

/** What people are told of a pass: what has become true, and a search that has to begin anew. */
export function happenings({ zoo }: View, kept: Kept, status: ModelZooStatus): readonly Happening[] {
  const changes = told.flatMap(([name, type]): Happening[] => {
    const before = findCondition(zoo.status?.conditions, name);
    const after = findCondition(status.conditions, name);
    if (after?.status !== 'True' || before?.status === 'True') return [];
    return [{ type, reason: after.reason, message: after.message }];
  });
  const lost = zoo.status?.evaluations?.done ?? 0;
  if (kept.state !== undefined || lost === 0) return changes;
  const message = `The store has no state of this search, of which ${lost} candidates were evaluated: it begins anew.`;
  return [{ type: 'Warning', reason: 'SearchStateLost', message }, ...changes];
}
