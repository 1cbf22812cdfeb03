import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type CheckpointMirror, checkpointMirror } from '../../../src/cli/pod/checkpoint-mirror.ts';
import { writeFileAtomic } from '../../../src/lib/atomic-file.ts';
import { ManualClock } from '../../../src/lib/clock.ts';
import { silentLog } from '../../../src/server/logger.ts';
import { folderArtifacts } from '../../../src/store/folder-artifacts.ts';
import { aFolder } from '../../support/image-files.ts';

/** A checkpoint and a store that is as slow and as sound as the test says. */
interface World {
  readonly mirror: CheckpointMirror;
  readonly clock: ManualClock;
  readonly warnings: string[];
  uploads: number;
  /** Uploads wait for it. */
  gate: Promise<void>;
  isAway: boolean;
  write(content: string): Promise<void>;
  /** What the store has. */
  stored(): string;
}

async function aWorldIn(path: string): Promise<World> {
  const [folder, bucket, clock] = [join(path, 'checkpoint'), join(path, 'bucket'), new ManualClock(1000)];
  await mkdir(folder, { recursive: true });
  const store = folderArtifacts(bucket);
  const warnings: string[] = [];
  const world: World = {
    ...{ clock, warnings, uploads: 0, gate: Promise.resolve(), isAway: false },
    mirror: checkpointMirror({
      ...{ prefix: 'task/checkpoint', folder, clock },
      log: { ...silentLog, warn: (message) => warnings.push(message) },
      store: {
        ...store,
        upload: async (from, prefix) => {
          world.uploads += 1;
          await world.gate;
          if (world.isAway) throw new Error('S3 is away');
          return await store.upload(from, prefix);
        },
      },
    }),
    write: (content) => writeFileAtomic(join(folder, 'state.safetensors'), content),
    stored: () => readFileSync(join(bucket, 'task/checkpoint/state.safetensors'), 'utf8'),
  };
  return world;
}

test('a checkpoint is carried over, and nothing twice', async () => {
  await using folder = await aFolder();
  const world = await aWorldIn(folder.path);
  await world.write('one');
  world.mirror.push();
  await world.mirror.flush();
  await world.mirror.flush();
  expect([world.stored(), world.uploads]).toEqual(['one', 1]);
});

test('while one is on its way the training goes on, and the last one is carried over at the end', async () => {
  await using folder = await aFolder();
  const world = await aWorldIn(folder.path);
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  await world.write('one');
  world.mirror.push();
  for (const content of ['two', 'three']) {
    await world.write(content);
    world.mirror.push();
  }
  const flushed = world.mirror.flush();
  gate.resolve();
  await flushed;
  expect([world.stored(), world.uploads]).toEqual(['three', 2]);
});

test('a checkpoint that is replaced during its upload arrives as it was', async () => {
  await using folder = await aFolder();
  const world = await aWorldIn(folder.path);
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  await world.write('one');
  world.mirror.push();
  while (world.uploads === 0) await new Promise((resolve) => setImmediate(resolve));
  await world.write('two');
  gate.resolve();
  await world.mirror.flush();
  expect([world.stored(), world.uploads]).toEqual(['one', 1]);
});

test('uploads keep their distance', async () => {
  await using folder = await aFolder();
  const world = await aWorldIn(folder.path);
  await world.write('one');
  world.mirror.push();
  await world.mirror.flush();
  await world.write('two');
  world.mirror.push();
  expect(world.uploads).toBe(1);
  world.clock.advance(25);
  world.mirror.push();
  await world.mirror.flush();
  expect([world.stored(), world.uploads]).toEqual(['two', 2]);
});

test('an upload that fails is told and made up for; at the end it is an error', async () => {
  await using folder = await aFolder();
  const world = await aWorldIn(folder.path);
  world.isAway = true;
  await world.write('one');
  world.mirror.push();
  await expect(world.mirror.flush()).rejects.toThrow('S3 is away');
  expect(world.warnings).toEqual(['A checkpoint could not be uploaded']);
  world.isAway = false;
  await world.mirror.flush();
  expect(world.stored()).toBe('one');
});

test('half-written files stay behind', async () => {
  await using folder = await aFolder();
  const world = await aWorldIn(folder.path);
  await world.write('one');
  await writeFile(join(folder.path, 'checkpoint', 'state.safetensors.12345678.part'), 'half');
  world.mirror.push();
  await world.mirror.flush();
  expect(world.stored()).toBe('one');
});
