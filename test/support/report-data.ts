import { crc32, deflateSync } from 'node:zlib';
import { createRng, type Rng } from '../../src/lib/rng.ts';
import type { Choice, Plan, Regime } from '../../src/planner/types.ts';
import type { Mistake, ReportData } from '../../src/train/report/report-data.ts';
import type { ClassResult, CurvePoint, TuneResult } from '../../src/train/result.ts';

const emojiClasses = [
  'Smileys & Emotion',
  'People & Body',
  'Animals & Nature',
  'Food & Drink',
  'Travel & Places',
  'Activities',
  'Objects',
  'Symbols',
  'Flags',
];

export const aRegime = (changes: Partial<Regime> = {}): Regime => ({
  inputSize: 64,
  batchSize: 64,
  steps: 1240,
  frozenStages: 2,
  normStatistics: 'stored',
  headStart: 'fitted',
  optimizer: 'adamw',
  learningRate: 0.0012,
  weightDecay: 0.02,
  schedule: 'cosine',
  warmupShare: 0.1,
  augmentation: 'medium',
  mix: 'cutmix',
  layerDecay: 1,
  labelSmoothing: 0.1,
  dropout: 0,
  ema: 0.999,
  startShare: 0,
  precision: 'fp32',
  ...changes,
});

const aChoice = (member: string, accuracy: number, seconds: number, regime: Partial<Regime> = {}): Choice => ({
  member,
  regime: aRegime(regime),
  predicted: { accuracy, low: accuracy - 0.041, high: Math.min(1, accuracy + 0.034), seconds },
});

/** A plan with runners-up and a cloud that look like a real one. */
export function aPlan(changes: Partial<Plan> = {}): Plan {
  const rng = createRng(7);
  const members = [
    ['tiny-swift', 9, 0.81],
    ['small-brisk', 20, 0.86],
    ['medium-steady', 46, 0.9],
    ['large-deep', 105, 0.92],
  ] as const;
  const cloud = members.flatMap(([member, pace, best]) =>
    Array.from({ length: 110 }, () => {
      const effort = rng.next() ** 0.8 * 2.4 + 0.12;
      const seconds = pace * effort * 1.7;
      const accuracy = best - 0.22 * Math.exp(-1.6 * effort) - Math.abs(rng.normal()) * 0.018;
      return { member, seconds, accuracy };
    }),
  );
  return {
    ...aChoice('medium-steady', 0.898, 104),
    budgetSeconds: 120,
    coverage: 0.8,
    confidence: 'Usual',
    nearest: [],
    reasons: [],
    tradeOff: [],
    predictor: { name: 'hedge', version: 1, experiences: 61 },
    candidates: 4608,
    fitting: 2113,
    runnersUp: [
      aChoice('medium-steady', 0.893, 96, { augmentation: 'light', mix: 'none', frozenStages: 0, steps: 980 }),
      aChoice('small-brisk', 0.881, 71, { inputSize: 72, learningRate: 0.002, steps: 2100 }),
      aChoice('large-deep', 0.874, 112, { frozenStages: 6, steps: 610, learningRate: 0.0006 }),
      aChoice('small-brisk', 0.868, 44, { optimizer: 'sgd', learningRate: 0.05, mix: 'none', steps: 1500 }),
      aChoice('tiny-swift', 0.832, 21, { mix: 'mixup', steps: 2300, frozenStages: 0 }),
    ],
    cloud,
    ...changes,
  };
}

/** A finished run on `names`, 40 validation images a class on average. */
export function aTuneResult(changes: Partial<TuneResult> = {}, names: readonly string[] = emojiClasses): TuneResult {
  const rng = createRng(11);
  const confusion = names.map((_, i) => confusionRow(rng, i, names.length));
  const perClass = names.map((name, i) => classResult(name, i, confusion));
  const validationImages = perClass.reduce((sum, { images }) => sum + images, 0);
  const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const plan = aPlan();
  return {
    version: 1,
    dataset: 'Emoji by category',
    finishedAt: '2026-03-14T09:26:53.000Z',
    accuracy: right / validationImages,
    top5: 0.991,
    macroF1: perClass.reduce((sum, { f1 }) => sum + f1, 0) / perClass.length,
    activeSeconds: 117.4,
    budgetSeconds: plan.budgetSeconds,
    stopped: 'completed',
    steps: plan.regime.steps,
    resumed: 0,
    plan,
    predicted: plan.predicted,
    images: validationImages * 5,
    trainingImages: validationImages * 4,
    validationImages,
    classes: names.length,
    skipped: 3,
    skippedFiles: [
      { file: 'Objects/1f4a1 (copy).png', reason: 'the file ends before the image does' },
      { file: 'Symbols/Thumbs.db', reason: 'no image' },
      { file: 'Flags/наклейка 🇺🇦.webp', reason: 'no image' },
    ],
    perClass,
    confusion,
    curve: aCurve(rng, right / validationImages),
    phases: [
      { name: 'profile', seconds: 3.1 },
      { name: 'planning', seconds: 1.4 },
      { name: 'preparation', seconds: 4.9 },
      { name: 'training', seconds: 101.8 },
      { name: 'evaluation', seconds: 6.2 },
    ],
    waitingShare: 0.013,
    seed: 0,
    versions: { nasoa: '0.1.0', node: '24.21.0', tensorflow: '2.21.0' },
    machine: { processor: 'a made-up processor', cores: '2', memory: '24 GiB' },
    ...changes,
  };
}

