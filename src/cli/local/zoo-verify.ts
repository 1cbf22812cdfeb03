import { InputError } from '../../lib/errors.ts';
import { networkOf } from '../../nas/families/table.ts';
import type { HostTensor } from '../../nas/host-tensor.ts';
import type { Network } from '../../nas/layers.ts';
import { readSafetensors } from '../../nas/safetensors.ts';
import { checkWeights, readWeights } from '../../nas/weights.ts';
import type { ZooVerifyOutcome, ZooVerifyRequest } from '../requests.ts';

/** Runs the network on the references' inputs and measures the differences. Everything is read and checked first. */
export async function verifyNetwork(request: ZooVerifyRequest): Promise<ZooVerifyOutcome> {
  const { encoding, weights, reference, training } = request;
  const tensors = await readWeights(weights);
  const network = networkFor(encoding, tensors, weights);
  const { variables } = checkWeights(network, tensors, { what: `The file "${weights}"` });
  const wanted = await readSafetensors(reference);
  const gradients = training && (await readSafetensors(training.gradients));
  const trainReference = training && (await readSafetensors(training.trainReference));
  const { compareGradients, compareLogits } = await import('../../nas/verify.ts');
  const logits = await compareLogits(network, variables, wanted);
  if (gradients === undefined || trainReference === undefined) return { logits, training: undefined };
  const { lossDifference, relative } = await compareGradients(network, variables, trainReference, gradients);
  const [worst, largest] = [...relative].reduce((a, b) => (b[1] > a[1] || Number.isNaN(b[1]) ? b : a));
  return { logits, training: { loss: lossDifference, gradients: largest, worst } };
}

/** The network with as many outputs as the weights' own head, the one dense layer among convolutions. */
export function networkFor(encoding: string, tensors: ReadonlyMap<string, HostTensor>, file: string): Network {
  // a wrong encoding is the first thing to hear of
  const probe = networkOf(encoding, { classes: 1 });
  const head = probe.layers.findLast((layer) => layer.op === 'dense');
  const classes = head && tensors.get(`${head.name}.weight`)?.shape[0];
  if (head === undefined || classes === undefined || classes < 1) {
    throw new InputError(
      `The file "${file}" has no head: it lacks ${head?.name ?? 'fc'}.weight.`,
      'Take weights of the whole network, its last layer included.',
    );
  }
  return networkOf(encoding, { classes });
}
