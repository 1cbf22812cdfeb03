import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { hasCode } from '../lib/errors.ts';
import { type ArtifactStore, byKey, checkedKey, checkedPrefix, keyBelow, nothingBelow } from './artifacts.ts';
import { copyFileAtomic, filesBelow } from './folder-files.ts';

/** Artifacts in a folder, which is made with the first of them. */
export function folderArtifacts(root: string): ArtifactStore {
  const list: ArtifactStore['list'] = async (prefix) => {
    const inner = checkedPrefix(prefix);
    const files = await filesBelow(join(root, inner));
    return files.map(({ path, bytes }) => ({ key: keyBelow(inner, path), bytes })).sort(byKey);
  };
  return {
    list,
    download: async (prefix, folder) => {
      const inner = checkedPrefix(prefix);
      const objects = await list(inner);
      if (objects.length === 0) throw nothingBelow(join(root, inner));
      for (const { key } of objects) {
        await copyFileAtomic(join(root, key), join(folder, inner === '' ? key : key.slice(inner.length + 1)));
      }
      return objects;
    },
    fetch: async (key, file) => {
      const from = join(root, checkedKey(key));
      try {
        await copyFileAtomic(from, file);
      } catch (error) {
        if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) throw nothingBelow(from);
        throw error;
      }
    },
    upload: async (folder, prefix) => {
      const inner = checkedPrefix(prefix);
      const files = await filesBelow(folder, true);
      const objects = files.map(({ path, bytes }) => ({ key: checkedKey(keyBelow(inner, path)), bytes }));
      for (const [i, { path }] of files.entries()) {
        await copyFileAtomic(join(folder, path), join(root, objects[i]?.key ?? ''));
      }
      return objects.sort(byKey);
    },
    readText: async (key) => {
      try {
        return await readFile(join(root, checkedKey(key)), 'utf8');
      } catch (error) {
        if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
        throw error;
      }
    },
    writeText: async (key, text) => await writeFileAtomic(join(root, checkedKey(key)), text),
    remove: async (prefix) => {
      const folder = join(root, checkedKey(prefix));
      // an object of that very name lies beside the prefix, not below it
      if (!(await isFile(folder))) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}
