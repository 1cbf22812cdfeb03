/** Holds a network's graph against reference outputs of another implementation: logits, loss and gradients. */
import { GraphBuilder, type Tensor } from '../graph/builder.ts';
import { operations } from '../graph/operations/table.ts';
import { kernelsHere, Session } from '../graph/session.ts';
import { Tape } from '../graph/tape.ts';
import { InputError } from '../lib/errors.ts';
import { type HostTensor, toFloat32 } from './host-tensor.ts';
import type { Network } from './layers.ts';
import { buildNetwork } from './network.ts';
import { fromTorch, parametersOf, toTorch } from './parameters.ts';

export type Tensors = ReadonlyMap<string, HostTensor>;

/** Largest absolute difference to the reference's `logits` [n, classes] on its `input` [n, 3, h, w], evaluation mode. */
export async function compareLogits(network: Network, weights: Tensors, reference: Tensors): Promise<number> {
  const input = tensorOf(reference, 'input', 4);
  const wanted = toFloat32(tensorOf(reference, 'logits', 2));
  const g = new GraphBuilder();
  const data = g.placeholder('data', nhwcShape(input.shape), 'float32');
  const { logits } = buildNetwork(new Tape(g), network, data, -1, {
    parameter: constants(g, network, weights),
    precision: 'float32',
  });
  g.signature('logits', { data }, { logits });
  const [got] = await runOnce(g, 'logits', { data: { data: toNhwc(input), shape: nhwcShape(input.shape) } }, [
    'logits',
  ]);
  return largestDifference(got as Float32Array, wanted, 'logits');
}

export interface GradientComparison {
  /** Absolute difference of the mean cross entropy in training mode. */
  readonly lossDifference: number;
  /** By parameter: norm of the difference over the norm of the reference. */
  readonly relative: ReadonlyMap<string, number>;
}

/** Loss and gradients in training mode on `input` [n, 3, h, w] and `labels` [n]; `gradients` by parameter name. */
export async function compareGradients(
  network: Network,
  weights: Tensors,
  train: Tensors,
  gradients: Tensors,
): Promise<GradientComparison> {
  const input = tensorOf(train, 'input', 4);
  const labels = toFloat32(tensorOf(train, 'labels', 1));
  const g = new GraphBuilder(await kernelsHere());
  const rows = labels.length;
  const data = g.placeholder('data', nhwcShape(input.shape), 'float32');
  const targets = g.placeholder('targets', [rows, network.classes], 'float32');
  const parameter = constants(g, network, weights);
  const tape = new Tape(g);
  const training = {
    frozenStages: 0,
    normStatistics: 'batch',
    seed: g.ints([0, 0]),
    updateStatistics: () => {},
  } as const;
  const { logits } = buildNetwork(tape, network, data, -1, { parameter, precision: 'float32', training });
  const loss = tape.apply(operations.softmaxCrossEntropy, [logits, targets], { labelSmoothing: 0 });
  const trained = parametersOf(network).filter((p) => !p.statistic);
  const derived = tape.gradients(
    loss,
    trained.map((p) => parameter(p.name)),
  ) as Tensor[];
  g.signature('gradients', { data, targets }, { loss, ...Object.fromEntries(derived.map((t, i) => [`g${i}`, t])) });
  const oneHot = new Float32Array(rows * network.classes);
  labels.forEach((label, row) => {
    oneHot[row * network.classes + label] = 1;
  });
  const feeds = {
    data: { data: toNhwc(input), shape: nhwcShape(input.shape) },
    targets: { data: oneHot, shape: [rows, network.classes] },
  };
  const [lossValue, ...values] = await runOnce(g, 'gradients', feeds, ['loss', ...trained.map((_, i) => `g${i}`)]);
  const relative = trained.map((p, i) => {
    const wanted = toFloat32(tensorOf(gradients, p.name));
    const got = toFloat32(toTorch(p, values[i] as Float32Array));
    return [p.name, norm(got.map((v, k) => v - (wanted[k] ?? Number.NaN))) / norm(wanted)] as const;
  });
  const wantedLoss = toFloat32(tensorOf(train, 'loss'))[0] as number;
  return { lossDifference: Math.abs((lossValue?.[0] as number) - wantedLoss), relative: new Map(relative) };
}

function tensorOf(tensors: Tensors, name: string, rank?: number): HostTensor {
  const tensor = tensors.get(name);
  if (!tensor || (rank !== undefined && tensor.shape.length !== rank)) {
    const problem = tensor
      ? `has "${name}" with ${tensor.shape.length} axes in place of ${rank}`
      : `lacks the tensor "${name}"`;
    throw new InputError(
      `The reference file ${problem}.`,
      'Write it with `input` (NCHW) and `logits`; for training `input`, `labels`, `loss`.',
    );
  }
  return tensor;
}

function constants(g: GraphBuilder, network: Network, weights: Tensors): (name: string) => Tensor {
  const made = new Map<string, Tensor>();
  for (const p of parametersOf(network)) {
    const tensor = weights.get(p.name);
    if (!tensor)
      throw new InputError(`The weights lack the tensor "${p.name}".`, 'Take the weights of exactly this network.');
    made.set(p.name, g.floats(fromTorch(p, tensor), p.shape));
  }
  return (name) => made.get(name) as Tensor;
}

async function runOnce(
  g: GraphBuilder,
  signature: string,
  feeds: Parameters<Session['run']>[1],
  names: readonly string[],
) {
  const session = await Session.open(g);
  try {
    const fetched = session.run(signature, feeds);
    return names.map((name) => fetched[name]?.data as Float32Array);
  } finally {
    session.close();
  }
}

const nhwcShape = ([n = 0, c = 0, h = 0, w = 0]: readonly number[]): number[] => [n, h, w, c];

function toNhwc(tensor: HostTensor): Float32Array {
  const values = toFloat32(tensor);
  const [n, h, w, c] = nhwcShape(tensor.shape) as [number, number, number, number];
  const out = new Float32Array(values.length);
  let i = 0;
  for (let image = 0; image < n; image++) {
    for (let pixel = 0; pixel < h * w; pixel++) {
      for (let channel = 0; channel < c; channel++) out[i++] = values[(image * c + channel) * h * w + pixel] as number;
    }
  }
  return out;
}

function largestDifference(got: Float32Array, wanted: Float32Array, what: string): number {
  if (got.length !== wanted.length) {
    throw new InputError(
      `The reference has ${wanted.length} values in ${what}, the network gives ${got.length}.`,
      'Give the number of classes of the reference.',
    );
  }
  return got.reduce((largest, v, i) => Math.max(largest, Math.abs(v - (wanted[i] as number))), 0);
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
