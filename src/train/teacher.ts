/**
 * Learning from another network's answers beside the labels (Hinton, Vinyals and Dean, 2015), at temperature 1: the
 * targets of a batch become the mean of its labels and of what the teacher says to the very same augmented images.
 */
import type { TrainingModel } from '../nas/training-model.ts';
import type { StepSource } from './loop.ts';
import { softmax } from './metrics.ts';

const teacherShare = 0.5;

/** `teacher`: of the same classes in the same order, and of the input size of the batches. */
export function taughtSource(source: StepSource, teacher: TrainingModel): StepSource {
  const { classes } = teacher.network;
  return {
    next: async () => {
      const batch = await source.next();
      return batch && { data: batch.data, targets: softened(batch, teacher, classes) };
    },
    get waitedSeconds() {
      return source.waitedSeconds;
    },
  };
}

type StepBatch = NonNullable<Awaited<ReturnType<StepSource['next']>>>;

/** Other values than the batch's own: its buffers come back with later steps. */
function softened({ data, targets }: StepBatch, teacher: TrainingModel, classes: number): Float32Array {
  const rows = targets.length / classes;
  const logits = teacher.logits(data, rows);
  const mixed = new Float32Array(targets.length);
  for (let row = 0; row < rows; row++) {
    const at = row * classes;
    const said = softmax(logits.subarray(at, at + classes));
    for (let c = 0; c < classes; c++) {
      mixed[at + c] = (1 - teacherShare) * (targets[at + c] as number) + teacherShare * (said[c] as number);
    }
  }
  return mixed;
}
