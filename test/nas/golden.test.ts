import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { networkOf } from '../../src/nas/families/table.ts';
import { readSafetensors } from '../../src/nas/safetensors.ts';
import { compareGradients, compareLogits } from '../../src/nas/verify.ts';
import { sharedPath } from '../support/shared.ts';

const golden = sharedPath('golden');
const encodings = golden ? readdirSync(golden).filter((name) => name.includes('_')) : [];
const withGradients = '23311-a02c12_16_1-2-11';

if (golden) {
  describe('the published PyTorch code', () => {
    test.each(encodings)('and %s agree on the logits', async (encoding) => {
      const [weights, reference] = await Promise.all(
        ['weights', 'forward'].map((file) => readSafetensors(join(golden, encoding, `${file}.safetensors`))),
      );
      const network = networkOf(encoding, { classes: 10 });
      expect(await compareLogits(network, weights as never, reference as never)).toBeLessThan(1e-4);
    });

    test('and the graph agree on loss and every gradient in training mode', async () => {
      const read = (file: string) => readSafetensors(join(golden, withGradients, `${file}.safetensors`));
      const [weights, train, gradients] = await Promise.all([read('weights'), read('train'), read('grads')]);
      const network = networkOf(withGradients, { classes: 10 });
      const { lossDifference, relative } = await compareGradients(network, weights, train, gradients);
      expect(lossDifference).toBeLessThan(1e-5);
      expect(relative.size).toBe(gradients.size);
      expect([...relative].filter(([, difference]) => !(difference < 1e-4))).toEqual([]);
    });
  });
} else {
  test('golden outputs are missing here: set NASOA_SHARED to the folder that has them', () => {});
}
