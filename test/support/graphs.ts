import { GraphBuilder, type KernelChoice, type Shape, type Tensor } from '../../src/graph/builder.ts';
import { Session } from '../../src/graph/session.ts';
import { createRng } from '../../src/lib/rng.ts';

/** Standard normal values, seeded. */
export function normal(shape: Shape, seed: number): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal());
}

/** Builds a graph over float32 inputs and runs it on values; the outputs in the order of `build`. */
export async function runGraph(
  inputs: readonly { readonly shape: Shape; readonly data: Float32Array }[],
  build: (g: GraphBuilder, inputs: readonly Tensor[]) => readonly Tensor[],
  kernels?: KernelChoice,
): Promise<Float32Array[]> {
  const runner = await openGraph(
    inputs.map((i) => i.shape),
    build,
    kernels,
  );
  const outputs = runner.run(inputs.map((i) => i.data));
  runner.close();
  return outputs;
}

export interface Runner {
  run(values: readonly Float32Array[]): Float32Array[];
  close(): void;
}

export async function openGraph(
  shapes: readonly Shape[],
  build: (g: GraphBuilder, inputs: readonly Tensor[]) => readonly Tensor[],
  kernels?: KernelChoice,
): Promise<Runner> {
  const g = new GraphBuilder(kernels);
  const placeholders = shapes.map((shape, i) => g.placeholder(`in${i}`, shape, 'float32'));
  const outputs = build(g, placeholders).map((t) => g.cast(t, 'float32'));
  const named = (tensors: readonly Tensor[], prefix: string) =>
    Object.fromEntries(tensors.map((t, i) => [`${prefix}${i}`, t]));
  g.signature('run', named(placeholders, 'in'), named(outputs, 'out'));
  const session = await Session.open(g);
  return {
    run: (values) => {
      const feeds = values.map((data, i) => [`in${i}`, { data, shape: shapes[i] as Shape }] as const);
      const fetched = session.run('run', Object.fromEntries(feeds));
      return outputs.map((_, i) => fetched[`out${i}`]?.data as Float32Array);
    },
    close: () => session.close(),
  };
}
