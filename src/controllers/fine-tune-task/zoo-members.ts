/** The members of a zoo as the planner knows them. */
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { ZooMemberStatus } from '../../crds/model-zoo-status.ts';
import { InputError } from '../../lib/errors.ts';
import { networkOf } from '../../nas/families/table.ts';
import { memberFacts } from '../../nas/member-facts.ts';
import { proxyInputSize } from '../../nas/search.ts';
import type { MemberInfo } from '../../planner/types.ts';
import type { MemberSource } from './ports.ts';

/** Neither praise nor blame, for a member whose accuracy nobody told. */
const assumedAccuracy = 0.5;
/** Classes of the head for which costs are computed; the head is the smallest part of a network. */
const headClasses = 10;

/** `shipped`: the members of the zoo that the images of operator and trainer bring along. */
export function memberSource(shipped: readonly MemberInfo[]): MemberSource {
  // objects of the cache are never changed, only replaced
  const known = new WeakMap<object, readonly MemberInfo[]>();
  return {
    membersOf: (zoo) => {
      if (zoo === undefined) return shipped;
      const members = known.get(zoo) ?? membersOf(zoo);
      known.set(zoo, members);
      return members;
    },
  };
}

/** Those that have their weights. A member whose architecture this version does not know is left out. */
function membersOf(zoo: ModelZoo): readonly MemberInfo[] {
  return (zoo.status?.members ?? [])
    .filter(({ phase }) => phase === 'Ready')
    .flatMap((member) => memberInfo(member, nativeSizeOf(zoo, member.name)) ?? []);
}

const nativeSizeOf = ({ spec }: ModelZoo, name: string): number =>
  spec.imports.find((imported) => imported.name === name)?.nativeSize ?? proxyInputSize;

function memberInfo({ name, encoding, accuracy }: ZooMemberStatus, nativeSize: number): MemberInfo | undefined {
  try {
    const network = networkOf(encoding, { classes: headClasses });
    return {
      ...{ name, encoding, nativeSize },
      ...memberFacts(network, nativeSize),
      accuracy: accuracy ?? assumedAccuracy,
      // measured on the node that trains, during the profile
      steps: [],
    };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
