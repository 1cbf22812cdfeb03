import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { publishedPath } from '../../../src/cli/local/published-weights.ts';
import { cacheDir } from '../../../src/lib/user-dirs.ts';
import { costOf, shapesOf, smallestSize } from '../../../src/nas/cost.ts';
import type { PublishedWeights } from '../../../src/nas/families/family.ts';
import { familyOf, networkOf } from '../../../src/nas/families/table.ts';
import { inputsOf } from '../../../src/nas/layers.ts';
import { memberFacts } from '../../../src/nas/member-facts.ts';
import { readSafetensors } from '../../../src/nas/safetensors.ts';
import { compareLogits, type Tensors } from '../../../src/nas/verify.ts';
import { headTensors } from '../../../src/nas/weight-shapes.ts';
import { checkWeights, readWeights } from '../../../src/nas/weights.ts';
import { aFolder } from '../../support/image-files.ts';
import { sharedPath } from '../../support/shared.ts';

const run = promisify(execFile);
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const publishedOf = (encoding: string): PublishedWeights => familyOf(encoding).weights?.(encoding) as PublishedWeights;
const whole = ['efficientnet-lite0', 'efficientnet-lite1', 'efficientnet-lite2'] as const;
const cuts = whole.flatMap((name) => [1, 2, 3, 4, 5, 6].map((k) => `${name}/${k}`));

describe('size and cost', () => {
  // parameters: README of the TensorFlow implementation, and the number of values in the published files
  test.each([
    ['efficientnet-lite0', 224, 4_652_008],
    ['efficientnet-lite1', 240, 5_416_680],
    ['efficientnet-lite2', 260, 6_092_072],
  ])('%s at %d px has %d parameters', (name, size, parameters) => {
    expect(familyOf(name).nativeSize(name)).toBe(size);
    expect(costOf(networkOf(name, { classes: 1000 }), size).parameters).toBe(parameters);
  });

  test.each([...whole, ...cuts])('%s works at any size from its smallest on', (name) => {
    const network = networkOf(name, { classes: 3 });
    for (const size of [smallestSize(network), 32, 47, 224])
      expect(shapesOf(network, size)).toHaveLength(network.layers.length);
  });
});

describe('stages', () => {
  test.each([...whole, ...cuts])('%s: what follows a stage reads only its last layer', (name) => {
    const network = networkOf(name, { classes: 3 });
    expect(network.stages).toHaveLength(name.includes('/') ? Number(name.split('/')[1]) : 7);
    for (const { end } of network.stages) {
      const read = network.layers.slice(end + 1).flatMap(inputsOf);
      expect(read.filter((id) => id < end)).toEqual([]);
    }
    expect(network.layers[network.features]).toEqual({ op: 'globalPool', input: network.stages.at(-1)?.end });
  });
});

describe('cuts', () => {
  test.each(cuts)('%s costs less than the next longer one and keeps the names of the tensors', (name) => {
    const [base = '', k] = name.split('/');
    const next = Number(k) === 6 ? base : `${base}/${Number(k) + 1}`;
    const [own, longer] = [name, next].map((one) => memberFacts(networkOf(one, { classes: 10 }), 224));
    expect(own?.macsM).toBeLessThan(longer?.macsM ?? 0);
    const network = networkOf(name, { classes: 10 });
    const lengths = network.leftOut?.size ?? 0;
    expect(lengths).toBeGreaterThan(0);
    expect(headTensors(network)).toEqual(['_fc.weight', '_fc.bias']);
  });

  test.each([
    ['efficientnet-lite0/7', /no cut after stage 7/],
    ['efficientnet-lite0/0', /no cut after stage 0/],
    ['efficientnet-lite3', /efficientnet-lite0, 1 and 2 alone/],
    ['efficientnet-b0', /efficientnet-lite0, 1 and 2 alone/],
    ['efficientnet-lite0/', /There is no network/],
  ])('%s is refused', (name, message) => {
    expect(() => networkOf(name, { classes: 2 })).toThrow(message);
  });
});

const files = whole.map((name) => publishedPath(publishedOf(name), process.env));
const haveFiles = files.every((file) => existsSync(file));
if (!haveFiles)
  console.warn('no published weights in the cache: `nasoa zoo import efficientnet-lite0` (1, 2) fetches them');

(haveFiles ? describe : describe.skip)('with the published weights (needs them in the cache)', () => {
  test.each(whole.flatMap((name, i) => [64, 47].map((size) => [name, size, i] as const)))(
    "%s at %d px: logits are those of PyTorch's network",
    async (name, size, i) => {
      const golden = await readSafetensors(fixture('efficientnet-lite.safetensors'));
      const reference = new Map([
        ['input', golden.get(`input${size}`)],
        ['logits', golden.get(`logits${i}-${size}`)],
      ]) as unknown as Tensors;
      const network = networkOf(name, { classes: 1000 });
      const { variables } = checkWeights(network, await readWeights(files[i] ?? ''));
      expect(await compareLogits(network, variables, reference)).toBeLessThan(1e-3);
    },
  );

  test.each(whole.flatMap((name, i) => [1, 3, 6].map((k) => [`${name}/${k}`, i] as const)))(
    '%s takes its part of the file, without a head',
    async (name, i) => {
      const network = networkOf(name, { classes: 10 });
      const { variables, headFits, fileClasses } = checkWeights(network, await readWeights(files[i] ?? ''));
      expect({ headFits, fileClasses }).toEqual({ headFits: false, fileClasses: 1000 });
      expect([...variables.keys()].filter((tensor) => network.leftOut?.has(tensor))).toEqual([]);
    },
  );
});

const python = globSync(join(cacheDir(), 'peers', '*', 'complete')).map((path) => join(path, '..', 'bin', 'python'))[0];
const archive = sharedPath('datasets', 'pets.tar.gz');
const canCompare = python !== undefined && archive !== undefined && haveFiles;
if (!canCompare)
  console.warn("PyTorch (the benchmarks' peers), real images or the weights are missing: not compared live");

(canCompare ? describe : describe.skip)('beside PyTorch on real images', () => {
  test.each(whole.map((name, i) => [name, i] as const))(
    '%s at its native size: the same logits',
    async (name, i) => {
      await using folder = await aFolder();
      const out = join(folder.path, 'reference.safetensors');
      const size = familyOf(name).nativeSize(name);
      const asked = ['--weights', files[i] ?? '', '--variant', String(i), '--size', String(size)];
      await run(python ?? '', [fixture('efficientnet_lite.py'), out, ...asked, '--images', archive ?? '']);
      const network = networkOf(name, { classes: 1000 });
      const { variables } = checkWeights(network, await readWeights(files[i] ?? ''));
      const difference = await compareLogits(network, variables, await readSafetensors(out));
      expect(difference).toBeLessThan(1e-3);
    },
    120_000,
  );
});
