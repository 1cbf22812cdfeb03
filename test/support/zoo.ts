import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { float32Tensor, type HostTensor } from '../../src/nas/host-tensor.ts';
import type { Network } from '../../src/nas/layers.ts';
import type { StepTime } from '../../src/nas/member.ts';
import { memberFacts } from '../../src/nas/member-facts.ts';
import { parametersOf, startValues, toTorch } from '../../src/nas/parameters.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import { addMember, type NewMember, type ZooMember } from '../../src/nas/zoo.ts';
import { aFolder } from './image-files.ts';

const nativeSize = 32;
const pretrainingClasses = 5;
/** Names and encodings of the test zoo's members, the cheaper one first. */
export const testMembers = { plain: '1-_16_1-2@2', square: '0-_16_1-2@2' } as const;

/** Weights of a network as a training from nothing starts, in PyTorch's layout by their published names. */
export function randomWeights(network: Network, seed: number): Map<string, HostTensor> {
  return new Map(
    parametersOf(network).map((p) => {
      const values = startValues(p, createRng(deriveSeed(seed, p.name)));
      return [p.name, p.layout === 'vector' ? float32Tensor(p.torchShape, values) : toTorch(p, values)];
    }),
  );
}

/** Steps of a machine of 10^10 multiply-adds a second that needs 2 ms to launch one. */
function plausibleSteps(macs: number, shares: readonly number[]): StepTime[] {
  const step = (inputSize: number, batchSize: number, frozenStages: number, cachedFeatures: boolean): StepTime => {
    const frozen = shares[frozenStages] ?? 0;
    const work = 3 * macs * (inputSize / nativeSize) ** 2 * batchSize;
    const seconds = 0.002 + (work * (1 - frozen + (cachedFeatures ? 0 : frozen / 3))) / 1e10;
    return { inputSize, batchSize, frozenStages, cachedFeatures, seconds: Number(seconds.toPrecision(4)) };
  };
  const whole = [32, 64].flatMap((size) => [16, 64].map((batch) => step(size, batch, 0, false)));
  const frozen = shares.slice(1).flatMap((_, k) => [false, true].map((cached) => step(nativeSize, 64, k + 1, cached)));
  return [...whole, ...frozen];
}

/** A member as it is added to a zoo; its numbers are computed, its steps plausible. */
export function aNewMember(name: string, encoding: string, changes: Partial<NewMember> = {}): NewMember {
  const network = networkOf(encoding, { classes: pretrainingClasses });
  const facts = memberFacts(network, nativeSize);
  return {
    ...{ name, encoding, nativeSize },
    ...facts,
    accuracy: 0.3,
    steps: plausibleSteps(facts.macsM * 1e6, facts.stageShare),
    pretraining: { data: 'nothing', recipe: 'random weights', epochs: 0, accuracy: 0.3 },
    licence: 'Apache-2.0',
    provenance: 'Random weights for tests.',
    classes: pretrainingClasses,
    ...changes,
  };
}

/** Adds a member with random weights that fit its encoding. */
export function addRandomMember(dir: string, name: string, encoding: string): Promise<ZooMember> {
  const weights = randomWeights(networkOf(encoding, { classes: pretrainingClasses }), 1);
  return addMember(dir, aNewMember(name, encoding), encodeSafetensors(weights));
}

/** A real zoo of two tiny members with random weights. */
export async function aZoo(dir: string): Promise<void> {
  for (const [name, encoding] of Object.entries(testMembers)) await addRandomMember(dir, name, encoding);
}

const colours = {
  'blue sea': [40, 70, 200],
  grass: [50, 180, 60],
  'rote Rosen': [210, 50, 60],
  солнце: [235, 215, 70],
};
export const colourClasses = Object.keys(colours).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** Noise around a colour, in sizes from 32 to 48 px, as PNG and JPEG in turn. */
function aPicture(colour: readonly number[], seed: number): Promise<Buffer> {
  const rng = createRng(seed);
  const [width, height] = [32 + rng.int(17), 32 + rng.int(17)];
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.min(255, Math.max(0, (colour[i % 3] ?? 0) + 45 * rng.normal()));
  }
  const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
  return seed % 2 === 0 ? picture.png().toBuffer() : picture.jpeg({ quality: 85 }).toBuffer();
}

/** A folder per class of clearly different colours; the names have spaces and other scripts. */
export async function colourImages(dir: string, perClass = 40, classes = Object.entries(colours)): Promise<void> {
  for (const [label, [name, colour]] of classes.entries()) {
    await mkdir(join(dir, name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      const seed = label * 1000 + i;
      await writeFile(join(dir, name, `${i}.${seed % 2 === 0 ? 'png' : 'jpg'}`), await aPicture(colour, seed));
    }
  }
}

/** A temporary world of one test file: images, a zoo, and the user's own folders; removed afterwards. */
export interface World {
  readonly folder: string;
  readonly images: string;
  readonly zoo: string;
  /** Points a child process at the folders of this world. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export async function aWorld({ perClass = 40 } = {}): Promise<World> {
  const { path: folder, [Symbol.asyncDispose]: remove } = await aFolder();
  const [images, zoo] = [join(folder, 'colours'), join(folder, 'zoo')];
  await colourImages(images, perClass);
  await mkdir(dirname(zoo), { recursive: true });
  await aZoo(zoo);
  const env = { NASOA_DATA_DIR: join(folder, 'data'), NASOA_CACHE_DIR: join(folder, 'cache') };
  return { folder, images, zoo, env, remove };
}
