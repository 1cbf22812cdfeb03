import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../src/lib/rng.ts';
import { formatEncoding } from '../../src/nas/encoding.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { inputsOf, type Network } from '../../src/nas/layers.ts';
import { type NormRun, normRuns } from '../../src/nas/norm-runs.ts';
import { defaultSpace, sampleArchitecture } from '../../src/nas/space.ts';

const anyNetwork = fc
  .integer({ min: 0, max: 1e6 })
  .map((seed) => networkOf(formatEncoding(sampleArchitecture(createRng(seed), defaultSpace)), { classes: 5 }));

/** Each run, with the ids of its layers. */
function runsOf(network: Network): ReadonlyMap<NormRun, readonly number[]> {
  const members = new Map<NormRun, number[]>();
  for (const [id, run] of normRuns(network)) members.set(run, [...(members.get(run) ?? []), id]);
  return members;
}

describe('the runs of any network', () => {
  test('take in every batch norm once, and no value inside of one is read outside', () => {
    fc.assert(
      fc.property(anyNetwork, (network) => {
        const norms = network.layers.filter((layer) => layer.op === 'batchNorm').length;
        expect(runsOf(network).size).toBe(norms);
        // in every family here a convolution stands before each batch norm, whose statistics it can take up
        expect([...runsOf(network).keys()].every(({ conv }) => conv !== undefined)).toBe(true);
        const ends = network.stages.map((stage) => stage.end);
        for (const [run, members] of runsOf(network)) {
          for (const inner of members.filter((id) => id !== run.last)) {
            const readers = network.layers.flatMap((layer, id) => (inputsOf(layer).includes(inner) ? [id] : []));
            expect(readers.every((id) => members.includes(id))).toBe(true);
            expect(ends).not.toContain(inner);
          }
          expect(run.residual === undefined || !members.includes(run.residual)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test.each([
  ['a batch norm and its ReLU', '0-_16_1@2', { residual: false, activation: 'relu' }],
  ['the residual of a block as well', '0-_16_1@2', { residual: true, activation: 'relu' }],
])('%s become one', (_what, encoding, { residual, activation }) => {
  const network = networkOf(encoding, { classes: 5 });
  const found = [...runsOf(network).keys()].filter((run) => (run.residual !== undefined) === residual);
  expect(found.length).toBeGreaterThan(0);
  expect(found.every((run) => run.activation === activation)).toBe(true);
});
