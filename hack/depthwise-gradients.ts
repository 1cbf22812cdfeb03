/**
 * Times the gradient of EfficientNet-Lite0's depthwise filters at an input of 192 px, by TensorFlow's kernel and by ours, in
 * turns on an idle machine: `node hack/depthwise-gradients.ts`. It is what `wideDepthwiseGradientPays` goes by.
 */
import { madeUp } from '../bench/lib/made-up.ts';
import { median } from '../bench/lib/statistics.ts';
import { attr, GraphBuilder } from '../src/graph/builder.ts';
import { kernelsHere, Session } from '../src/graph/session.ts';
import { createRng } from '../src/lib/rng.ts';

/** One convolution of the network that pads evenly. */
interface Case {
  /** Side of the input in pixels. */
  readonly size: number;
  readonly channels: number;
  readonly kernel: number;
}

const batch = 32;
const [rounds, stepsPerRound] = [9, 3];
const cases: readonly Case[] = [
  { size: 96, channels: 32, kernel: 3 },
  { size: 48, channels: 144, kernel: 3 },
  { size: 24, channels: 240, kernel: 5 },
  { size: 12, channels: 480, kernel: 3 },
  { size: 12, channels: 672, kernel: 5 },
  { size: 6, channels: 1152, kernel: 5 },
  { size: 6, channels: 1152, kernel: 3 },
];
const kernels = ['theirs', 'ours'] as const;

/** A session with a signature for each kernel. */
async function open({ size, channels, kernel }: Case): Promise<Session> {
  const g = new GraphBuilder();
  const shapes = {
    x: [batch, size, size, channels],
    dy: [batch, size, size, channels],
    filter: [kernel, kernel, channels, 1],
  };
  const [x, dy, filter] = [g.variable('x', shapes.x), g.variable('dy', shapes.dy), g.variable('filter', shapes.filter)];
  const fed = { x: g.placeholder('xIn', shapes.x, 'float32'), dy: g.placeholder('dyIn', shapes.dy, 'float32') };
  g.signature('set', fed, { done: g.after(g.scalar(0), [g.assignFed(x, fed.x), g.assignFed(dy, fed.dy)]) });
  const inputs = [g.read(x), g.read(dy)] as const;
  const window = { strides: attr.ints([1, 1, 1, 1]), dilations: attr.ints([1, 1, 1, 1]), padding: attr.text('SAME') };
  const gradients = {
    theirs: g.single(
      'DepthwiseConv2dNativeBackpropFilter',
      [inputs[0], g.ints(shapes.filter), inputs[1]],
      { T: attr.type('float32'), data_format: attr.text('NHWC'), ...window },
      g.read(filter),
    ),
    ours: g.single(
      'NasoaDepthwiseFilterGradient',
      [...inputs],
      { kernel: attr.int(kernel), stride: attr.int(1), padding: attr.int((kernel - 1) / 2) },
      g.read(filter),
    ),
  };
  // half the sum of squares, so that nothing large is copied out of TensorFlow while time is taken
  for (const name of kernels) g.signature(name, {}, { size: g.like('L2Loss', [gradients[name]], {}, []) });
  const session = await Session.open(g);
  const rng = createRng(1);
  session.run('set', { x: madeUp(shapes.x, rng), dy: madeUp(shapes.dy, rng) });
  return session;
}

if (!(await kernelsHere()).wideDepthwiseGradient) throw new Error('There are no kernels of ours for this processor.');
for (const one of cases) {
  const session = await open(one);
  const taken: Record<(typeof kernels)[number], number[]> = { theirs: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of kernels) {
      const before = performance.now();
      for (let step = 0; step < stepsPerRound; step++) session.run(name);
      taken[name].push((performance.now() - before) / stepsPerRound);
    }
  }
  session.close();
  const [theirs, ours] = kernels.map((name) => median(taken[name]).toFixed(2));
  const { size, channels, kernel } = one;
  console.log(`${kernel}x${kernel}, ${size} px, ${channels} channels: ${theirs} ms, ours ${ours} ms`);
}
