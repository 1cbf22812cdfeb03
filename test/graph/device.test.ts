import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { deviceHere, gpuNames } from '../../src/graph/device.ts';
import { usesGpu } from '../../src/graph/session.ts';
import { aFolder } from '../support/image-files.ts';

test('GPUs are called as their driver calls them, and nothing where it tells nothing', async () => {
  await using folder = await aFolder();
  await mkdir(join(folder.path, '0000:04:00.0'));
  const information = 'Model: \t\t NVIDIA H200\nIRQ:   \t\t 98\nGPU UUID: \t GPU-1\n';
  await writeFile(join(folder.path, '0000:04:00.0', 'information'), information);
  expect(gpuNames(folder.path)).toEqual(['NVIDIA H200']);
  expect(gpuNames(join(folder.path, 'nowhere'))).toEqual([]);
});

test('without a GPU the device is the processor with its cores', async () => {
  if (await usesGpu()) return;
  expect(await deviceHere()).toMatch(/, \d+ cores?$/);
});
