import { parentPort, workerData } from 'node:worker_threads';
import { DamagedImage, decodeSquare, imageSize, readImageFile } from './decode.ts';
import type { DecodeChunk, DecodeReply, DecodeSetup } from './decode-pool.ts';
import { writeImage } from './stored-images.ts';

/** While libvips works on one image in its own thread, the next is read and prepared here. */
const inFlight = 2;
const setup: DecodeSetup = workerData;
const port = parentPort;
if (!port) throw new Error('decode-worker.ts runs in a worker thread');

port.on('message', (chunk: DecodeChunk) => {
  decodeChunk(chunk).then(
    (reply) => port.postMessage(reply),
    // thrown outside of the promise it ends the worker, and the pool learns of it
    (error) =>
      setImmediate(() => {
        throw error;
      }),
  );
});

async function decodeChunk({ region, firstSlot, paths }: DecodeChunk): Promise<DecodeReply> {
  const damaged: { slot: number; reason: string }[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < paths.length) {
      const slot = firstSlot + next;
      const path = paths[next++] ?? '';
      try {
        await decodeOne(path, region, slot);
      } catch (error) {
        if (!(error instanceof DamagedImage)) throw error;
        damaged.push({ slot, reason: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { region, count: paths.length, damaged };
}

async function decodeOne(path: string, index: number, slot: number): Promise<void> {
  const region = setup.regions[index];
  if (!region) throw new Error(`no region ${index}`);
  const bytes = readImageFile(path);
  if (setup.sizes) {
    const { width, height } = await imageSize(bytes);
    setup.sizes[2 * slot] = width;
    setup.sizes[2 * slot + 1] = height;
  }
  writeImage(region, slot, await decodeSquare(bytes, region.side));
}
