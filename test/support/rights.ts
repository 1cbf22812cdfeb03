/** Rights that RBAC grants, and those that an audit log shows in use. */

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** One entry of the API server's audit log (audit.k8s.io/v1 Event). */
export interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** A right as one word: `list batch/jobs`, `patch nasoa.dev/finetunetasks/status`. */
export const grantsOf = (rules: readonly Rule[]): readonly string[] => [
  ...new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group === '' ? 'core' : group}/${resource}`)),
      ),
    ),
  ),
];

/** Rights that a user made use of. */
export function usedRights(events: readonly AuditEvent[], user: string): readonly string[] {
  const own = events.filter(({ user: { username }, objectRef }) => username === user && objectRef !== undefined);
  return [...new Set(own.map(rightOf))];
}

function rightOf({ verb, objectRef = {} }: AuditEvent): string {
  const { apiGroup = 'core', resource = '', subresource } = objectRef;
  return `${verb} ${apiGroup === '' ? 'core' : apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Requests of a user that were denied, as rights that it lacked. */
export const deniedRights = (events: readonly AuditEvent[], user: string): readonly string[] =>
  usedRights(
    events.filter(({ responseStatus }) => responseStatus?.code === 403),
    user,
  );

/** An audit log, a line an event; a line that is still being written is left out. */
export const parseAuditLog = (text: string): readonly AuditEvent[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);
