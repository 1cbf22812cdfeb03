import { expect, test } from '@jest/globals';
import { quantityValue } from '../../src/crds/quantity.ts';

test.each([
  ['8Gi', 8 * 2 ** 30],
  ['512Mi', 512 * 2 ** 20],
  ['1.5G', 1.5e9],
  ['500m', 0.5],
  ['100k', 1e5],
  ['2', 2],
  ['1e9', 1e9],
  ['.5Ti', 2 ** 39],
  ['1E', 1e18],
  ['8 Gi', undefined],
  ['much', undefined],
  ['', undefined],
])('the quantity "%s" is %p', (quantity, value) => expect(quantityValue(quantity)).toBe(value));
