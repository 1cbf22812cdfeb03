import type { AttrMessage, NodeMessage, ShapeMessage, SignatureMessage } from './proto.ts';

/** Numbers of `DataType` in tensorflow/core/framework/types.proto. */
export const dataTypes = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;
export type DataType = keyof typeof dataTypes;

/** Sizes by axis; -1 is a size known only when the graph runs. */
export type Shape = readonly number[];

/** An output of a node in the graph under construction. */
export interface Tensor {
  readonly node: string;
  readonly output: number;
  readonly shape: Shape;
  readonly dtype: DataType;
}

/** State that lives in the session between calls. */
export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly handle: Tensor;
}

export type Attributes = Readonly<Record<string, AttrMessage>>;

const utf8 = new TextEncoder();
/** Constructors of node attributes. */
export const attr = {
  text: (value: string): AttrMessage => ({ s: utf8.encode(value) }),
  int: (value: number): AttrMessage => ({ i: value }),
  float: (value: number): AttrMessage => ({ f: value }),
  bool: (value: boolean): AttrMessage => ({ b: value }),
  type: (value: DataType): AttrMessage => ({ type: dataTypes[value] }),
  ints: (value: readonly number[]): AttrMessage => ({ list: { i: value } }),
  shape: (value: Shape): AttrMessage => ({ shape: shapeMessage(value) }),
};

export interface NodeOptions {
  readonly name?: string;
  /** Nodes that must have run before. */
  readonly after?: readonly string[];
}

interface Output {
  readonly shape: Shape;
  readonly dtype: DataType;
}

/** Kernels that a graph takes where they fit: nasoa's own (`native/`), and TensorFlow's by what the processor is good at. */
export interface KernelChoice {
  /** Our own: batch norm of a training step in one pass with the addition and the activation that follow. */
  readonly batchNorm: boolean;
  /** Our own: gradient of a convolution's filter. */
  readonly filterGradient: boolean;
  /** Our own: gradient of a depthwise convolution's filter that is wider than three. */
  readonly wideDepthwiseGradient: boolean;
  /** Convolutions in small groups by the kernel of dense ones. */
  readonly denseGroups: boolean;
}
export const portableKernels: KernelChoice = {
  batchNorm: false,
  filterGradient: false,
  wideDepthwiseGradient: false,
  denseGroups: false,
};

/** Collects the nodes of one TensorFlow graph and the signatures under which it is run. */
export class GraphBuilder {
  readonly kernels: KernelChoice;
  readonly nodes: NodeMessage[] = [];
  readonly signatures: Record<string, SignatureMessage> = {};
  /** Names that are taken, and the number that the next node of such a name gets. */
  readonly #names = new Map<string, number>();
  readonly #constants = new Map<string, Tensor>();

  /** A graph that leaves this program, such as an export, must keep to TensorFlow's own kernels, as by default. */
  constructor(kernels: KernelChoice = portableKernels) {
    this.kernels = kernels;
  }

  /** Adds a node; its outputs in the order of the operation's definition. */
  node(
    op: string,
    inputs: readonly Tensor[],
    attributes: Attributes,
    outputs: readonly Output[],
    options: NodeOptions = {},
  ): Tensor[] {
    const name = this.#unique(options.name ?? op);
    const data = inputs.map((t) => (t.output === 0 ? t.node : `${t.node}:${t.output}`));
    this.nodes.push({ name, op, input: [...data, ...(options.after ?? []).map((n) => `^${n}`)], attr: attributes });
    return outputs.map((o, output) => ({ node: name, output, shape: o.shape, dtype: o.dtype }));
  }

  /** Adds a node with one output. */
  single(
    op: string,
    inputs: readonly Tensor[],
    attributes: Attributes,
    output: Output,
    options: NodeOptions = {},
  ): Tensor {
    return this.node(op, inputs, attributes, [output], options)[0] as Tensor;
  }

  /** An operation of one type attribute `T` whose output is like its first input. */
  like(
    op: string,
    inputs: readonly [Tensor, ...Tensor[]],
    attributes: Attributes = {},
    shape: Shape = inputs[0].shape,
  ): Tensor {
    const { dtype } = inputs[0];
    return this.single(op, inputs, { T: attr.type(dtype), ...attributes }, { shape, dtype });
  }

  placeholder(name: string, shape: Shape, dtype: DataType): Tensor {
    return this.single(
      'Placeholder',
      [],
      { dtype: attr.type(dtype), shape: attr.shape(shape) },
      { shape, dtype },
      { name },
    );
  }

  /** A constant of int32 values; equal constants are one node. */
  ints(values: readonly number[], shape: Shape = [values.length]): Tensor {
    return this.#constant('int32', shape, new Uint8Array(Int32Array.from(values).buffer), `i${values.join()}`);
  }

  /** A scalar constant; equal constants are one node. */
  scalar(value: number, dtype: 'float32' | 'bfloat16' = 'float32'): Tensor {
    if (dtype === 'bfloat16') return this.cast(this.scalar(value), dtype);
    return this.#constant('float32', [], new Uint8Array(Float32Array.of(value).buffer), `f${value}`);
  }

