import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { documentOf } from '../../bench/tune/child.ts';
import type { DriverJob, DriverOutcome } from '../../bench/tune/driver.ts';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { aRegime } from '../planner/builders.ts';
import { aFolder, imagesOf, writeFiles } from '../support/image-files.ts';

const driver = fileURLToPath(new URL('../../bench/tune/driver.ts', import.meta.url));

test('a trial whose time is up before its first step is as good as guessing, and no end of the search', async () => {
  await using folder = await aFolder();
  await writeFiles(folder.path, imagesOf(['cats', 'dogs', 'owls', 'rays'], 10));
  const job: DriverJob = {
    ...{ path: folder.path, zoo: shippedZooDir(), seconds: 1e-3, since: 'training', seed: 1 },
    run: { kind: 'wanted', member: 'et-3', wanted: aRegime({ inputSize: 32, frozenStages: 2, augmentation: 'none' }) },
  };
  const signal = new AbortController().signal;
  const { document } = await documentOf<DriverOutcome>(process.execPath, [driver, JSON.stringify(job)], { signal });
  expect(document).toMatchObject({ accuracy: 0.25, hits: '', steps: 0, curve: [] });
});
