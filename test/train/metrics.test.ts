import { describe, expect, test } from '@jest/globals';
import { accuracyOf, evaluate, softmax, topClass } from '../../src/train/metrics.ts';

/** Logits that call row i class `called[i]`, with the classes after it next. */
const calling = (called: readonly number[], classes: number): Float32Array =>
  Float32Array.from(called.flatMap((c) => Array.from({ length: classes }, (_, k) => -((k - c + classes) % classes))));

// 5 cats (4 right, 1 called dog), 3 dogs (1 right, 1 called cat, 1 called bird), 2 birds (both right)
const labels = Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1, 2, 2);
const called = [0, 0, 0, 0, 1, 1, 0, 2, 2, 2];
const names = ['cat', 'dog', 'bird'];
const seen = evaluate(calling(called, 3), labels, names);

describe('an evaluation worked out by hand', () => {
  test('has its accuracy', () => {
    expect(seen.accuracy).toBeCloseTo(7 / 10, 10);
    expect(accuracyOf(calling(called, 3), labels, 3)).toBeCloseTo(7 / 10, 10);
  });
  test('counts true classes in rows and called ones in columns', () => {
    expect(seen.confusion).toEqual([
      [4, 1, 0],
      [1, 1, 1],
      [0, 0, 2],
    ]);
  });
  test.each([
    ['cat', 5, 4 / 5, 4 / 5],
    ['dog', 3, 1 / 3, 1 / 2],
    ['bird', 2, 1, 2 / 3],
  ])('knows the recall and precision of %s', (name, images, recall, precision) => {
    const found = seen.perClass.find((c) => c.name === name);
    expect(found).toMatchObject({ images });
    expect(found?.recall).toBeCloseTo(recall, 10);
    expect(found?.precision).toBeCloseTo(precision, 10);
    expect(found?.f1).toBeCloseTo((2 * recall * precision) / (recall + precision), 10);
  });
  test('has the mean of the F1 as macro F1', () => {
    expect(seen.macroF1).toBeCloseTo((0.8 + 0.4 + 0.8) / 3, 10);
  });
});

describe('macro F1', () => {
  test('counts a class that was called but has no image', () => {
    const { macroF1 } = evaluate(calling([0, 1], 3), Int32Array.of(0, 0), names);
    expect(macroF1).toBeCloseTo((2 / 3 + 0) / 2, 10);
  });
  test('leaves out a class that neither has images nor was called', () => {
    expect(evaluate(calling([0, 1], 3), Int32Array.of(0, 1), names).macroF1).toBe(1);
  });
});

describe('top-5', () => {
  const six = ['a', 'b', 'c', 'd', 'e', 'f'];
  test.each([
    ['the first', 0, 1],
    ['the fifth', 4, 1],
    ['the sixth', 5, 0],
  ])('of six classes, %s counts so', (_name, label, expected) => {
    expect(evaluate(calling([0], 6), Int32Array.of(label), six).top5).toBe(expected);
  });
  test('is 1 with five classes or fewer', () => {
    expect(seen.top5).toBe(1);
  });
});

test('of equal logits the first class is called', () => {
  expect([...topClass(Float32Array.of(1, 1, 0, 0, 2, 2), 3)]).toEqual([0, 1]);
});

test('a softmax sums to 1, however large the logits', () => {
  const probabilities = softmax(Float32Array.of(1000, 999, -1000));
  expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  expect(probabilities[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
});

test('no images at all give no nonsense', () => {
  const { accuracy, top5, macroF1 } = evaluate(new Float32Array(), new Int32Array(), names);
  expect({ accuracy, top5, macroF1 }).toEqual({ accuracy: 0, top5: 0, macroF1: 0 });
});
