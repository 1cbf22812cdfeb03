/**
 * Makes @tensorflow/tfjs-node-gpu run on the C library of TensorFlow's official Python wheel.
 *   node hack/setup-tensorflow.ts [--flavour cpu|gpu] [--prefix DIR]
 * The libraries stay in the user's cache (or in DIR), so a second checkout neither fetches nor compiles.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InputError } from '../src/lib/errors.ts';
import { cacheDir } from '../src/lib/user-dirs.ts';
import { withLock } from './file-lock.ts';
import type { NativePlaces } from './native-modules.ts';
import { cachedModule, installModule, isInstalled, nativeModules } from './native-modules.ts';
import type { Flavour } from './tensorflow-wheels.ts';
import { flavours, tensorflowVersion, wheelsFor } from './tensorflow-wheels.ts';
import type { Tool } from './tool.ts';
import { isProgram, reportFailure, requireTools } from './tool.ts';
import { fetchWheel, isUnpacked, removeParts } from './wheel.ts';

export interface Setup {
  readonly flavour: Flavour;
  /** Folder that holds the folder `tensorflow` of all flavours and versions. */
  readonly prefix: string;
  readonly nodeModules: string;
  readonly platform: string;
  readonly arch: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/** Brings TensorFlow to the state wanted, from whatever state a killed run left. True where there was something to do. */
export async function setUpTensorflow(setup: Setup): Promise<boolean> {
  const { flavour, nodeModules, platform, arch, env, log } = setup;
  const wheels = wheelsFor(flavour, platform, arch);
  const root = join(setup.prefix, 'tensorflow', `${tensorflowVersion}-${flavour}`);
  const places: NativePlaces = { root, nodeModules, librarySha256: wheels[0]?.sha256 ?? '' };
  const missing = () => wheels.filter((wheel) => !isUnpacked(root, wheel));
  const uninstalled = () => nativeModules.filter((module) => !isInstalled(places, module));
  if (missing().length === 0 && uninstalled().length === 0) return false;

  // all that is missing is named at once, before anything is fetched
  const fetching: readonly Tool[] = missing().length > 0 ? ['python3'] : [];
  const compiling: readonly Tool[] = nativeModules.every((m) => existsSync(cachedModule(places, m))) ? [] : ['g++'];
  requireTools([...fetching, ...compiling, 'flock'], env);

  const onWait = () => log('waiting for another set-up to finish');
  await withLock(`${root}.lock`, env, onWait, async () => {
    await removeParts(root);
    // asked again under the lock: the other set-up may have done it all
    for (const wheel of missing()) await fetchWheel(wheel, { root, arch, env, log });
    for (const module of uninstalled()) await installModule(places, module, env, log);
  });
  log('ready');
  return true;
}

function readArguments(args: readonly string[], env: NodeJS.ProcessEnv): Pick<Setup, 'flavour' | 'prefix'> {
  const remedy = 'Usage: node hack/setup-tensorflow.ts [--flavour cpu|gpu] [--prefix DIR]';
  const options = { flavour: { type: 'string' }, prefix: { type: 'string' } } as const;
  let values: { flavour?: string; prefix?: string };
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new InputError(error instanceof Error ? error.message : String(error), remedy);
  }
  const wanted = values.flavour ?? env.NASOA_TENSORFLOW ?? 'cpu';
  const flavour = flavours.find((name) => name === wanted);
  if (flavour === undefined) throw new InputError(`There is no flavour "${wanted}" of TensorFlow.`, remedy);
  return { flavour, prefix: resolve(values.prefix ?? cacheDir(env)) };
}

if (isProgram(import.meta.url)) {
  try {
    const { flavour, prefix } = readArguments(process.argv.slice(2), process.env);
    await setUpTensorflow({
      flavour,
      prefix,
      nodeModules: fileURLToPath(new URL('../node_modules', import.meta.url)),
      platform: process.platform,
      arch: process.arch,
      env: process.env,
      log: (line) => process.stdout.write(`TensorFlow ${tensorflowVersion} (${flavour}): ${line}\n`),
    });
  } catch (error) {
    reportFailure(error);
  }
}
