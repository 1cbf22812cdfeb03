import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { folderArtifacts } from '../../../src/store/folder-artifacts.ts';
import { tarOf } from '../../support/archives.ts';
import { aWorld, type World } from '../../support/zoo.ts';
import { aProfileJob, asKind, bucketsIn, runPod } from './pods.ts';

const patience = 120_000;
let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 12 });
  writeFileSync(join(world.folder, 'token'), 'token');
}, patience);
afterAll(() => world.remove());

/** The images of the world as one file. */
const archive = (): Buffer =>
  tarOf(
    readdirSync(world.images).flatMap((name) =>
      readdirSync(join(world.images, name)).map((file) => ({
        name: `${name}/${file}`,
        content: readFileSync(join(world.images, name, file)),
      })),
    ),
  );

test.each(['s3://data/sets/colours.tar', 's3://data/colours.tar'])(
  'the archive %s, a single object, is fetched and opened',
  async (url) => {
    const buckets = join(world.folder, 'buckets');
    const packed = join(world.folder, 'packed');
    await folderArtifacts(packed).writeText('marker', '');
    writeFileSync(join(packed, 'colours.tar'), archive());
    for (const prefix of ['data', 'data/sets']) await folderArtifacts(buckets).upload(packed, prefix);
    const data = { place: { kind: 's3', url }, format: 'archive', validationShare: 0.25 } as const;
    const ended = await runPod(world, aProfileJob(world, { data }), { openStore: bucketsIn(buckets) });
    expect(asKind(ended.message, 'profile').profile).toMatchObject({ trainImages: 36, validationImages: 12 });
    // what lies beside it is not fetched
    expect(readdirSync(join(world.folder, 'scratch', 'data'))).toEqual(['colours.tar']);
  },
  patience,
);

test(
  'an archive that is not there is no data set',
  async () => {
    const openStore = bucketsIn(join(world.folder, 'buckets'));
    const data = {
      place: { kind: 's3', url: 's3://data/nothing.zip' },
      format: 'archive',
      validationShare: 0.2,
    } as const;
    const ended = await runPod(world, aProfileJob(world, { data }), { openStore });
    expect(asKind(ended.message, 'failure').reason).toBe('DataNotFound');
    expect(ended.exitCode).toBe(10);
  },
  patience,
);
