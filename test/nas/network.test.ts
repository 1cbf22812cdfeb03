import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GraphBuilder, type Tensor } from '../../src/graph/builder.ts';
import { operations } from '../../src/graph/operations/table.ts';
import { Tape } from '../../src/graph/tape.ts';
import { createRng } from '../../src/lib/rng.ts';
import { channelsOf, costOf, shapesOf, smallestSize } from '../../src/nas/cost.ts';
import { formatEncoding } from '../../src/nas/encoding.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { elementsOf, toFloat32 } from '../../src/nas/host-tensor.ts';
import { buildNetwork, buildStages, type NormStatistics } from '../../src/nas/network.ts';
import { fromTorch, parametersOf, startValues, toTorch } from '../../src/nas/parameters.ts';
import { defaultSpace, type Space, sampleArchitecture } from '../../src/nas/space.ts';
import { TrainingGraph } from '../../src/nas/training-graph.ts';
import { trainingOptions } from '../support/models.ts';

/** Every operation and skip of the space, in networks small enough to build hundreds of. */
const small: Space = {
  ...defaultSpace,
  stemWidths: [32],
  stemStrides: [2],
  blocks: [2, 4],
  strides: [1, 2],
  maxWidth: 128,
};
const anyNetwork = fc
  .integer({ min: 0, max: 1e6 })
  .map((seed) => networkOf(formatEncoding(sampleArchitecture(createRng(seed), small)), { classes: 7 }));

/** The network over placeholders in place of its parameters. */
function built(network: ReturnType<typeof networkOf>, size: number, normStatistics: NormStatistics = 'batch') {
  const g = new GraphBuilder();
  const tape = new Tape(g);
  const values = new Map(parametersOf(network).map((p) => [p.name, g.placeholder(p.name, p.shape, 'float32')]));
  const parameter = (name: string): Tensor => values.get(name) as Tensor;
  const input = g.placeholder('input', [3, size, size, 3], 'float32');
  const training = { frozenStages: 0, normStatistics, seed: g.ints([0, 0]), updateStatistics: () => {} };
  return { g, tape, parameter, input, options: { parameter, precision: 'float32', training } as const };
}

describe('any architecture of the space', () => {
  test('becomes a graph whose parameters, stages and logits are those that its cost counts', () => {
    fc.assert(
      fc.property(anyNetwork, (network) => {
        const size = smallestSize(network) * 2;
        const learnt = parametersOf(network).filter((p) => !p.statistic);
        expect(learnt.reduce((sum, p) => sum + elementsOf(p.shape), 0)).toBe(costOf(network, size).parameters);
        const { tape, input, options } = built(network, size);
        const { logits, features } = buildNetwork(tape, network, input, -1, options);
        expect(logits.shape).toEqual([3, 7]);
        expect(features.shape).toEqual([3, channelsOf(network)[network.features]]);
        const shapes = shapesOf(network, size);
        network.stages.forEach((stage, k) => {
          const { size: side, channels } = shapes[stage.end] as { size: number; channels: number };
          expect(buildStages(tape, network, input, k + 1, options).shape).toEqual([3, side, side, channels]);
        });
      }),
      { numRuns: 30 },
    );
  });

  test.each(['batch', 'stored'] as const)('has a gradient for every parameter that learns, by %s statistics', (by) => {
    fc.assert(
      fc.property(anyNetwork, (network) => {
        const { g, tape, input, parameter, options } = built(network, smallestSize(network) * 2, by);
        const { logits } = buildNetwork(tape, network, input, -1, options);
        const loss = tape.apply(operations.softmaxCrossEntropy, [logits, g.placeholder('targets', [3, 7], 'float32')], {
          labelSmoothing: 0,
        });
        const learnt = parametersOf(network).filter((p) => !p.statistic);
        const gradients = tape.gradients(
          loss,
          learnt.map((p) => parameter(p.name)),
        );
        expect(gradients.map((t) => t?.shape)).toEqual(learnt.map((p) => p.shape));
      }),
      { numRuns: 30 },
    );
  });

  test("keeps its weights through TensorFlow's layout and back", () => {
    fc.assert(
      fc.property(anyNetwork, (network) => {
        for (const p of parametersOf(network)) {
          const values = startValues(p, createRng(5));
          const there = toTorch(p, values);
          expect(there.shape).toEqual(p.torchShape);
          expect(toFloat32({ ...there, data: fromTorch(p, there) })).toEqual(values);
        }
      }),
      { numRuns: 5 },
    );
  });

  test('builds no gradient and no optimizer state for frozen stages', () => {
    const network = networkOf('101-_16_1-2-2@2', { classes: 7 });
    const count = (frozenStages: number) => {
      const { g, state } = new TrainingGraph(network, trainingOptions({ frozenStages, inputSize: 32 }));
      const gradients = g.nodes.filter((node) => node.op === 'Conv2DBackpropFilter').length;
      return { gradients, slots: state.filter((v) => v.name.startsWith('momentum/')).length };
    };
    const learnt = parametersOf(network).filter((p) => !p.statistic);
    const convolutions = learnt.filter((p) => p.layout === 'conv');
    for (const frozen of [0, 1, 2, 3, 4]) {
      expect(count(frozen)).toEqual({
        gradients: convolutions.filter((p) => p.stage >= frozen).length,
        slots: learnt.filter((p) => p.stage >= frozen).length,
      });
    }
  });
});
