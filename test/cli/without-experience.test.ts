import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { shippedExperience } from '../../src/cli/experience-records.ts';
import { anExperience } from '../planner/builders.ts';
import { runCli } from '../support/run-cli.ts';
import { aWorld, type World } from '../support/zoo.ts';

let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 8 });
});
afterAll(() => world.remove());

test('a plan can be made as if no run on a data set were known, and by another predictor', async () => {
  const runs = [anExperience({ id: 'a', dataset: 'pets' }), anExperience({ id: 'b', dataset: 'plants' })];
  const file = join(world.folder, 'runs.jsonl');
  writeFileSync(file, runs.map((run) => `${JSON.stringify(run)}\n`).join(''));
  expect((await runCli(['experience', 'import', file], { env: world.env })).code).toBe(0);

  const args = [
    'plan',
    world.images,
    '--zoo',
    world.zoo,
    '--budget',
    '5m',
    '--without-experience-of',
    'pets',
    '--predictor',
    'hedge',
    '--json',
  ];
  const { code, stdout } = await runCli(args, { env: world.env });
  expect(code).toBe(0);
  const others = (await shippedExperience()).filter(({ dataset }) => dataset !== 'pets');
  expect(JSON.parse(stdout)).toMatchObject({ plan: { predictor: { name: 'hedge', experiences: others.length + 1 } } });
}, 120_000);
