import { describe, expect, test } from '@jest/globals';
import { summaryOf } from '../../../src/cli/cluster/summary.ts';
import { ageOf } from '../../../src/cli/terminal/age.ts';
import { plainPaint } from '../../../src/cli/terminal/paint.ts';
import { Screen } from '../../../src/cli/terminal/screen.ts';
import { taskListText } from '../../../src/cli/terminal/task-list-text.ts';
import { taskText } from '../../../src/cli/terminal/task-text.ts';
import { displayWidth } from '../../../src/cli/terminal/width.ts';
import type { FineTuneTaskStatus } from '../../../src/crds/fine-tune-task-status.ts';
import { anInstant, aPlan, aProfile, aTask, conditionsOf } from '../../support/objects.ts';

const now = new Date(Date.parse(anInstant) + 7200e3);
const running: FineTuneTaskStatus = {
  ...{ phase: 'Running', profile: aProfile({ skipped: 3 }), activeSeconds: 140 },
  plan: aPlan({ runnersUp: [aPlan({ member: 'tiny' }), aPlan({ member: 'a-member-of-a-very-long-name' })] }),
  progress: { step: 250, steps: 1000, accuracy: 0.712, secondsLeft: 95, lastReportTime: anInstant },
  conditions: conditionsOf([
    { type: 'Profiled', status: 'True', reason: 'ProfileTaken', message: 'Measured 2,000 images and their steps.' },
    { type: 'Running', status: 'True', reason: 'Training', message: 'The pod trains on a node of a long, long name.' },
  ]),
};
const failed: FineTuneTaskStatus = {
  phase: 'Failed',
  conditions: conditionsOf([{ type: 'Failed', status: 'True', reason: 'NoImages', message: 'Nothing in "flowers".' }]),
};
const waiting = (reason: 'Unschedulable' | 'Starting' | 'Queued'): FineTuneTaskStatus => ({
  phase: 'Profiling',
  conditions: conditionsOf([{ type: 'Running', status: 'False', reason, message: '0/3 nodes are available.' }]),
});
const complete: FineTuneTaskStatus = {
  ...{ phase: 'Complete', plan: aPlan(), activeSeconds: 590 },
  result: { accuracy: 0.82, top5Accuracy: 0.98, macroF1: 0.81, images: 2500, classes: 10, seconds: 590 },
  artifact: { claim: { claimName: 'models', path: 'flowers-1a2b3c4d' }, bytes: 12_400_000 },
};
const widest = (text: string): number => Math.max(...text.split('\n').map(displayWidth));

describe('the list of tasks', () => {
  const list = (columns: number | undefined, tasks: readonly [string, FineTuneTaskStatus][]) =>
    taskListText(
      tasks.map(([name, status]) => summaryOf(aTask({ metadata: { name }, status }))),
      { paint: plainPaint, namespace: 'vision', now, columns },
    );

  test('has one row a task', () => {
    const text = list(80, [
      ['pets', running],
      ['flowers', complete],
      ['new', {}],
    ]);
    expect(text).toMatch(/^pets +Running +small +80.0 % +71.2 % +25 % +1m35s +2h$/m);
    expect(text).toMatch(/^flowers +Complete +small +80.0 % +82.0 % +100 % +2h$/m);
    expect(text).toMatch(/^new +Pending +2h$/m);
  });

  test('fits into 80 columns whatever the names, and is whole where there is no terminal', () => {
    const name = `a-${'very-'.repeat(10)}long-name`;
    const tasks: readonly [string, FineTuneTaskStatus][] = [
      [name, running],
      ['x', waiting('Unschedulable')],
    ];
    expect(widest(list(80, tasks))).toBeLessThanOrEqual(80);
    expect(list(undefined, tasks)).toContain(name);
  });

  test.each<[string, FineTuneTaskStatus, string | undefined]>([
    ['a failed task', failed, 'x: NoImages. Nothing in "flowers".'],
    ['one that no node can take', waiting('Unschedulable'), 'x: Unschedulable. 0/3 nodes are available.'],
    ['one in a queue', waiting('Queued'), 'x: Queued. 0/3 nodes are available.'],
    ['one whose pod starts', waiting('Starting'), undefined],
    ['one that runs', running, undefined],
  ])('names what keeps %s from going on', (_what, status, line) => {
    expect(list(80, [['x', status]]).split('\n\n')[1]).toBe(line);
  });

  test('of none says so', () => {
    expect(list(80, [])).toBe('There are no tasks in the namespace "vision".');
  });
});

describe('all of one task', () => {
  const textOf = (status: FineTuneTaskStatus, name = 'flowers') =>
    taskText(aTask({ metadata: { name }, status }), { paint: plainPaint, now, columns: 80, flags: ' -n vision' });

  test.each<[string, FineTuneTaskStatus, readonly string[]]>([
    ['that is new', {}, ['Pending', 'claim flowers', 'nothing of 10m active time spent', 'claim models']],
    [
      'that runs',
      running,
      ['3 files skipped', '2m20s of 10m', 'best of 1,500', 'tiny', 'step 250 of 1,000', '1m35s left'],
    ],
    ['that failed', failed, ['Failed', 'NoImages: Nothing in "flowers".']],
    ['that waits', waiting('Unschedulable'), ['Unschedulable: 0/3 nodes are available.']],
    [
      'that is done',
      complete,
      [
        '82.0 %',
        'within the predicted interval',
        'claim models, flowers-1a2b3c4d (12.4 MB)',
        'get-model flowers -n vision',
      ],
    ],
  ])('%s fits into 80 columns', (_what, status, words) => {
    const text = textOf(status);
    for (const word of words) expect(text).toContain(word);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(widest(textOf(status, 'n'.repeat(40)))).toBeLessThanOrEqual(80);
  });
});

test.each([
  [5, '5s'],
  [119, '119s'],
  [120, '2m'],
  [7199, '119m'],
  [7200, '2h'],
  [3 * 86400, '3d'],
  [-4, '0s'],
])('an age of %d seconds is %s', (seconds, text) => {
  expect(ageOf(anInstant, new Date(Date.parse(anInstant) + seconds * 1000))).toBe(text);
});

describe('a screen', () => {
  const shown = (isTTY: boolean, texts: readonly string[]): string => {
    let out = '';
    const screen = new Screen({ isTTY, columns: 80, rows: 3, write: (text) => (out += text) });
    for (const text of texts) screen.show(text);
    return out;
  };

  test('is drawn over on a terminal, and never scrolls it', () => {
    expect(shown(true, ['a\nb\nc\nd', 'x', 'x'])).toBe(
      '\u001b[2J\u001b[Ha\u001b[K\nb\u001b[K\n\u001b[J\u001b[Hx\u001b[K\n\u001b[J',
    );
  });

  test('elsewhere tells each change once', () => {
    expect(shown(false, ['a', 'a', 'b'])).toBe('a\n\nb\n');
  });
});
