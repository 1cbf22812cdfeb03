import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { planLocally } from '../../src/cli/local/plan.ts';
import { importMember } from '../../src/cli/local/zoo-import.ts';
import { verifyNetwork } from '../../src/cli/local/zoo-verify.ts';
import type { PlanRequest } from '../../src/cli/requests.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { float32Tensor, type HostTensor } from '../../src/nas/host-tensor.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import { addMember, type NewMember } from '../../src/nas/zoo.ts';
import { expectClear, listing, refusalOf } from '../support/bad-input.ts';
import { contextIn, planRequest } from '../support/context.ts';
import { aNewMember, aWorld, randomWeights, testMembers, type World } from '../support/zoo.ts';

const encoding = testMembers.plain;
const network = networkOf(encoding, { classes: 5 });
const fixture = (name: string): string => fileURLToPath(new URL(`../nas/fixtures/${name}`, import.meta.url));
let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 6 });
  await mkdir(join(world.folder, 'cache', 'scratch'), { recursive: true });
});
afterAll(() => world.remove());

async function expectUnchanged(action: () => Promise<unknown>, message: RegExp): Promise<void> {
  const before = await listing(world.folder);
  expectClear(await refusalOf(action), message);
  expect(await listing(world.folder)).toEqual(before);
}

type Weights = Map<string, HostTensor>;
const weightsWith = (change: (weights: Weights) => void): Weights => {
  const weights = randomWeights(network, 1);
  change(weights);
  return weights;
};
const filled = (value: number) => (weights: Weights) =>
  void weights.set('layers.0.1.bias', float32Tensor([8], new Float32Array(8).fill(value)));
const encoded = (change: (weights: Weights) => void = () => {}): Uint8Array => encodeSafetensors(weightsWith(change));

describe('a zoo whose members do not hold together is refused before anything is trained', () => {
  const withMember =
    (bytes: Uint8Array, changes: Partial<NewMember> = {}, name: string = encoding) =>
    (zoo: string) =>
      addMember(zoo, aNewMember('odd', name, changes), bytes);
  const cases: readonly (readonly [string, (zoo: string) => Promise<unknown>, RegExp])[] = [
    ['a folder that is not there', async () => {}, /no zoo in ".*odd zoo"/],
    ['a file in its place', (zoo) => writeFile(zoo, 'zoo'), /no zoo in/],
    ['an empty folder', (zoo) => mkdir(zoo), /it has no index\.json/],
    [
      'an index without members',
      (zoo) => mkdir(zoo).then(() => writeFile(join(zoo, 'index.json'), '{"version":1,"name":"none","members":[]}')),
      /The zoo "none" has no members/,
    ],
    ['weights of another network', withMember(encoded(), {}, '1-_16_1-4@2'), /of the member "odd".* of shape/],
    ['weights without a part', withMember(encoded((w) => w.delete('layers.0.1.bias'))), /lacks layers\.0\.1\.bias/],
    ['weights that are no numbers', withMember(encoded(filled(Number.NaN))), /no finite numbers/],
    ['weights that were cut off before they came', withMember(encoded().subarray(0, 2000)), /is cut off/],
    ['weights that are none', withMember(Buffer.from('no weights at all')), /no safetensors file/],
    ['an encoding that is none', withMember(encoded(), { encoding: '9-_16_1' }), /"9-_16_1" is wrong at character 1/],
    [
      'stages of another network',
      withMember(encoded(), { stages: 1, stageShare: [0, 1], boundaryValues: [1, 1], stepValues: [1, 1] }),
      /gives the member "odd" 1 stages/,
    ],
    [
      'weights that were altered',
      async (zoo) => {
        const { weights } = await withMember(encoded())(zoo);
        await writeFile(join(zoo, weights), encoded(filled(1)));
      },
      /SHA-256 differs/,
    ],
  ];
  test.each(cases)('%s', async (_name, make, message) => {
    const zoo = join(world.folder, 'odd zoo');
    await rm(zoo, { recursive: true, force: true });
    await make(zoo);
    await expectUnchanged(() => planLocally(planRequest(world, { zoo }), contextIn(world)), message);
  });
});

describe('wishes that cannot be met are refused', () => {
  const cases: readonly (readonly [string, Partial<PlanRequest>, RegExp])[] = [
    ['a member that the zoo does not have', { member: 'huge' }, /no member "huge"/],
    ['a budget in which nothing can be trained', { budgetSeconds: 0.5 }, /Nothing can be trained within 0\.5s/],
    ['more frozen stages than there are', { regime: { frozenStages: 9 } }, /No member has 9 stages/],
    ['a batch larger than the data', { regime: { batchSize: 500 } }, /batch of 500 images is more than/],
    ['a precision that was not measured', { regime: { precision: 'bf16' } }, /not seen to train in bf16/],
    ['more steps than there is time for', { regime: { steps: 1e7 } }, /Nothing can be trained within 2m/],
    ['a share that leaves nothing to train', { validationShare: 1 }, /share of validation images is 1/],
  ];
  test.each(cases)('%s', async (_name, over, message) => {
    await expectUnchanged(() => planLocally(planRequest(world, over), contextIn(world)), message);
  });
});

