import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { readSafetensorsFile } from '../../src/nas/safetensors.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';
import { decodeSquare } from '../../src/train/decode.ts';
import { type ExportOptions, exportModel, readModelInfo } from '../../src/train/export.ts';
import { softmax } from '../../src/train/metrics.ts';
import { aFolder } from '../support/image-files.ts';
import { aNetwork, trainingOptions } from '../support/models.ts';
import { type Server, serverOf } from '../support/serving.ts';
import { randomWeights } from '../support/zoo.ts';

const classes = ['cats', 'собаки', 'blue birds', '"quoted", \\ and , comma'];
const encodings = ['0-_16_1-2@2', '016-c01_16_1-2@2', '3-_32_11-2'];
const inputSize = 24;
let folder: Awaited<ReturnType<typeof aFolder>>;
beforeAll(async () => {
  folder = await aFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const optionsOf = (encoding: string, over: Partial<ExportOptions> = {}): ExportOptions => {
  const network = aNetwork(encoding, classes.length);
  const card = '# A card\n';
  const weights = randomWeights(network, 3);
  return { folder: join(folder.path, encoding), network, weights, inputSize, classes, card, accuracy: 0.75, ...over };
};

/** Pictures with soft structure at any size, so that scaling them says something. */
const pictures = (n: number, height: number, width: number): Int32Array =>
  Int32Array.from({ length: n * height * width * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width) % height];
    const image = Math.floor(i / (3 * width * height));
    return Math.round(127 + 120 * Math.sin((6 * x) / width + image + c) * Math.cos((5 * y) / height + 2 * c));
  });

const distance = (a: Float32Array, b: Float32Array): number =>
  a.length === b.length ? Math.max(...a.map((v, i) => Math.abs(v - (b[i] as number)))) : Number.NaN;

describe.each(encodings)('the exported model of %s', (encoding) => {
  let [server, model]: [Server | undefined, TrainingModel | undefined] = [undefined, undefined];
  const serve: Server['serve'] = (images, shape) => {
    if (!server) throw new Error('no server');
    return server.serve(images, shape);
  };
  const trainerLogits = (images: Int32Array, rows: number): Float32Array =>
    model?.logits(images, rows) ?? new Float32Array();

  beforeAll(async () => {
    const options = optionsOf(encoding);
    await exportModel(options);
    server = await serverOf(options.folder);
    model = await TrainingModel.open(options.network, trainingOptions({ inputSize }));
    model.start(options.weights, 1);
  });
  afterAll(() => {
    server?.close();
    model?.close();
  });

  test.each([1, 2, 7, 33])('gives the logits of the trainer within 1e-4 for %i images of its input size', (rows) => {
    const images = pictures(rows, inputSize, inputSize);
    const served = serve(images, [rows, inputSize, inputSize]);
    expect(served.logits).toHaveLength(rows * classes.length);
    expect(distance(served.logits, trainerLogits(images, rows))).toBeLessThan(1e-4);
  });

  test.each([
    [inputSize, 40],
    [97, 31],
    [300, 200],
    [7, 9],
    [1, 1],
  ])('takes images of %i x %i px as the trainer sees them', async (height, width) => {
    const images = pictures(2, height, width);
    const served = serve(images, [2, height, width]);
    const squares = new Int32Array(2 * inputSize * inputSize * 3);
    for (const i of [0, 1]) {
      const pixels = Buffer.from(images.subarray((i * images.length) / 2, ((i + 1) * images.length) / 2));
      const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      squares.set(await decodeSquare(png, inputSize), (i * squares.length) / 2);
    }
    const scale = Math.max(...trainerLogits(squares, 2).map(Math.abs), 1e-3);
    expect(distance(served.logits, trainerLogits(squares, 2)) / scale).toBeLessThan(0.02);
  });

  test('brings probabilities and names along', () => {
    const served = serve(pictures(3, 30, 50), [3, 30, 50]);
    expect(served.labels).toEqual(classes);
    for (const row of [0, 1, 2]) {
      const logits = served.logits.subarray(4 * row, 4 * row + 4);
      expect(distance(served.probabilities.subarray(4 * row, 4 * row + 4), softmax(logits))).toBeLessThan(1e-5);
      expect(served.label[row]).toBe(classes[logits.indexOf(Math.max(...logits))]);
    }
  });
});

describe('the folder', () => {
  test('holds the weights, the description, the names and the card', async () => {
    const options = optionsOf('0-_16_1-2@2', { folder: join(folder.path, 'whole') });
    await exportModel(options);
    expect(readdirSync(options.folder).sort()).toEqual([
      'README.md',
      'labels.txt',
      'model.json',
      'saved_model.pb',
      'weights.safetensors',
    ]);
    const { tensors, metadata } = await readSafetensorsFile(join(options.folder, 'weights.safetensors'));
    expect(tensors).toEqual(options.weights);
    expect(metadata).toEqual({ encoding: '0-_16_1-2@2', inputSize: String(inputSize) });
    const read = await readModelInfo(options.folder);
    expect(read.info).toMatchObject({ encoding: '0-_16_1-2@2', inputSize, classes, accuracy: 0.75 });
    expect(readFileSync(join(options.folder, 'README.md'), 'utf8')).toBe('# A card\n');
  });

  test('is found from the output folder around it', async () => {
    const out = join(folder.path, 'out');
    await exportModel(optionsOf('0-_16_1-2@2', { folder: join(out, 'model') }));
    expect((await readModelInfo(out)).folder).toBe(join(out, 'model'));
  });

  test('is swapped whole: the new model is there, and nothing of the old one', async () => {
    const at = join(folder.path, 'swapped', 'model');
    await exportModel(optionsOf('0-_16_1-2@2', { folder: at }));
    await exportModel(optionsOf('1-_16_1-2@2', { folder: at, accuracy: 0.5 }));
    expect((await readModelInfo(at)).info).toMatchObject({ encoding: '1-_16_1-2@2', accuracy: 0.5 });
    expect(readdirSync(join(at, '..'))).toEqual(['model']);
  });

  test('stays as it was where the export fails', async () => {
    const at = join(folder.path, 'failing', 'model');
    await exportModel(optionsOf('0-_16_1-2@2', { folder: at }));
    await expect(exportModel(optionsOf('1-_16_1-2@2', { folder: at, weights: new Map() }))).rejects.toThrow(
      'no weights',
    );
    expect((await readModelInfo(at)).info.encoding).toBe('0-_16_1-2@2');
    expect(readdirSync(join(at, '..'))).toEqual(['model']);
  });
});
