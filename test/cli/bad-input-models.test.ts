import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { predictLocally } from '../../src/cli/local/predict.ts';
import { encodeSavedModel } from '../../src/graph/proto.ts';
import { exportModel } from '../../src/train/export.ts';
import { expectClear, listing, refusalOf } from '../support/bad-input.ts';
import { contextIn } from '../support/context.ts';
import { aNetwork } from '../support/models.ts';
import { aWorld, randomWeights, type World } from '../support/zoo.ts';

let world: World;
let sound = '';
beforeAll(async () => {
  world = await aWorld({ perClass: 2 });
  sound = join(world.folder, 'sound', 'model');
  const network = aNetwork('1-_16_1-2@2', 4);
  const weights = randomWeights(network, 1);
  const classes = ['a', 'b', 'c', 'd'];
  await exportModel({ folder: sound, network, weights, inputSize: 24, classes, card: '', accuracy: 1 });
});
afterAll(() => world.remove());

const predict = (model: string, image = join(world.images, 'grass', '0.png')) =>
  predictLocally({ model, images: [image], top: 1 }, contextIn(world));
const described =
  (changes: Readonly<Record<string, unknown>>) =>
  async (model: string): Promise<void> => {
    const info: object = JSON.parse(await readFile(join(model, 'model.json'), 'utf8'));
    await writeFile(join(model, 'model.json'), JSON.stringify({ ...info, ...changes }));
  };
const graph =
  (change: (bytes: Buffer) => Uint8Array) =>
  async (model: string): Promise<void> => {
    const path = join(model, 'saved_model.pb');
    await writeFile(path, change(await readFile(path)));
  };

const cases: readonly (readonly [string, (model: string) => Promise<unknown>, RegExp])[] = [
  ['an empty folder', (model) => rm(model, { recursive: true }).then(() => mkdir(model)), /no model in ".*model"/],
  ['a folder of something else', (model) => rm(join(model, 'model.json')), /no model in/],
  ['a description that is no JSON', (model) => writeFile(join(model, 'model.json'), '{'), /model\.json" is damaged/],
  ['an empty description', (model) => writeFile(join(model, 'model.json'), ''), /model\.json" is damaged/],
  ['a description that is null', (model) => writeFile(join(model, 'model.json'), 'null'), /is damaged/],
  ['a description of another format', described({ format: 'onnx' }), /is damaged/],
  ['a description of a later version', described({ version: 2 }), /is damaged/],
  ['a description without classes', described({ classes: [] }), /is damaged/],
  ['classes that are no names', described({ classes: [1, 2, 3, 4] }), /is damaged/],
  ['an input size of nothing', described({ inputSize: 0 }), /is damaged/],
  ['an input size that is no number', described({ inputSize: '24' }), /is damaged/],
  ['classes of another model', described({ classes: ['a', 'b'] }), /other classes than its model\.json names/],
  [
    'a description that is a folder',
    (model) => rm(join(model, 'model.json')).then(() => mkdir(join(model, 'model.json'))),
    /model\.json" cannot be read/,
  ],
  ['no graph', (model) => rm(join(model, 'saved_model.pb')), /cannot be loaded/],
  ['an empty graph', graph(() => new Uint8Array()), /cannot be loaded/],
  ['a graph that is cut off', graph((bytes) => bytes.subarray(0, bytes.length >> 1)), /cannot be loaded/],
  ['a graph of noise', graph(() => Buffer.alloc(1000, 0xa5)), /cannot be loaded/],
  ['a graph of something else', graph(() => encodeSavedModel([], {}, 'serve')), /cannot be loaded/],
];

describe('a model that is none is refused', () => {
  test.each(cases)('%s', async (_name, damage, message) => {
    const model = join(world.folder, 'bad', 'model');
    await rm(model, { recursive: true, force: true });
    await cp(sound, model, { recursive: true });
    await damage(model);
    const before = await listing(world.folder);
    expectClear(await refusalOf(() => predict(model)), message);
    expect(await listing(world.folder)).toEqual(before);
  });

  test('a file in place of the folder', async () => {
    expectClear(
      await refusalOf(() => predict(join(sound, 'weights.safetensors'))),
      /no model in ".*weights\.safetensors"/,
    );
  });
});

test('an image that is none gets its reason, and the others their classes', async () => {
  const [notes, good] = [join(world.folder, 'notes.jpg'), join(world.images, 'grass', '0.png')];
  await writeFile(notes, 'no image');
  const images = [notes, join(world.folder, 'nowhere.png'), good];
  const predictions = await predictLocally({ model: sound, images, top: 1 }, contextIn(world));
  expect(predictions).toMatchObject([
    { image: notes, error: expect.stringContaining('not an image') },
    { error: 'cannot be read' },
    { image: good, predictions: [{ class: expect.stringMatching(/^[abcd]$/) }] },
  ]);
});
