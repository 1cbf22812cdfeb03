import { InputError } from '../../lib/errors.ts';
import { networkOf } from '../../nas/families/table.ts';
import type { HostTensor } from '../../nas/host-tensor.ts';
import type { Network, NetworkOptions } from '../../nas/layers.ts';
import { readSafetensors } from '../../nas/safetensors.ts';
import { headTensors } from '../../nas/weight-shapes.ts';
import { checkWeights } from '../../nas/weights.ts';
import { memberOf, weightsPath, type Zoo, type ZooMember } from '../../nas/zoo.ts';
import type { Teacher } from '../../train/teacher.ts';

/** A member's network with a head for the task. Throws InputError where the zoo's index contradicts the encoding. */
export function taskNetwork(member: ZooMember, options: NetworkOptions): Network {
  const network = networkOf(member.encoding, options);
  if (network.stages.length === member.stages) return network;
  throw new InputError(
    `The zoo's index gives the member "${member.name}" ${member.stages} stages, and its network has ${network.stages.length}.`,
    'Restore the zoo from where it came, or correct the index.',
  );
}

/**
 * A member's weights to start from, without the head, whose classes are not the task's. Throws InputError where they do
 * not fit the network.
 */
export async function startWeights(zoo: Zoo, name: string, network: Network): Promise<Map<string, HostTensor>> {
  const path = weightsPath(zoo, name);
  const { variables } = checkWeights(network, await readSafetensors(path), {
    what: `The file "${path}" of the member "${name}"`,
    head: 'optional',
  });
  const head = headTensors(network);
  return new Map([...variables].filter(([tensor]) => !head.includes(tensor)));
}

/** A member as the teacher of images of so many classes. Throws InputError as `startWeights` does, and where it is not there. */
export async function openTeacher(zoo: Zoo, name: string, classes: number): Promise<Teacher> {
  const member = memberOf(zoo, name);
  const network = taskNetwork(member, { classes });
  return { network, weights: await startWeights(zoo, name, network), nativeSize: member.nativeSize };
}
