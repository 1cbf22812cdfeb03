import { GraphBuilder, type Tensor } from '../../src/graph/builder.ts';
import { type Fetched, kernelsHere, Session } from '../../src/graph/session.ts';
import { RunError } from '../../src/lib/errors.ts';
import { createRng } from '../../src/lib/rng.ts';
import { madeUp } from '../lib/made-up.ts';
import { median } from '../lib/statistics.ts';
import type { Case } from './cases.ts';
import { type FormName, formNames, forms } from './forms.ts';

export interface Effort {
  readonly warmUpSteps: number;
  readonly rounds: number;
  readonly stepsPerRound: number;
}

/** Median milliseconds of forward and both gradients by form; null where TensorFlow has no kernel for it. */
export type Timed = Readonly<Record<FormName, number | null>>;

/** One form of one case in a session whose input and filter are set. */
export class OpenForm {
  readonly #session: Session;
  private constructor(session: Session) {
    this.#session = session;
  }

  /** Equal cases get equal numbers, whatever the form. */
  static async open(name: FormName, { batch, size, channels, groups, stride, precision }: Case): Promise<OpenForm> {
    const g = new GraphBuilder(await kernelsHere());
    const shapes = { x: [batch, size, size, channels], f: [3, 3, channels / groups, channels] };
    const [x, f] = [g.variable('x', shapes.x), g.variable('f', shapes.f)];
    const [xIn, fIn] = [g.placeholder('xIn', shapes.x, 'float32'), g.placeholder('fIn', shapes.f, 'float32')];
    g.signature('set', { x: xIn, f: fIn }, { done: g.after(g.scalar(0), [g.assignFed(x, xIn), g.assignFed(f, fIn)]) });
    const taken = [x, f].map((variable) => g.cast(g.read(variable), precision === 'bf16' ? 'bfloat16' : 'float32'));
    const found = forms[name](g, ...(taken as [Tensor, Tensor]), { groups, stride });
    const outputs = Object.entries(found).map(([key, t]: [string, Tensor]) => [key, g.cast(t, 'float32')] as const);
    // half the sum of squares, so that no large tensor is copied out of TensorFlow while time is taken
    const sized = outputs.map(([key, t]) => [key, g.like('L2Loss', [t], {}, [])] as const);
    g.signature('step', {}, Object.fromEntries(sized) as Record<string, Tensor>);
    g.signature('whole', {}, Object.fromEntries(outputs) as Record<string, Tensor>);
    const session = await Session.open(g);
    const rng = createRng(1);
    session.run('set', { x: madeUp(shapes.x, rng), f: madeUp(shapes.f, rng) });
    return new OpenForm(session);
  }

  /** Milliseconds of forward and both gradients. */
  step(): number {
    const before = performance.now();
    this.#session.run('step');
    return performance.now() - before;
  }

  /** Output and gradients themselves. */
  whole(): Readonly<Record<string, Fetched>> {
    return this.#session.run('whole');
  }

  close(): void {
    this.#session.close();
  }
}

/** Of a difference over the largest value: fp32 in another order of summing stays far below it; bf16 keeps eight bits. */
const tolerances = { fp32: 1e-4, bf16: 2e-2 } as const;

/** Times the forms of a case in turns, so that a drift of the machine falls on all of them. */
export async function measure(one: Case, effort: Effort): Promise<Timed> {
  const opened = new Map<FormName, OpenForm>();
  try {
    for (const name of formNames) {
      const form = await OpenForm.open(name, one);
      if (runs(form, effort.warmUpSteps)) opened.set(name, form);
      else form.close();
    }
    checkAgreement(opened, tolerances[one.precision]);
    const times = new Map(formNames.map((name) => [name, [] as number[]]));
    for (let round = 0; round < effort.rounds; round++) {
      const order = [...opened];
      for (const [name, form] of round % 2 === 0 ? order : order.reverse()) {
        for (let i = 0; i < effort.stepsPerRound; i++) times.get(name)?.push(form.step());
      }
    }
    const entries = [...times].map(([name, list]) => [name, list.length > 0 ? median(list) : null]);
    return Object.fromEntries(entries) as Timed;
  } finally {
    for (const form of opened.values()) form.close();
  }
}

/** Whether TensorFlow has kernels for all of the form; the first steps allocate and tune. */
function runs(form: OpenForm, steps: number): boolean {
  try {
    for (let i = 0; i < steps; i++) form.step();
    return true;
  } catch (error) {
    if (error instanceof RunError) return false;
    throw error;
  }
}

/** A form that computes something else is no form of the same operation: its time would mean nothing. */
function checkAgreement(opened: ReadonlyMap<FormName, OpenForm>, tolerance: number): void {
  const [first, ...others] = [...opened].map(([name, form]) => ({ name, outputs: form.whole() }));
  for (const { name, outputs } of others) {
    for (const [key, { data }] of Object.entries(outputs)) {
      const apart = largestDifference(data, first?.outputs[key]?.data ?? data.subarray(0, 0));
      if (!(apart <= tolerance)) throw new Error(`${key} of ${name} differs by ${apart} from that of ${first?.name}`);
    }
  }
}

/** Relative to the largest value; NaN for unequal lengths. */
function largestDifference(found: Fetched['data'], wanted: Fetched['data']): number {
  let [apart, largest] = [found.length === wanted.length ? 0 : Number.NaN, 0];
  for (const [i, value] of wanted.entries()) {
    apart = Math.max(apart, Math.abs(value - (found[i] as number)));
    largest = Math.max(largest, Math.abs(value));
  }
  return apart / largest;
}
