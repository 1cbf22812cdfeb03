import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { reachedIn } from '../../src/cli/local/run-folder.ts';
import { freshProgress, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { aFolder } from '../support/image-files.ts';

const decision = { profileSeconds: 3, planningSeconds: 1 };

test.each<[string, { readonly beat?: string; readonly checkpoint?: number }, number]>([
  ['what its last beat says', { beat: '20' }, 20],
  ['what its checkpoint says, where that is later', { beat: '20', checkpoint: 21 }, 21],
  ['what its decision took, where a kill came before the first beat', {}, 4],
  ['what its decision took, where the beat is damaged', { beat: 'soon' }, 4],
])('a run that goes on has used %s', async (_name, { beat, checkpoint }, seconds) => {
  await using folder = await aFolder();
  const { path } = folder;
  if (checkpoint !== undefined) {
    const progress = { ...freshProgress(10), activeSeconds: checkpoint };
    await writeCheckpoint(path, { progress, decision: 'one', state: new Map() });
  }
  if (beat !== undefined) await writeFile(join(path, 'active-seconds'), beat);
  expect((await reachedIn(path, decision)).activeSeconds).toBe(seconds);
});
