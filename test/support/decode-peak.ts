import { openDataset } from '../../src/train/dataset.ts';
import { decodeAll } from '../../src/train/image-cache.ts';

/** Decodes the data set in argument 1 with 8 MiB of cache and prints the peak memory of the process; argument 2 is a scratch folder. */
const [, , path = '', scratch = ''] = process.argv;
const dataset = await openDataset(path, { seed: 1, scratch });
const store = await decodeAll(dataset, { side: 160, workers: 2, scratch, bytesBound: 8 * 2 ** 20 });
const decodedMiB = (store.bytesInMemory + store.bytesOnDisk) / 2 ** 20;
store.close();
console.log(JSON.stringify({ peakMiB: process.resourceUsage().maxRSS / 1024, decodedMiB }));
