import { InputError } from '../lib/errors.ts';
import { elementsOf, type HostTensor, toFloat32 } from './host-tensor.ts';
import type { Network } from './layers.ts';
import { readSafetensors } from './safetensors.ts';
import { firstBytes, readTorchStateDict } from './torch-pickle.ts';
import { headTensors, weightShapes } from './weight-shapes.ts';

/** The tensors of a file of weights: safetensors, or a PyTorch state dict, whatever the file's name. */
export async function readWeights(path: string): Promise<Map<string, HostTensor>> {
  const first = await firstBytes(path);
  // the ninth byte of a safetensors file opens its JSON header; a pickle opens with 0x80, a zip archive with PK
  return first[8] === '{' ? readSafetensors(path) : readTorchStateDict(path);
}

export interface CheckedWeights {
  /** In the network's order, all of `weightShapes`, less the head where `headFits` is false. */
  readonly variables: Map<string, HostTensor>;
  /** False when the file's head is another than the network's, which `head: 'optional'` lets pass, and a cut network. */
  readonly headFits: boolean;
  /** Classes of the file's head, where it has one. */
  readonly fileClasses: number | undefined;
}

const remedy = 'Take the weights of exactly this network: the encoding is in the name of a published file.';

/**
 * Matches the tensors of a file to a network. `num_batches_tracked` is ignored. `what` names the file in errors.
 * Throws InputError for missing, unexpected, wrongly shaped or non-finite tensors; with `head: 'optional'` a head of
 * another number of classes, or none, is left out. So it always is where the network was cut out of a larger one.
 */
export function checkWeights(
  network: Network,
  tensors: ReadonlyMap<string, HostTensor>,
  { what = 'The file', head = 'required' }: { what?: string; head?: 'required' | 'optional' } = {},
): CheckedWeights {
  const expected = weightShapes(network);
  const headNames = headTensors(network);
  const [headWeight = ''] = headNames;
  const fileClasses = tensors.get(headWeight)?.shape[0];
  const headFits = headNames.every((name) => sameShape(tensors.get(name)?.shape, expected.get(name)));
  // a network that was cut has a head of its own, which the whole network's file cannot hold
  const isNeeded = head === 'required' && network.leftOut === undefined;
  if (!headFits && fileClasses !== undefined && fileClasses !== network.classes && isNeeded) {
    const message = `${what} has a head for ${fileClasses} classes, and ${network.classes} are wanted.`;
    throw new InputError(message, `Ask for ${fileClasses} classes, or take weights of ${network.classes} classes.`);
  }
  if (!headFits && !isNeeded) for (const name of headNames) expected.delete(name);
  const counted = (name: string): boolean => !name.endsWith('num_batches_tracked');
  const missing = [...expected.keys()].filter((name) => !tensors.has(name));
  const unexpected = [...tensors.keys()].filter(
    (name) => counted(name) && !expected.has(name) && !headNames.includes(name) && !network.leftOut?.has(name),
  );
  checkNames(network, what, missing, unexpected);
  const variables = new Map<string, HostTensor>();
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    checkTensor(what, name, tensor, shape);
    variables.set(name, tensor);
  }
  return { variables, headFits, fileClasses };
}

function checkNames(network: Network, what: string, missing: readonly string[], unexpected: readonly string[]): void {
  const found = [
    missing.length > 0 ? `lacks ${listed(missing)}` : '',
    unexpected.length > 0 ? `has ${listed(unexpected)} too many` : '',
  ].filter((part) => part !== '');
  if (found.length === 0) return;
  throw new InputError(`${what} does not fit the network ${network.encoding}: it ${found.join(' and ')}.`, remedy);
}

function checkTensor(what: string, name: string, tensor: HostTensor, shape: readonly number[]): void {
  if (!sameShape(tensor.shape, shape)) {
    throw new InputError(`${what} has ${name} of shape [${tensor.shape}] where [${shape}] is expected.`, remedy);
  }
  if (!['F32', 'F16', 'BF16', 'F64'].includes(tensor.dtype)) {
    throw new InputError(`${what} has ${name} as ${tensor.dtype}, which is no floating-point type.`, remedy);
  }
  if (tensor.data.length !== elementsOf(shape) || !toFloat32(tensor).every(Number.isFinite)) {
    throw new InputError(
      `${what} has values in ${name} that are no finite numbers.`,
      'Take weights of a sound training.',
    );
  }
}

const sameShape = (a: readonly number[] | undefined, b: readonly number[] | undefined): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((n, i) => n === b[i]);

const listed = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more tensors`;
