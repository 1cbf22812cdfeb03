import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Artifact } from '../../src/crds/storage.ts';
import {
  parseTerminationMessage,
  parseTrainerJob,
  parseTrainerMessage,
  parseTrainerProgress,
  terminationMessage,
} from '../../src/crds/trainer-codec.ts';
import type { TrainerMessage, TrainerProgress, TrainingJob } from '../../src/crds/trainer-job.ts';
import { aPlan, aProfile, aTask } from '../support/objects.ts';

const result = { accuracy: 0.91, images: 2500, classes: 10, seconds: 590 };
const artifact = { claim: { claimName: 'models', path: 'flowers-1a2b3c4d/model' }, bytes: 4_000_000 };
const training = (points: number): TrainerMessage => ({
  kind: 'training',
  result,
  artifact,
  activeSeconds: 590,
  stopped: 'completed',
  curve: Array.from({ length: points }, (_, i) => ({ seconds: i + 1, accuracy: (i + 1) / (points + 1) })),
});

const messages: readonly TrainerMessage[] = [
  { kind: 'profile', profile: aProfile() },
  training(3),
  {
    ...{ kind: 'candidate', candidate: 3, encoding: '01-_16_11-11', accuracy: 0.5, stepSeconds: 0.25 },
    ...{ parametersM: 1.5, macsM: 30, activeSeconds: 60 },
  },
  {
    ...{ kind: 'pretraining', member: 'small', encoding: '01-_16_11-11', accuracy: 0.5, stepSeconds: 0.25 },
    ...{ artifact: { url: 's3://zoo/small' }, activeSeconds: 600 },
  },
  { kind: 'interrupted', activeSeconds: 12.5, step: 100 },
  { kind: 'failure', reason: 'NoImages', message: 'no image below images/' },
];

test.each(messages.map((message) => [message.kind, message] as const))('a %s message comes back', (_kind, message) => {
  expect(parseTerminationMessage(terminationMessage(message))).toEqual(message);
});

describe('a termination message fits into what the kubelet keeps', () => {
  const longPath = 'deep/'.repeat(100);
  test.each<[string, TrainerMessage]>([
    ['with every step measured', { kind: 'profile', profile: aProfile({ steps: manySteps() }) }],
    ['with a whole curve and a long path', trainingInto({ claim: { claimName: 'm', path: longPath } })],
    ['with a long complaint', { kind: 'failure', reason: 'Internal', message: '🙂'.repeat(400) }],
    ['with a complaint in control characters', { kind: 'failure', reason: 'Internal', message: '\u0001'.repeat(900) }],
  ])('%s', (_what, message) => {
    const text = terminationMessage(message);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(parseTerminationMessage(text).kind).toBe(message.kind);
  });

  test('and keeps the end of a curve that is thinned', () => {
    const wordy = { url: `s3://models/${'a'.repeat(1000)}` };
    const digits = (x: number) => 1 / (x + 3);
    const curve = Array.from({ length: 200 }, (_, i) => ({ seconds: 1000 + digits(i), accuracy: digits(i) }));
    const long = { ...training(0), artifact: wordy, curve } as TrainerMessage;
    const kept = parseTerminationMessage(terminationMessage(long));
    expect(kept).toMatchObject({ kind: 'training', artifact: wordy });
    const last = kept.kind === 'training' ? kept.curve.at(-1)?.accuracy : undefined;
    expect(last).toBeCloseTo(digits(199), 5);
  });
});

function trainingInto(place: Artifact): TrainerMessage {
  return { ...training(40), artifact: place } as TrainerMessage;
}

function manySteps() {
  const step = { member: 'a-member-of-some-length', inputSize: 128, batchSize: 64, frozenStages: 3 };
  return Array.from({ length: 32 }, (_, i) => ({
    ...step,
    cachedFeatures: false,
    precision: 'fp32' as const,
    seconds: 1 / (i + 3),
  }));
}

test('numbers keep six digits and whole ones all', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.integer({ min: 0, max: 1e9 }), (seconds, step) => {
      const sent: TrainerMessage = { kind: 'interrupted', activeSeconds: seconds, step };
      const message = parseTerminationMessage(terminationMessage(sent));
      expect(message).toMatchObject({ step });
      const activeSeconds = message.kind === 'interrupted' ? message.activeSeconds : Number.NaN;
      expect(Math.abs(activeSeconds - seconds)).toBeLessThanOrEqual(1e-5 * seconds);
    }),
  );
});

describe('is refused, with the image to look at:', () => {
  test.each<[string, string]>([
    ['the end of a log', 'Killed'],
    ['a cut message', '{"kind":"profile","prof'],
    ['an unknown kind', '{"kind":"poem"}'],
    ["a name of the language's own", '{"kind":"constructor"}'],
    ['a list', '[]'],
  ])('%s', (_what, text) => {
    expect(() => parseTerminationMessage(text)).toThrow(/Cannot read the/);
  });

  test('a message without its result', () => {
    const { result: _, ...rest } = training(1) as Extract<TrainerMessage, { kind: 'training' }>;
    expect(() => parseTrainerMessage(rest)).toThrow('message.result: is missing.');
  });

  test('an invented reason', () => {
    const raw = { kind: 'failure', reason: 'BadMood', message: '' };
    expect(() => parseTrainerMessage(raw)).toThrow(/^message\.reason: must be one of/);
  });
});

describe('a report', () => {
  const report: TrainerProgress = { uid: 'u', role: 'training', attempt: 1, step: 5, steps: 10, activeSeconds: 3 };

  test.each<[string, TrainerProgress]>([
    ['with the least', report],
    ['with all', { ...report, accuracy: 0.5, secondsLeft: 60, message: training(1) }],
  ])('%s comes back', (_what, sent) => {
    expect(parseTrainerProgress(JSON.parse(JSON.stringify(sent)))).toEqual(sent);
  });

  test.each<[string, unknown]>([
    ['that is no object', 'step 5'],
    ['of an unknown role', { ...report, role: 'admin' }],
    ['without active seconds', { ...report, activeSeconds: undefined }],
    ['of negative progress', { ...report, step: -1 }],
    ['with a broken message', { ...report, message: { kind: 'training' } }],
  ])('%s is refused', (_what, raw) => {
    expect(() => parseTrainerProgress(raw)).toThrow();
  });
});

describe('NASOA_JOB', () => {
  const place = { kind: 'folder', path: '/data' } as const;
  const { namespace, name, uid } = aTask().metadata;
  const job: TrainingJob = {
    kind: 'training',
    task: { namespace, name, uid },
    attempt: 1,
    data: { place, format: 'folder', validationShare: 0.2 },
    output: { place: { kind: 'folder', path: '/out' }, folder: 'flowers' },
    zoo: { kind: 'folder', path: '/zoo' },
    ...{ budgetSeconds: 600, spentSeconds: 10, seed: 1, memoryPlan: 0, plan: aPlan(), traceId: 't' },
    report: { url: 'https://nasoa', audience: 'nasoa.dev/progress', tokenPath: '/t', caPath: '/c' },
  };

  test('comes back', () => {
    expect(parseTrainerJob(JSON.stringify(job))).toEqual(job);
  });

  test.each<[string, string | undefined]>([
    ['is not set', undefined],
    ['is not JSON', 'training'],
    ['is of no known kind', JSON.stringify({ ...job, kind: 'cooking' })],
  ])('that %s is refused', (_what, text) => {
    expect(() => parseTrainerJob(text)).toThrow(/Cannot read NASOA_JOB/);
  });
});
