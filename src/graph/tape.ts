import { attr, type GraphBuilder, type Shape, type Tensor } from './builder.ts';

/** What `forward` made: the output, and what only the gradient needs. */
export interface Forward {
  readonly output: Tensor;
  readonly saved?: readonly Tensor[];
}

/** One application of an operation, as its gradient sees it. */
export interface Application<A> {
  readonly inputs: readonly Tensor[];
  readonly attributes: A;
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
  /** Which inputs need a gradient; the others may be left undefined. */
  readonly needs: readonly boolean[];
}

/** An entry of the table of operations: shape inference, forward nodes and gradient side by side. */
export interface Operation<A> {
  /** Throws where the inputs do not fit together. */
  readonly shape: (inputs: readonly Shape[], attributes: A) => Shape;
  readonly forward: (g: GraphBuilder, inputs: readonly Tensor[], attributes: A, shape: Shape) => Forward;
  /** Gradients of the inputs, given the gradient `dy` of the output. */
  readonly gradient: (g: GraphBuilder, application: Application<A>, dy: Tensor) => readonly (Tensor | undefined)[];
}

interface Entry {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly backward: (dy: Tensor, needs: readonly boolean[]) => readonly (Tensor | undefined)[];
}

const keyOf = (t: Tensor): string => `${t.node}:${t.output}`;

/** Records operations while they are added to the graph, and derives their gradients in reverse order. */
export class Tape {
  readonly g: GraphBuilder;
  readonly #entries: Entry[] = [];
  constructor(g: GraphBuilder) {
    this.g = g;
  }

  apply<A>(operation: Operation<A>, inputs: readonly Tensor[], attributes: A): Tensor {
    const shape = operation.shape(
      inputs.map((t) => t.shape),
      attributes,
    );
    const { output, saved = [] } = operation.forward(this.g, inputs, attributes, shape);
    const backward = (dy: Tensor, needs: readonly boolean[]) =>
      operation.gradient(this.g, { inputs, attributes, output, saved, needs }, dy);
    this.#entries.push({ inputs, output, backward });
    return output;
  }

  /**
   * Gradients of the scalar `loss` with respect to `sources`; undefined for a source that the loss does not reach.
   * Any tensor can take the loss's place when its own gradient `seed` is given.
   */
  gradients(loss: Tensor, sources: readonly Tensor[], seed: Tensor = this.g.scalar(1)): (Tensor | undefined)[] {
    const wanted = this.#dependents(sources);
    const sums = new Map<string, Tensor[]>([[keyOf(loss), [seed]]]);
    for (const entry of this.#entries.toReversed()) {
      const parts = sums.get(keyOf(entry.output));
      if (!parts || !wanted.has(keyOf(entry.output))) continue;
      const needs = entry.inputs.map((t) => wanted.has(keyOf(t)));
      const gradients = entry.backward(this.#sum(parts), needs);
      entry.inputs.forEach((input, i) => {
        const gradient = gradients[i];
        if (!needs[i] || !gradient) return;
        const list = sums.get(keyOf(input));
        if (list) list.push(gradient);
        else sums.set(keyOf(input), [gradient]);
      });
    }
    return sources.map((s) => {
      const parts = sums.get(keyOf(s));
      return parts && this.#sum(parts);
    });
  }

  /** Keys of all tensors that depend on a source: no gradient is built for the rest. */
  #dependents(sources: readonly Tensor[]): Set<string> {
    const keys = new Set(sources.map(keyOf));
    for (const { inputs, output } of this.#entries) {
      if (inputs.some((t) => keys.has(keyOf(t)))) keys.add(keyOf(output));
    }
    return keys;
  }

  #sum(parts: readonly Tensor[]): Tensor {
    const first = parts[0] as Tensor;
    if (parts.length === 1) return first;
    return this.g.like('AddN', [first, ...parts.slice(1)], { N: attr.int(parts.length) });
  }
}
