import { describe, expect, test } from '@jest/globals';
import { peers } from '../../../bench/zoo/peers/table.ts';
import { costOf } from '../../../src/nas/cost.ts';
import { inputsOf } from '../../../src/nas/layers.ts';
import { TrainingModel } from '../../../src/nas/training-model.ts';
import { openForAnswers } from '../../../src/train/evaluate-on.ts';
import { aBatch, settings, trainingOptions } from '../../support/models.ts';

const named = peers.map((peer) => [`${peer.family} ${peer.model}`, peer] as const);

test.each(named)('%s costs within 1 %% of what is published', (_name, { network, size, published }) => {
  const { parameters, macs } = costOf(network({ classes: 1000 }), size);
  expect(Math.abs(parameters / published.parameters - 1)).toBeLessThan(0.01);
  expect(Math.abs(macs / published.macs - 1)).toBeLessThan(0.01);
});

test.each(named)('%s: what follows a stage reads only its last layer', (_name, { network }) => {
  const { stages, layers } = network({ classes: 3 });
  for (const { end } of stages)
    expect(
      layers
        .slice(end + 1)
        .flatMap(inputsOf)
        .filter((id) => id < end),
    ).toEqual([]);
});

test.each(named)('%s becomes smaller with its width', (_name, { network }) => {
  const at = (width: number) => costOf(network({ classes: 10, width, firstStride: 1 }), 64).macs;
  expect(at(0.5)).toBeLessThan(0.6 * at(1));
});

describe('in the engine', () => {
  const small = ['200MF', 'B0', 'V2', '18'].map((model) => peers.find((peer) => peer.model === model));
  test.each(small.map((peer) => [peer?.model ?? '', peer] as const))(
    '%s learns a batch by heart',
    async (_name, peer) => {
      const network = peer?.network({ classes: 4, width: 0.25, firstStride: 1 });
      if (network === undefined) throw new Error('no such peer');
      const model = await TrainingModel.open(network, trainingOptions({ inputSize: 32, optimizer: 'adamw' }));
      try {
        model.start(new Map(), 1);
        const { images, targets } = aBatch(1, { size: 32 });
        const losses = Array.from({ length: 15 }, (_, i) => model.step(images, targets, settings(i + 1, 3e-3)));
        expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] ?? 0));
      } finally {
        model.close();
      }
    },
  );

  test('a max pool does not look beyond the image', async () => {
    const network = peers.find(({ model }) => model === '18')?.network({ classes: 4, width: 0.125 });
    if (network === undefined) throw new Error('no such peer');
    const model = await openForAnswers(network, new Map(), 47);
    try {
      const logits = model.logits(new Int32Array(47 * 47 * 3).fill(9), 1);
      expect(logits.every(Number.isFinite)).toBe(true);
    } finally {
      model.close();
    }
  });
});
