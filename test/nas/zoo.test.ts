import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { addMember, loadZoo, memberOf, type NewMember, weightsPath } from '../../src/nas/zoo.ts';

let dir = '';
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'nasoa-zoo-')), 'zoo');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const aMember = (changes: Partial<NewMember> = {}): NewMember => ({
  name: 'small',
  encoding: '0-_8_11',
  parametersM: 0.1,
  macsM: 4,
  nativeSize: 64,
  accuracy: 0.5,
  stages: 2,
  stageShare: [0, 0.4, 0.9],
  boundaryValues: [12288, 2048, 1024],
  steps: [{ inputSize: 64, batchSize: 64, frozenStages: 0, cachedFeatures: false, precision: 'bf16', seconds: 0.02 }],
  pretraining: { data: 'tiny', recipe: 'sgd', epochs: 3, accuracy: 0.5, top5: 0.8 },
  licence: 'Apache-2.0',
  provenance: 'made here',
  classes: 10,
  ...changes,
});

const bytes = new Uint8Array([1, 2, 3, 4]);
const indexFile = (): string => join(dir, 'index.json');
/** A sound zoo of one member whose index is then changed. */
async function aZooWith(
  change: (index: { version: unknown; members: Record<string, unknown>[] }) => void,
): Promise<void> {
  await addMember(dir, aMember(), bytes);
  const index = JSON.parse(readFileSync(indexFile(), 'utf8'));
  change(index);
  writeFileSync(indexFile(), JSON.stringify(index));
}

test('what was added is found again, weights included', async () => {
  await addMember(dir, aMember(), bytes);
  writeFileSync(join(dir, '..', 'big.bin'), 'weights');
  await addMember(dir, aMember({ name: 'großes Netz / ../x' }), { copyOf: join(dir, '..', 'big.bin') });
  const zoo = await loadZoo(dir);
  expect(zoo.members.map(({ name }) => name)).toEqual(['small', 'großes Netz / ../x']);
  expect(memberOf(zoo, 'small')).toMatchObject(aMember());
  expect(readFileSync(weightsPath(zoo, 'small'))).toEqual(Buffer.from(bytes));
  expect(readFileSync(weightsPath(zoo, 'großes Netz / ../x'), 'utf8')).toBe('weights');
  expect(readdirSync(dir).filter((name) => !/^(index\.json|[\w.-]+\.safetensors)$/.test(name))).toEqual([]);
});

test('members added at the same time are not lost: one is told to wait', async () => {
  const ended = await Promise.allSettled(['a', 'b', 'c'].map((name) => addMember(dir, aMember({ name }), bytes)));
  const added = ended.filter(({ status }) => status === 'fulfilled').length;
  expect(added).toBeGreaterThanOrEqual(1);
  expect((await loadZoo(dir)).members).toHaveLength(added);
});

test('a refused member leaves the zoo as it was', async () => {
  await addMember(dir, aMember(), bytes);
  const before = readdirSync(dir);
  await expect(addMember(dir, aMember(), bytes)).rejects.toThrow('already has a member "small"');
  await expect(addMember(dir, aMember({ name: 'x', accuracy: 1.5 }), bytes)).rejects.toThrow('accuracy is no share');
  await expect(addMember(dir, aMember({ name: 'x' }), { copyOf: join(dir, 'nowhere') })).rejects.toThrow();
  expect(readdirSync(dir)).toEqual(before);
});

test('an unknown member is answered with the names there are', async () => {
  await addMember(dir, aMember(), bytes);
  const zoo = await loadZoo(dir);
  const error = (() => {
    try {
      return memberOf(zoo, 'large');
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(InputError);
  expect(error).toMatchObject({ message: 'The zoo "own" has no member "large".', remedy: 'Choose one of small.' });
});

describe('a zoo that is wrong', () => {
  test.each([
    ['no index', () => mkdirSync(dir), /no zoo in .* it has no index\.json/],
    ['an index that is no JSON', () => aZooWith(() => {}).then(() => appendFileSync(indexFile(), '}')), /is no JSON/],
    [
      'another version',
      () => aZooWith((index) => void Object.assign(index, { version: 2 })),
      /version 2, which this nasoa does not know/,
    ],
    ['no list of members', () => aZooWith((index) => void Object.assign(index, { members: {} })), /members is no list/],
    [
      'a member twice',
      () => aZooWith(({ members }) => void members.push(members[0] ?? {})),
      /two members of the name "small"/,
    ],
    [
      'a field missing',
      () => aZooWith(({ members }) => void delete members[0]?.encoding),
      /members\[0\]\.encoding is no text/,
    ],
    [
      'stages that do not fit',
      () => aZooWith(({ members }) => void Object.assign(members[0] ?? {}, { stages: 5 })),
      /stageShare needs 6/,
    ],
    [
      'weights elsewhere',
      () => aZooWith(({ members }) => void Object.assign(members[0] ?? {}, { weights: '../w' })),
      /no plain file name/,
    ],
    [
      'weights missing',
      () => addMember(dir, aMember(), bytes).then((m) => rmSync(join(dir, m.weights))),
      /are missing/,
    ],
    [
      'weights cut off',
      () => addMember(dir, aMember(), bytes).then((m) => writeFileSync(join(dir, m.weights), 'x')),
      /SHA-256 differs/,
    ],
  ])('%s', async (_name, make, message) => {
    await make();
    const loaded = loadZoo(dir);
    await expect(loaded).rejects.toThrow(message);
    await expect(loaded).rejects.toBeInstanceOf(InputError);
  });
});
