/** How conditions are stated and changed. Their types and reasons: `task-conditions.ts`, `zoo-conditions.ts`. */
import { timestamp } from './fields.ts';
import type { Condition, ConditionStatus } from './kubernetes.ts';
import { choice, integer, list, object, optional, type Schema, text } from './schema.ts';
import type { taskConditions } from './task-conditions.ts';
import type { zooConditions } from './zoo-conditions.ts';

/** Conditions of a kind: what each says, and what each of its reasons means and asks for. */
export type ConditionTable = Readonly<
  Record<string, { readonly description: string; readonly reasons: Readonly<Record<string, string>> }>
>;

type StatedBy<T extends ConditionTable> = {
  [K in keyof T]: {
    readonly type: K;
    readonly status: ConditionStatus;
    readonly reason: keyof T[K]['reasons'] & string;
    readonly message: string;
    readonly observedGeneration?: number;
  };
}[keyof T];

/** A condition as a controller states it: no reason but those of its type. */
export type TaskCondition = StatedBy<typeof taskConditions>;
export type ZooCondition = StatedBy<typeof zooConditions>;

export type TaskConditionType = keyof typeof taskConditions;
export type ZooConditionType = keyof typeof zooConditions;
export type TaskReason<T extends TaskConditionType> = keyof (typeof taskConditions)[T]['reasons'] & string;
export type ZooReason<T extends ZooConditionType> = keyof (typeof zooConditions)[T]['reasons'] & string;

const longestMessage = 1024;

export const conditions = (table: ConditionTable) =>
  list(
    object(
      {
        type: text({ description: `${Object.keys(table).join(', ')}.`, minLength: 1, maxLength: 64 }),
        status: choice(['True', 'False', 'Unknown'], 'Whether it holds.'),
        reason: text({
          description: 'One word of a closed list that says why.',
          pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
          minLength: 1,
          maxLength: 128,
        }),
        message: text({ description: 'The same for people.', maxLength: longestMessage }),
        lastTransitionTime: timestamp('When the status last changed.'),
        observedGeneration: optional(integer({ description: 'Generation of the spec it was judged for.', min: 0 })),
      },
      { description: 'One condition.' },
    ) satisfies Schema<Condition>,
    { description: 'What holds of the object, for programs and for kubectl wait.', maxItems: 16, keys: ['type'] },
  );

/**
 * The conditions with `next` stated at `now` (RFC 3339). `lastTransitionTime` changes with the status only, and the
 * very same list comes back where nothing changed, so that an idle pass writes nothing. Overlong messages are cut.
 */
export function setCondition(
  before: readonly Condition[],
  next: TaskCondition | ZooCondition,
  now: string,
): readonly Condition[] {
  const old = before.find(({ type }) => type === next.type);
  const message = shortened(next.message);
  const lastTransitionTime = old?.status === next.status ? old.lastTransitionTime : now;
  const stated: Condition = { ...next, message, lastTransitionTime };
  if (old === undefined) return [...before, stated];
  if (sameCondition(old, stated)) return before;
  return before.map((condition) => (condition === old ? stated : condition));
}

const sameCondition = (a: Condition, b: Condition): boolean =>
  a.status === b.status &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.observedGeneration === b.observedGeneration;

/** Counted in code points, as the API server does; a cut one ends in an ellipsis. */
function shortened(message: string): string {
  const points = [...message];
  return points.length <= longestMessage ? message : `${points.slice(0, longestMessage - 1).join('')}…`;
}

export const findCondition = (
  conditionsOfObject: readonly Condition[] | undefined,
  type: TaskConditionType | ZooConditionType,
): Condition | undefined => conditionsOfObject?.find((condition) => condition.type === type);

export const isTrue = (
  conditionsOfObject: readonly Condition[] | undefined,
  type: TaskConditionType | ZooConditionType,
): boolean => findCondition(conditionsOfObject, type)?.status === 'True';
