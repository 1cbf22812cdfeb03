import { readSync, writeSync } from 'node:fs';

/**
 * Where decoded images lie: slot after slot, the first `inMemory` of them in shared memory, the others in a flat file.
 * All of it can be sent to worker threads without copying a pixel; file descriptors belong to the whole process.
 */
export interface ImageRegion {
  /** Side of the square images in pixels; an image is `side * side * 3` bytes, HWC. */
  readonly side: number;
  readonly memory: SharedArrayBuffer;
  readonly inMemory: number;
  /** -1 where all are in memory. */
  readonly fd: number;
  /** Where slot `inMemory` begins in the file. */
  readonly fileOffset: number;
}

/** The usable images of one split; row i is the i-th image of the split. */
export interface SplitImages {
  readonly side: number;
  readonly count: number;
  /** Label of each row, in shared memory. */
  readonly labels: Int32Array;
  /** Slot of each row, in shared memory. */
  readonly slots: Int32Array;
  readonly region: ImageRegion;
}

/** Bytes of an image, at an offset of an array. */
export interface ImageView {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Writes an image into its slot. Throws system errors, such as ENOSPC. */
export function writeImage(region: ImageRegion, slot: number, pixels: Uint8Array): void {
  const size = region.side * region.side * 3;
  if (slot < region.inMemory) {
    new Uint8Array(region.memory, slot * size, size).set(pixels);
    return;
  }
  const start = region.fileOffset + (slot - region.inMemory) * size;
  for (let done = 0; done < size; ) done += writeSync(region.fd, pixels, done, size - done, start + done);
}

/** Reader of one region: images in memory are not copied; those on disk share one buffer, valid until the next read. */
export function createImageReader(region: ImageRegion): (slot: number) => ImageView {
  const size = region.side * region.side * 3;
  const memory = new Uint8Array(region.memory);
  const buffer = new Uint8Array(region.fd < 0 ? 0 : size);
  return (slot) => {
    if (slot < region.inMemory) return { bytes: memory, offset: slot * size };
    const start = region.fileOffset + (slot - region.inMemory) * size;
    for (let done = 0; done < size; ) {
      const read = readSync(region.fd, buffer, done, size - done, start + done);
      if (read === 0) throw new Error(`the image cache ends before slot ${slot}`);
      done += read;
    }
    return { bytes: buffer, offset: 0 };
  };
}
