import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { breaches, parseSource } from './support/import-rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function sourcesOf(folder: string) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => parseSource(`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')));
}

test('every file keeps the directions of docs/architecture.md', () => {
  expect(breaches(['src', 'test', 'bench', 'hack'].flatMap(sourcesOf))).toEqual([]);
});

describe('the rules', () => {
  const check = (...files: readonly [string, string][]) =>
    breaches(files.map(([path, text]) => parseSource(path, text)));

  test.each<[string, ...(readonly [string, string][])]>([
    ['a lower folder', ['src/kube/a.ts', "import { x } from '../lib/x.ts';"]],
    ['its own folder', ['src/nas/a.ts', "import type { x } from './b.ts';"]],
    ['everything, for the command line', ['src/cli/a.ts', "import '../train/a.ts'; import '../kube/b.ts';"]],
    ["the planner's words, for the trainer", ['src/train/a.ts', "import type { Plan } from '../planner/types.ts';"]],
    ['TensorFlow, for the session', ['src/graph/session.ts', "await import('@tensorflow/tfjs-node-gpu');"]],
    ['a plain file of nas, for the planner', ['src/planner/a.ts', "import '../nas/cost.ts';"], ['src/nas/cost.ts', '']],
    ['a clock in a comment or a text', ['src/nas/a.ts', "// Date.now()\nexport const a = 'setTimeout';"]],
    ['a clock outside the pure folders', ['src/train/a.ts', 'Date.now();']],
  ])('allow %s', (_what, ...files) => {
    expect(check(...files)).toEqual([]);
  });

  test.each<[string, string, ...(readonly [string, string][])]>([
    ['a higher folder', 'lib may not import', ['src/lib/a.ts', "import '../crds/b.ts';"]],
    ['a type of a higher folder', 'nas may not import', ['src/nas/a.ts', "import type { A } from '../train/b.ts';"]],
    ['a type written in place', 'nas may not import', ['src/nas/a.ts', "type A = import('../train/b.ts').A;"]],
    ['a dynamic import', 'kube may not import', ['src/kube/a.ts', "await import('../nas/b.ts');"]],
    ['a re-export', 'graph may not import', ['src/graph/a.ts', "export { a } from '../nas/b.ts';"]],
    ["more than the planner's words", 'train may not import', ['src/train/a.ts', "import '../planner/plan.ts';"]],
    ['the command line', 'train may not import', ['src/train/a.ts', "import '../cli/main.ts';"]],
    ['a folder without a place', 'has no place', ['src/misc/a.ts', '']],
    ['TensorFlow elsewhere', 'only src/graph/session.ts', ['src/train/a.ts', "import '@tensorflow/tfjs-core';"]],
    ["Kubernetes' client elsewhere", 'only src/kube/', ['src/cli/a.ts', "import '@kubernetes/client-node';"]],
    [
      'a planner that reaches tensors',
      'src/planner/a.ts -> src/nas/b.ts -> src/graph/c.ts',
      ['src/planner/a.ts', "import '../nas/b.ts';"],
      ['src/nas/b.ts', "import '../graph/c.ts';"],
    ],
    ['a clock', 'Date.now is used', ['src/planner/a.ts', 'export const a = Date.now();']],
    ['chance', 'Math.random is used', ['src/nas/a.ts', 'export const a = Math.random;']],
    ['a timer', 'setTimeout is used', ['src/controllers/a.ts', 'setTimeout(() => undefined, 1);']],
    ['a long file', '301 lines, over 300', ['src/lib/a.ts', 'export {};\n'.repeat(301)]],
  ])('name %s', (_what, message, ...files) => {
    expect(check(...files).join('\n')).toContain(message);
  });
});