export function aReportData(changes: Partial<ReportData> = {}): ReportData {
  const result = changes.result ?? aTuneResult();
  const member = { encoding: '031-_32_1-1-221-11121', parametersM: 3.94, macsM: 31.2, nativeSize: 64, stages: 11 };
  return { result, member, mistakes: someMistakes(result), ...changes };
}

function someMistakes({ perClass }: TuneResult): Mistake[] {
  const rng = createRng(3);
  return Array.from({ length: 12 }, (_, i) => ({
    thumbnail: aThumbnail(rng),
    file: `${perClass[i % perClass.length]?.name}/image-${i}.png`,
    trueClass: perClass[i % perClass.length]?.name ?? '',
    predictedClass: perClass[(i * 5 + 3) % perClass.length]?.name ?? '',
    probability: 0.98 - i * 0.031,
  }));
}

function confusionRow(rng: Rng, i: number, n: number): number[] {
  const images = 25 + rng.int(31);
  const recall = Math.min(1, 0.78 + rng.next() * 0.24);
  const row = Array.from({ length: n }, () => 0);
  row[i] = Math.round(images * recall);
  // mistakes go to few classes, near ones first
  for (let left = images - (row[i] ?? 0); left > 0; left--) {
    const to = (i + 1 + Math.floor(rng.next() ** 3 * (n - 1))) % n;
    row[to] = (row[to] ?? 0) + 1;
  }
  return row;
}

function classResult(name: string, i: number, confusion: readonly (readonly number[])[]): ClassResult {
  const images = (confusion[i] ?? []).reduce((a, b) => a + b, 0);
  const right = confusion[i]?.[i] ?? 0;
  const said = confusion.reduce((sum, row) => sum + (row[i] ?? 0), 0);
  const recall = images > 0 ? right / images : 0;
  const precision = said > 0 ? right / said : 0;
  const f1 = recall + precision > 0 ? (2 * recall * precision) / (recall + precision) : 0;
  return { name, images, recall, precision, f1 };
}

function aCurve(rng: Rng, end: number): CurvePoint[] {
  return Array.from({ length: 40 }, (_, i) => {
    const share = (i + 1) / 40;
    const seconds = 9.4 + share * 106;
    const trainingLoss = 0.62 + 1.7 * Math.exp(-4 * share) + rng.normal() * 0.03;
    const accuracy = end - (end - 0.2) * Math.exp(-4.5 * share) + rng.normal() * 0.006 * (1 - share);
    const point = { seconds, step: Math.round(share * 1240), trainingLoss };
    return i % 4 === 3 ? { ...point, accuracy: i === 39 ? end : accuracy } : point;
  });
}

/** A PNG of 48 pixels with a round spot, by hand: tests of markup need no image library. */
function aThumbnail(rng: Rng): string {
  const size = 48;
  const colour = [rng.int(256), rng.int(256), rng.int(256)];
  const rows: number[] = [];
  for (let y = 0; y < size; y++) {
    rows.push(0);
    for (let x = 0; x < size; x++) {
      const inside = Math.hypot(x - size / 2, y - size / 2) < size * 0.4;
      rows.push(...(inside ? colour : [244, 244, 240]));
    }
  }
  const header = Buffer.from([0, 0, 0, size, 0, 0, 0, size, 8, 2, 0, 0, 0]);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.from(rows))), chunk('IEND', Buffer.alloc(0))];
  const png = Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...chunks]);
  return `data:image/png;base64,${png.toString('base64')}`;
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
