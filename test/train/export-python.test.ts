import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TrainingModel } from '../../src/nas/training-model.ts';
import { exportModel } from '../../src/train/export.ts';
import { aFolder } from '../support/image-files.ts';
import { aNetwork, trainingOptions } from '../support/models.ts';
import { randomWeights } from '../support/zoo.ts';

const python = process.env.NASOA_PYTHON ?? 'python3';
const hasTensorflow = canImport();
const testWithPython = hasTensorflow ? test : test.skip;
if (!hasTensorflow) {
  console.warn(`${python} has no tensorflow: the export is not loaded by it (name another Python in NASOA_PYTHON)`);
}

function canImport(): boolean {
  try {
    // finding it is quick, importing it is not
    const found = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("tensorflow") is None)';
    execFileSync(python, ['-c', found], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let folder: Awaited<ReturnType<typeof aFolder>>;
beforeAll(async () => {
  folder = await aFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

testWithPython.each(['0-_16_1-2@2', '2-_32_1-2@2'])(
  "Python's TensorFlow loads the model of %s and gives the same logits within 1e-4",
  async (encoding) => {
    const [inputSize, rows, classes] = [24, 5, ['cats', 'собаки', 'blue birds', 'd']];
    const network = aNetwork(encoding, classes.length);
    const weights = randomWeights(network, 3);
    const at = join(folder.path, encoding);
    await exportModel({ folder: at, network, weights, inputSize, classes, card: '', accuracy: 1 });
    const pixels = Uint8Array.from({ length: rows * inputSize ** 2 * 3 }, (_, i) => (i * 37 + (i >> 5) * 11) % 256);
    const file = join(folder.path, 'pixels');
    writeFileSync(file, pixels);

    const script = fileURLToPath(new URL('export_check.py', import.meta.url));
    const shape = [rows, inputSize, inputSize, 3].join();
    const printed = execFileSync(python, ['-B', script, at, file, shape], { stdio: ['ignore', 'pipe', 'ignore'] });
    const answers = JSON.parse(printed.toString()) as { logits: number[]; label: string[]; labels: string[] };

    const model = await TrainingModel.open(network, trainingOptions({ inputSize }));
    model.start(weights, 1);
    const logits = [...model.logits(Int32Array.from(pixels), rows)];
    model.close();
    expect(answers.logits).toHaveLength(logits.length);
    expect(Math.max(...logits.map((v, i) => Math.abs(v - (answers.logits[i] ?? Number.NaN))))).toBeLessThan(1e-4);
    expect(answers.labels).toEqual(classes);
    expect(answers.label).toHaveLength(rows);
  },
  180_000,
);
