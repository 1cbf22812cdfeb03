import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { stream, taskFolder } from '../../../bench/online/tasks.ts';
import { datasetNames } from '../../../bench/tune/datasets.ts';
import { aFolder, writeFiles } from '../../support/image-files.ts';

const classes = Array.from({ length: 9 }, (_, i) => `class-${i}`);

async function aDataset(path: string): Promise<void> {
  const names = (split: string, images: number) =>
    classes.flatMap((one) => Array.from({ length: images }, (_, i) => join(split, one, `${i}.jpg`)));
  const all = [...names('train', 60), ...names('val', 7)];
  await writeFiles(path, Object.fromEntries(all.map((name) => [name, name])));
}

const images = async (folder: string, split: string): Promise<readonly number[]> =>
  Promise.all(
    (await readdir(join(folder, split))).map(async (one) => (await readdir(join(folder, split, one))).length),
  );

test('the stream has forty different tasks, and each data set once in five of them', () => {
  const tasks = stream();
  expect(new Set(tasks.map(({ name }) => name)).size).toBe(40);
  for (let i = 0; i < tasks.length; i += 5) {
    const five = tasks.slice(i, i + 5).map(({ of }) => of);
    expect(five.toSorted()).toEqual([...datasetNames].toSorted());
  }
  expect(stream()).toEqual(tasks);
});

test('a task has some classes, as many training images of each, and all their validation images', async () => {
  await using folder = await aFolder();
  const whole = join(folder.path, 'pets');
  await aDataset(whole);
  const sizes = new Set<string>();
  for (const task of stream().filter(({ of }) => of === 'pets')) {
    const path = await taskFolder(task, whole, join(folder.path, 'tasks'));
    const [train, val] = [await images(path, 'train'), await images(path, 'val')];
    expect(train.length).toBeGreaterThanOrEqual(3);
    expect(new Set(train).size).toBe(1);
    expect(train[0]).toBeGreaterThanOrEqual(24);
    expect(val).toEqual(train.map(() => 7));
    sizes.add(`${train.length} ${train[0]}`);
  }
  expect(sizes.size).toBeGreaterThan(4);
});

test('a task is made once, of links to the same files', async () => {
  await using folder = await aFolder();
  const whole = join(folder.path, 'pets');
  await aDataset(whole);
  const [task] = stream().filter(({ of }) => of === 'pets') as [ReturnType<typeof stream>[number]];
  const into = join(folder.path, 'tasks');
  const path = await taskFolder(task, whole, into);
  const [one] = await readdir(join(path, 'val'));
  const file = join('val', one as string, '0.jpg');
  expect((await stat(join(path, file))).ino).toBe((await stat(join(whole, file))).ino);
  const made = (await stat(path)).mtimeMs;
  expect(await taskFolder(task, whole, into)).toBe(path);
  expect((await stat(path)).mtimeMs).toBe(made);
  expect(await readdir(into)).toEqual([task.name]);
});
