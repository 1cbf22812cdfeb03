/** Networks of equal published accuracy on ImageNet, and what a training step of them took the method's authors. */
export interface Published {
  /** Top-1 on ImageNet in percent. */
  readonly top1: number;
  /** Milliseconds of a training step on a V100, 64 images of 224 px. */
  readonly stepMs: number;
}

export interface Pair {
  readonly ours: Published & { readonly name: string; readonly encoding: string };
  readonly peer: Published & { readonly family: string; readonly model: string };
}

/** ET-NAS: table 2 of arXiv 2108.03434 and the authors' list of models, with the encodings of the models themselves. */
const etNas = {
  C: { name: 'ET-NAS-C', encoding: '011-_32_2-211-2-111122', top1: 71.29, stepMs: 26.28 },
  D: { name: 'ET-NAS-D', encoding: '031-_64_1-1-221-11121', top1: 74.46, stepMs: 36.3 },
  E: { name: 'ET-NAS-E', encoding: '011-_64_21-211-121-11111121', top1: 76.87, stepMs: 61.95 },
  F: { name: 'ET-NAS-F', encoding: '10001-_64_4-111-11122-1111111111111112', top1: 78.8, stepMs: 93.04 },
  G: { name: 'ET-NAS-G', encoding: '211-_64_41-211-121-11111121', top1: 80.41, stepMs: 133.97 },
  I: {
    name: 'ET-NAS-I',
    encoding: '02031-a02_64_111-2111-21111111111111111111111-211',
    ...{ top1: 81.38, stepMs: 265.13 },
  },
} as const;

/** The two of the abstract first; the peers' figures are read off the paper's figures 1 and 5. */
export const pairs: readonly Pair[] = [
  { ours: etNas.G, peer: { family: 'RegNetY', model: '16GF', top1: 80.4, stepMs: 677.6 } },
  { ours: etNas.I, peer: { family: 'EfficientNet', model: 'B3', top1: 81.5, stepMs: 455.9 } },
  { ours: etNas.C, peer: { family: 'MobileNet', model: 'V2', top1: 71.88, stepMs: 73.1 } },
  { ours: etNas.C, peer: { family: 'RegNetY', model: '200MF', top1: 70.4, stepMs: 62.3 } },
  { ours: etNas.D, peer: { family: 'RegNetY', model: '400MF', top1: 74.1, stepMs: 92.6 } },
  { ours: etNas.E, peer: { family: 'ResNet', model: '50', top1: 76.13, stepMs: 178.3 } },
  { ours: etNas.F, peer: { family: 'EfficientNet', model: 'B1', top1: 78.69, stepMs: 197.2 } },
  { ours: etNas.G, peer: { family: 'EfficientNet', model: 'B2', top1: 80.4, stepMs: 277.6 } },
];
