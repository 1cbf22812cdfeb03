import { basename } from 'node:path';
import { memberFacts } from '../../nas/member-facts.ts';
import { encodeSafetensors } from '../../nas/safetensors.ts';
import { checkWeights, readWeights } from '../../nas/weights.ts';
import { addMember, type ZooMember } from '../../nas/zoo.ts';
import type { CommandContext } from '../context.ts';
import type { ZooImportRequest } from '../requests.ts';
import { networkFor } from './zoo-verify.ts';

/** Neither praise nor blame, for weights whose accuracy nobody told. */
export const assumedAccuracy = 0.5;

/** Checks the weights against the network and adds both to the zoo, as safetensors under the published names. */
export async function importMember(request: ZooImportRequest, context: CommandContext): Promise<ZooMember> {
  const { encoding, weights, nativeSize } = request;
  const tensors = await readWeights(weights);
  const network = networkFor(encoding, tensors, weights);
  const { variables } = checkWeights(network, tensors, { what: `The file "${weights}"` });
  const accuracy = request.accuracy ?? assumedAccuracy;
  if (request.accuracy === undefined) {
    context.reporter.line(`The accuracy of these weights is taken as ${assumedAccuracy}; --accuracy tells better.`);
  }
  const bytes = encodeSafetensors(variables, { encoding, classes: String(network.classes) });
  const member = {
    name: request.name ?? encoding,
    encoding,
    ...memberFacts(network, nativeSize),
    nativeSize,
    accuracy,
    // measured on the machine that trains, during its profile
    steps: [],
    pretraining: { data: 'unknown', recipe: `imported from ${basename(weights)}`, epochs: 0, accuracy },
    licence: request.licence ?? 'unknown',
    provenance: request.provenance ?? `imported from ${basename(weights)}`,
    classes: network.classes,
  };
  return await addMember(request.zoo, member, bytes);
}
