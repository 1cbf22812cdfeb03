import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { operatorSettings } from '../../src/cli/operator/settings.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const table = page.split('## Settings of the operator')[1]?.split('\n## ')[0] ?? '';

/** Variables that the settings are made of, as they are asked for. */
function variablesRead(): readonly string[] {
  const names = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>({}, { get: (_, name) => void names.add(String(name)) });
  operatorSettings(env);
  return [...names];
}

test('each setting of the operator is in the documentation, and each that is there is read', () => {
  const documented = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, names = '']) => names.match(/[A-Z_]+/g) ?? []);
  // the database is opened from the environment itself
  const others = ['DATABASE_URL', 'NASOA_DATA_DIR'];
  expect([...documented].sort()).toEqual([...variablesRead(), ...others].sort());
});

test.each([
  ['no number of workers', { NASOA_WORKERS: 'many' }, /NASOA_WORKERS.*many/],
  ['too many candidates', { NASOA_CANDIDATES: '100001' }, /NASOA_CANDIDATES.*100001/],
  ['an address without TLS', { NASOA_PROGRESS_URL: 'http://nasoa:8443' }, /NASOA_PROGRESS_URL.*http:/],
  ['a word that is no choice', { NASOA_LOG_LEVEL: 'loud' }, /NASOA_LOG_LEVEL.*loud/],
])('%s is refused by the name of its variable', (_, env, words) => {
  expect(() => operatorSettings(env)).toThrow(words);
});

test('an empty variable is one that is not there', () => {
  expect(operatorSettings({ NASOA_WORKERS: '', NASOA_NAMESPACES: ' ' })).toMatchObject({ workers: 16, namespaces: [] });
});