  /** A constant tensor of float32. */
  floats(values: Float32Array, shape: Shape): Tensor {
    return this.#constant('float32', shape, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** A constant vector of strings. */
  strings(values: readonly string[]): Tensor {
    const tensor = {
      dtype: dataTypes.string,
      tensor_shape: shapeMessage([values.length]),
      string_val: values.map((v) => utf8.encode(v)),
    };
    return this.single(
      'Const',
      [],
      { dtype: attr.type('string'), value: { tensor } },
      { shape: [values.length], dtype: 'string' },
    );
  }

  cast(x: Tensor, dtype: DataType): Tensor {
    if (x.dtype === dtype) return x;
    return this.single('Cast', [x], { SrcT: attr.type(x.dtype), DstT: attr.type(dtype) }, { shape: x.shape, dtype });
  }

  /** The product of two matrices, either of them transposed. */
  matmul(a: Tensor, b: Tensor, transposed: { readonly a?: boolean; readonly b?: boolean } = {}): Tensor {
    const rows = a.shape[transposed.a ? 1 : 0] as number;
    const columns = b.shape[transposed.b ? 0 : 1] as number;
    const attributes = { transpose_a: attr.bool(transposed.a ?? false), transpose_b: attr.bool(transposed.b ?? false) };
    return this.like('MatMul', [a, b], attributes, [rows, columns]);
  }

  reshape(x: Tensor, shape: Shape): Tensor {
    return this.single(
      'Reshape',
      [x, this.ints(shape)],
      { T: attr.type(x.dtype), Tshape: attr.type('int32') },
      { shape, dtype: x.dtype },
    );
  }

  /** A variable of float32 that lives in the session, unset until it is assigned. */
  variable(name: string, shape: Shape): Variable {
    const attributes = {
      dtype: attr.type('float32'),
      shape: attr.shape(shape),
      shared_name: attr.text(name),
      container: attr.text(''),
    };
    const handle = this.single(
      'VarHandleOp',
      [],
      attributes,
      { shape: [], dtype: 'resource' },
      { name: `variable/${name}` },
    );
    return { name, shape, handle };
  }

  read(v: Variable, after: readonly string[] = []): Tensor {
    return this.single(
      'ReadVariableOp',
      [v.handle],
      { dtype: attr.type('float32') },
      { shape: v.shape, dtype: 'float32' },
      { after },
    );
  }

  /** Assigns and returns the name of the assigning node, for control dependencies. */
  assign(
    v: Variable,
    value: Tensor,
    op: 'AssignVariableOp' | 'AssignSubVariableOp' | 'AssignAddVariableOp' = 'AssignVariableOp',
  ): string {
    return this.effect(op, [v.handle, value], { dtype: attr.type('float32') });
  }

  /** As `assign`, of what was fed: a variable keeps the memory of its value, and fed memory is JavaScript's own. */
  assignFed(v: Variable, fed: Tensor): string {
    return this.assign(v, this.copy(fed));
  }

  /** `x` in memory of its own. */
  copy(x: Tensor): Tensor {
    return this.single('DeepCopy', [x], { T: attr.type(x.dtype) }, x);
  }

  /** A node without outputs; returns its name. */
  effect(op: string, inputs: readonly Tensor[], attributes: Attributes, after: readonly string[] = []): string {
    this.node(op, inputs, attributes, [], { after });
    return (this.nodes.at(-1) as NodeMessage).name;
  }

  /** `x`, available only after those nodes have run. */
  after(x: Tensor, nodes: readonly string[]): Tensor {
    return this.single(
      'Identity',
      [x],
      { T: attr.type(x.dtype) },
      { shape: x.shape, dtype: x.dtype },
      { after: nodes },
    );
  }

  /** Declares what one call may feed and fetch. */
  signature(name: string, inputs: Readonly<Record<string, Tensor>>, outputs: Readonly<Record<string, Tensor>>): void {
    const info = (t: Tensor) => ({
      name: `${t.node}:${t.output}`,
      dtype: dataTypes[t.dtype],
      tensor_shape: shapeMessage(t.shape),
    });
    const all = (tensors: Readonly<Record<string, Tensor>>) =>
      Object.fromEntries(Object.entries(tensors).map(([key, t]) => [key, info(t)]));
    this.signatures[name] = { inputs: all(inputs), outputs: all(outputs), method_name: 'tensorflow/serving/predict' };
  }

  #constant(dtype: DataType, shape: Shape, content: Uint8Array, key?: string): Tensor {
    const known = key === undefined ? undefined : `${key}[${shape.join()}]`;
    const existing = known === undefined ? undefined : this.#constants.get(known);
    if (existing) return existing;
    const tensor = { dtype: dataTypes[dtype], tensor_shape: shapeMessage(shape), tensor_content: content };
    const made = this.single('Const', [], { dtype: attr.type(dtype), value: { tensor } }, { shape, dtype });
    if (known !== undefined) this.#constants.set(known, made);
    return made;
  }

  #unique(wanted: string): string {
    const base = wanted.replaceAll(/[^A-Za-z0-9_./-]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n');
    // a large graph has thousands of nodes of one name: no number is tried twice
    let next = this.#names.get(base);
    let name = base;
    while (next !== undefined && this.#names.has(name)) name = `${base}_${next++}`;
    this.#names.set(base, next ?? 1);
    this.#names.set(name, this.#names.get(name) ?? 1);
    return name;
  }
}

export function shapeMessage(shape: Shape): ShapeMessage {
  return { dim: shape.map((size) => ({ size })) };
}
