import { RunError } from '../../src/lib/errors.ts';
import type { Precision } from './protocol.ts';

export interface StepperOptions {
  readonly encoding: string;
  readonly classes: number;
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
  readonly precision: Precision;
}

/** A network of ours with its optimizer and input batches, ready to step. */
export interface Stepper {
  /** One whole training step (normalisation, forward, loss, backward, update); returns its seconds. */
  step(): number;
  /** Peak resident memory of this process so far. */
  peakMemoryBytes(): number;
  close(): void;
  /** Versions for the record, such as tensorflow's. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Opens our engine; the caller does the warm-up steps. Must do the same step as `peer.py`: its constants are the terms. */
export async function openStepper(options: StepperOptions): Promise<Stepper> {
  throw new RunError(
    `No engine is connected to the step benchmark, so "${options.encoding}" cannot be stepped.`,
    'Connect the training graph in bench/step/stepper.ts.',
  );
}
