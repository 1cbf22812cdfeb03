import { basename } from 'node:path';
import { InputError } from '../../lib/errors.ts';
import type { PublishedWeights } from '../../nas/families/family.ts';
import { familyOf, networkOf } from '../../nas/families/table.ts';
import { memberFacts } from '../../nas/member-facts.ts';
import { encodeSafetensors } from '../../nas/safetensors.ts';
import { checkWeights, readWeights } from '../../nas/weights.ts';
import { addMember, type NewMember, type ZooMember } from '../../nas/zoo.ts';
import type { CommandContext } from '../context.ts';
import type { ZooImportRequest } from '../requests.ts';
import { fetchPublished } from './published-weights.ts';
import { networkFor } from './zoo-verify.ts';

/** Neither praise nor blame, for weights whose accuracy nobody told. */
export const assumedAccuracy = 0.5;

type Origin = Pick<NewMember, 'accuracy' | 'accuracyBasis' | 'pretraining' | 'licence' | 'provenance'>;

/** Checks the weights against the network and adds both to the zoo, as safetensors under the published names. */
export async function importMember(request: ZooImportRequest, context: CommandContext): Promise<ZooMember> {
  const { encoding } = request;
  const family = familyOf(encoding);
  // a wrong encoding is the first thing to hear of
  networkOf(encoding, { classes: 2 });
  const published = request.weights === undefined ? publishedOf(encoding) : undefined;
  const file = request.weights ?? (await fetchPublished(published as PublishedWeights, context));
  const tensors = await readWeights(file);
  const network = networkFor(encoding, tensors, file);
  const { variables } = checkWeights(network, tensors, { what: `The file "${file}"` });
  const nativeSize = request.nativeSize ?? family.nativeSize(encoding);
  const origin = published === undefined ? namedOrigin(request, basename(file)) : publishedOrigin(request, published);
  if (origin.accuracy === undefined) {
    context.reporter.line(`The accuracy of these weights is taken as ${assumedAccuracy}; --accuracy tells better.`);
  }
  const bytes = encodeSafetensors(variables, { encoding, classes: String(network.classes) });
  const accuracy = origin.accuracy ?? assumedAccuracy;
  const member = {
    ...{ name: request.name ?? encoding.replaceAll('/', '-'), encoding },
    ...memberFacts(network, nativeSize),
    nativeSize,
    // measured on the machine that trains, during its profile
    steps: [],
    ...origin,
    accuracy,
    classes: network.classes,
  };
  return await addMember(request.zoo, member, bytes);
}

function publishedOf(encoding: string): PublishedWeights {
  const weights = familyOf(encoding).weights?.(encoding);
  if (weights !== undefined) return weights;
  throw new InputError(
    `No weights of ${encoding} can be fetched.`,
    'Give a file of weights after the encoding: safetensors, .pth or .pt.',
  );
}

type Told = Omit<Origin, 'accuracy'> & { readonly accuracy: number | undefined };

function publishedOrigin({ accuracy, licence, provenance }: ZooImportRequest, published: PublishedWeights): Told {
  const { compared, data } = published;
  const recipe = `imported from ${basename(published.file)}`;
  return {
    accuracy: accuracy ?? compared?.accuracy,
    ...(accuracy === undefined && compared !== undefined ? { accuracyBasis: compared.basis } : {}),
    pretraining: { data, recipe, epochs: 0, accuracy: published.accuracy },
    licence: licence ?? published.licence,
    provenance: provenance ?? published.provenance,
  };
}

function namedOrigin({ accuracy, licence, provenance }: ZooImportRequest, file: string): Told {
  const recipe = `imported from ${file}`;
  return {
    accuracy,
    pretraining: { data: 'unknown', recipe, epochs: 0, accuracy: accuracy ?? assumedAccuracy },
    licence: licence ?? 'unknown',
    provenance: provenance ?? recipe,
  };
}
