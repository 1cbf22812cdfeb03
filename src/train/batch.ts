/** What one training step is fed with. */
export interface Batch {
  /** RGB bytes as integers, NHWC, `batchSize * size * size * 3` of them. */
  readonly images: Int32Array;
  /** Soft targets, `batchSize * classes`; one-hot unless mixup or cutmix blended two images. */
  readonly targets: Float32Array;
  /** Index into the split for each row; with fewer rows than the batch size at the end of an evaluation pass. */
  readonly rows: Int32Array;
  /** Side of the square images in pixels. */
  readonly size: number;
}

/** An endless (training) or finite (evaluation) stream of batches that are prepared ahead in worker threads. */
export interface BatchStream {
  /** The next batch, undefined at the end of a finite stream. Its arrays are valid until the next call. */
  next(): Promise<Batch | undefined>;
  /** Seconds that `next` spent waiting for workers so far. */
  readonly waitedSeconds: number;
  close(): Promise<void>;
}
