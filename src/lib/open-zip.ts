import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';

/**
 * Opens a zip archive for `eachEntry`; close it after use. Rejects with yauzl's or the system's own errors.
 * yauzl's reader of files throws where nothing can catch it when a damaged archive points beyond 2^53; this one does not.
 */
export async function openZip(path: string): Promise<ZipFile> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const reader = new BoundedReader(file, size);
    return await fromRandomAccessReaderPromise(reader, size, { autoClose: false, lazyEntries: true });
  } catch (error) {
    await file.close();
    throw error;
  }
}

const chunkBytes = 256 * 1024;

class BoundedReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #size: number;

  constructor(file: FileHandle, size: number) {
    super();
    this.#file = file;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (!(position >= 0 && position + length <= this.#size)) {
      setImmediate(callback, new Error('unexpected end of the archive'));
      return;
    }
    const done = ({ bytesRead }: { bytesRead: number }): void =>
      callback(bytesRead < length ? new Error('unexpected end of the archive') : null);
    this.#file.read({ buffer, offset, length, position }).then(done, callback);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    // no stream of the file itself: destroying one closes the file for all others
    return Readable.from(this.#chunks(start, end), { objectMode: false });
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end; ) {
      const length = Math.min(chunkBytes, end - position);
      const { buffer, bytesRead } = await this.#file.read({ buffer: Buffer.allocUnsafe(length), position });
      if (bytesRead === 0) throw new Error('unexpected end of the archive');
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  }

  override close(callback: (error: Error | null) => void): void {
    this.#file.close().then(() => callback(null), callback);
  }
}
