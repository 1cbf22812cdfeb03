import { trainBatches } from '../../src/train/batches.ts';
import { openDataset } from '../../src/train/dataset.ts';
import { decodeAll } from '../../src/train/image-cache.ts';

/** Takes one batch of the data set in argument 1 and ends without closing anything; argument 2 is a scratch folder. */
const [, , path = '', scratch = ''] = process.argv;
const dataset = await openDataset(path, { seed: 1, scratch });
const store = await decodeAll(dataset, { side: 8, workers: 1, scratch });
const stream = trainBatches(store, { batchSize: 8, inputSize: 8, augmentation: 'light', mix: 'none', seed: 1 });
const batch = await stream.next();
console.log(`${batch?.rows.length} rows`);