describe('weights that do not belong to the network are not imported', () => {
  const fromBytes = (content: Uint8Array) => async (path: string) => {
    await writeFile(path, content);
    return path;
  };
  const cases: readonly (readonly [string, (path: string) => Promise<string>, RegExp])[] = [
    ['no file', async (path) => `${path}-nowhere`, /no file|cannot be read/],
    ['a folder', async (path) => mkdir(path).then(() => path), /weights is a folder/],
    ['an empty file', fromBytes(new Uint8Array()), /weights/],
    ['a text', fromBytes(Buffer.from('These are no weights, but a text about weights.')), /weights/],
    ['a file that is cut off', fromBytes(encoded().subarray(0, -100)), /is cut off/],
    ['a header that is cut off', fromBytes(encoded().subarray(0, 60)), /is cut off/],
    ['a file with bytes too many', fromBytes(Buffer.concat([encoded(), Buffer.alloc(8)])), /bytes at its end/],
    [
      'weights of another network',
      fromBytes(encodeSafetensors(randomWeights(networkOf('0-_16_11@2', { classes: 5 }), 1))),
      /does not fit|of shape/,
    ],
    ['weights without a head', fromBytes(encoded((w) => w.delete('fc.weight'))), /has no head/],
    ['half a head', fromBytes(encoded((w) => w.delete('fc.bias'))), /lacks fc\.bias/],
    [
      'weights of more than the network',
      fromBytes(encoded((w) => w.set('more', float32Tensor([1], new Float32Array(1))))),
      /"?more"? too many/,
    ],
    ['weights that are no numbers', fromBytes(encoded(filled(Number.POSITIVE_INFINITY))), /no finite numbers/],
    ['a pickle that runs code', async () => fixture('evil.pth'), /evil\.pth/],
    ['an old pickle that runs code', async () => fixture('evil-legacy.pth'), /evil-legacy\.pth/],
    ['a pickle without tensors', async () => fixture('numbers.pth'), /numbers\.pth/],
    ['a state dict of something else', async () => fixture('state.pth'), /state\.pth/],
  ];
  test.each(cases)('%s', async (_name, prepare, message) => {
    const path = join(world.folder, 'weights');
    await rm(path, { recursive: true, force: true });
    const weights = await prepare(path);
    const zoo = join(world.folder, 'mine');
    const told = { name: undefined, accuracy: 0.5, licence: undefined, provenance: undefined };
    const request = { encoding, weights, zoo, nativeSize: 32, ...told };
    await expectUnchanged(() => importMember(request, contextIn(world)), message);
  });

  const sound = async () => {
    const weights = join(world.folder, 'weights');
    await rm(weights, { recursive: true, force: true });
    await writeFile(weights, encoded());
    const told = { name: 'plain', accuracy: 0.5, licence: undefined, provenance: undefined };
    return { encoding, weights, zoo: world.zoo, nativeSize: 32, ...told };
  };
  test('sound ones under a name that is taken', async () => {
    const request = await sound();
    await expectUnchanged(() => importMember(request, contextIn(world)), /already has a member "plain"/);
  });
  test('sound ones while another command changes the zoo', async () => {
    const request = { ...(await sound()), name: 'new' };
    await writeFile(join(world.zoo, '.lock'), '');
    await expectUnchanged(() => importMember(request, contextIn(world)), /Another command is changing the zoo/);
    await rm(join(world.zoo, '.lock'));
  });
});

describe('references that do not fit the network are refused', () => {
  const logits = float32Tensor([1, 5], new Float32Array(5));
  const input = float32Tensor([1, 3, 32, 32], new Float32Array(3072));
  test.each<[string, [string, HostTensor][], RegExp]>([
    ['without an input', [['logits', logits]], /lacks the tensor "input"/],
    ['without logits', [['input', input]], /lacks the tensor "logits"/],
    [
      'with an input of three axes',
      [
        ['input', float32Tensor([3, 32, 32], new Float32Array(3072))],
        ['logits', logits],
      ],
      /3 axes in place of 4/,
    ],
    [
      'with logits of other classes',
      [
        ['input', input],
        ['logits', float32Tensor([1, 4], new Float32Array(4))],
      ],
      /logits/,
    ],
  ])('%s', async (_name, tensors, message) => {
    const [weights, reference] = [join(world.folder, 'w.safetensors'), join(world.folder, 'r.safetensors')];
    await writeFile(weights, encoded());
    await writeFile(reference, encodeSafetensors(new Map(tensors)));
    const request = { encoding, weights, reference, training: undefined, tolerance: 1, gradientTolerance: 1 };
    await expectUnchanged(() => verifyNetwork(request), message);
  });
});

test('the zoo is as it was made', async () => {
  const index: { members: unknown[] } = JSON.parse(await readFile(join(world.zoo, 'index.json'), 'utf8'));
  expect(index.members).toHaveLength(2);
});
