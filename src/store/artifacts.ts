import { InputError } from '../lib/errors.ts';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Where models, checkpoints and data sets are kept: a folder (a mounted claim) or a bucket. Keys are relative paths
 * with `/`; a prefix names a folder of them, `''` all. An object appears whole or not at all, several objects one by
 * one: who reads while others write needs an object that is written last.
 */
export interface ArtifactStore {
  /** The objects below a prefix, in the order of their keys; none where there is no such prefix. */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /** Copies what is below a prefix into a folder, which is made. Throws InputError where nothing is there. */
  download(prefix: string, folder: string): Promise<readonly StoredObject[]>;
  /** Copies one object into a file, whose folder is made. Throws InputError where there is no such object. */
  fetch(key: string, file: string): Promise<void>;
  /** Copies the files below a folder to a prefix; objects already there under other keys stay. */
  upload(folder: string, prefix: string): Promise<readonly StoredObject[]>;
  /** Undefined where there is no such object. */
  readText(key: string): Promise<string | undefined>;
  writeText(key: string, text: string): Promise<void>;
  /** Removes the objects below a prefix, which must not be empty; nothing there is no error. */
  remove(prefix: string): Promise<void>;
}

/** A key as it is. Throws InputError for one that would lead out of the store, or that not every system can keep. */
export function checkedKey(key: string): string {
  const parts = key.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\u0000-\u001f\\]/.test(part))) {
    throw new InputError(
      `"${key.slice(0, 200)}" is no key of an artifact.`,
      'Use names joined by "/", without "..", backslashes or empty parts.',
    );
  }
  return key;
}

/** A prefix without slashes at its ends. Throws InputError as `checkedKey` does. */
export function checkedPrefix(prefix: string): string {
  const inner = prefix.replace(/^\/+|\/+$/g, '');
  return inner === '' ? '' : checkedKey(inner);
}

/** The key of `rest` below a prefix. */
export const keyBelow = (prefix: string, rest: string): string => (prefix === '' ? rest : `${prefix}/${rest}`);

/** By the key's code units, on every system alike. */
export const byKey = (a: StoredObject, b: StoredObject): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

export const nothingBelow = (place: string): InputError =>
  new InputError(`There is nothing at ${place}.`, 'Correct the path, or put the files there.');
