import { expect, test } from '@jest/globals';
import { GraphBuilder } from '../../src/graph/builder.ts';
import { Session } from '../../src/graph/session.ts';

/** About one array in four lies where TensorFlow would use its memory as it is. */
const arrays = 64;
const shape = [64];

/** Variables v0, v1, ... with signatures that set and read them. */
async function openVariables(): Promise<Session> {
  const g = new GraphBuilder();
  const names = Array.from({ length: arrays }, (_, i) => `v${i}`);
  const variables = names.map((name) => g.variable(name, shape));
  const fed = names.map((name) => g.placeholder(`set/${name}`, shape, 'float32'));
  const entries = <T>(values: readonly T[]): Record<string, T> =>
    Object.fromEntries(values.map((value, i) => [`v${i}`, value] as const));
  const assigned = variables.map((v, i) => g.assignFed(v, fed[i] as (typeof fed)[number]));
  g.signature('set', entries(fed), { done: g.after(g.scalar(0), assigned) });
  g.signature('get', {}, entries(variables.map((v) => g.copy(g.read(v)))));
  return Session.open(g);
}

test('variables share no memory with the arrays that they were set from', async () => {
  const session = await openVariables();
  const given = Array.from({ length: arrays }, (_, i) => new Float32Array(shape[0] as number).fill(i));
  session.run('set', Object.fromEntries(given.map((data, i) => [`v${i}`, { data, shape }])));
  for (const data of given) data.fill(-1);
  const read = Object.values(session.run('get')).map(({ data }) => data[0]);
  session.close();
  expect(read).toEqual(Array.from({ length: arrays }, (_, i) => i));
});
