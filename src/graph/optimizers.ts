/** One table of optimizers: which state each variable needs, and the nodes of one update. */
import { attr, type GraphBuilder, type Tensor, type Variable } from './builder.ts';

export interface Trained {
  readonly variable: Variable;
  readonly gradient: Tensor;
  /** Whether weight decay applies; not to biases and norms (He et al., CVPR 2019, section 3.1). */
  readonly decay: boolean;
}

export interface OptimizerSettings {
  readonly weightDecay: number;
  /** float32 scalars fed at each step. */
  readonly learningRate: Tensor;
  /** 1-based number of the update as float32, for AdamW's bias correction. */
  readonly updateNumber: Tensor;
}

interface Optimizer {
  /** Variables of the optimizer's own, named by their suffix; they start at zero. */
  readonly slots: readonly string[];
  /** Adds the update of one variable; returns the node that did it. */
  readonly update: (g: GraphBuilder, t: Trained, slots: readonly Variable[], s: OptimizerSettings) => string;
}

const momentum = 0.9;
const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

export const optimizers = {
  /** SGD with Nesterov momentum; the decay is added to the gradient, as in PyTorch. */
  sgd: {
    slots: ['momentum'],
    update: (g, { variable, gradient, decay }, [velocity], s) => {
      const total = decay && s.weightDecay > 0 ? withDecay(g, gradient, variable, s.weightDecay) : gradient;
      const attributes = { T: attr.type('float32'), use_locking: attr.bool(false), use_nesterov: attr.bool(true) };
      const inputs = [variable.handle, (velocity as Variable).handle, s.learningRate, total, g.scalar(momentum)];
      return g.effect('ResourceApplyMomentum', inputs, attributes);
    },
  },
  /** Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019): the weight shrinks before Adam's own step. */
  adamw: {
    slots: ['first', 'second'],
    update: (g, { variable, gradient, decay }, [first, second], s) => {
      const power = (beta: number) => g.like('Pow', [g.scalar(beta), s.updateNumber]);
      const shrunk: string[] = [];
      if (decay && s.weightDecay > 0) {
        const share = g.like('Mul', [s.learningRate, g.scalar(s.weightDecay)]);
        shrunk.push(
          g.assign(
            variable,
            g.like('Mul', [g.after(g.read(variable), [gradient.node]), share], {}, variable.shape),
            'AssignSubVariableOp',
          ),
        );
      }
      const attributes = { T: attr.type('float32'), use_locking: attr.bool(false), use_nesterov: attr.bool(false) };
      const inputs = [
        variable.handle,
        (first as Variable).handle,
        (second as Variable).handle,
        power(beta1),
        power(beta2),
      ];
      const settings = [s.learningRate, g.scalar(beta1), g.scalar(beta2), g.scalar(epsilon), gradient];
      return g.effect('ResourceApplyAdam', [...inputs, ...settings], attributes, shrunk);
    },
  },
} as const satisfies Record<string, Optimizer>;

export type OptimizerName = keyof typeof optimizers;

function withDecay(g: GraphBuilder, gradient: Tensor, variable: Variable, weightDecay: number): Tensor {
  return g.like('AddV2', [gradient, g.like('Mul', [g.read(variable), g.scalar(weightDecay)])]);
}

/** Scales all gradients down so that their joint norm is at most `limit` (Pascanu et al., ICML 2013). */
export function clipByGlobalNorm(g: GraphBuilder, gradients: readonly Tensor[], limit: number): Tensor[] {
  const squares = gradients.map((x) => g.like('L2Loss', [x], {}, []));
  const sum = g.like('AddN', squares as [Tensor, ...Tensor[]], { N: attr.int(squares.length) });
  const norm = g.like('Sqrt', [g.like('Mul', [sum, g.scalar(2)])]);
  const factor = g.like('Minimum', [
    g.scalar(1),
    g.like('RealDiv', [g.scalar(limit), g.like('Maximum', [norm, g.scalar(1e-12)])]),
  ]);
  return gradients.map((x) => g.like('Mul', [x, factor]));
}

/** Moves `average` towards the variable after its update; returns the node that did it. */
export function updateAverage(
  g: GraphBuilder,
  average: Variable,
  variable: Variable,
  decay: Tensor,
  updated: readonly string[],
): string {
  const distance = g.like('Sub', [g.read(average, updated), g.read(variable, updated)]);
  return g.assign(average, g.like('Mul', [distance, g.like('Sub', [g.scalar(1), decay])]), 'AssignSubVariableOp');
}
