import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { InputError } from '../lib/errors.ts';
import { isIgnoredName } from './unpack-target.ts';

/** A file that is left out, and why. */
export interface Skipped {
  /** Relative to the data set's folder. */
  readonly path: string;
  readonly reason: string;
}

/** Endings that never are images; all others are tried, whatever they are called. */
const foreignEndings = new Set(
  (
    '.txt .md .rst .csv .tsv .json .jsonl .xml .yaml .yml .toml .ini .cfg .log .html .htm .css .js .ts .py .ipynb .r .sh .bat ' +
    '.pdf .doc .docx .xls .xlsx .ppt .pptx .rtf .zip .tar .gz .tgz .bz2 .xz .7z .rar .mp3 .wav .flac .ogg .mp4 .avi .mov .mkv ' +
    '.webm .npy .npz .mat .h5 .hdf5 .pkl .pickle .parquet .arrow .tfrecord .pt .pth .onnx .pb .safetensors .exe .dll .so .svg .lnk .url .db'
  ).split(' '),
);

const deepestFolder = 16;

export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Sorts as Python does, by code points; JavaScript's own order differs beyond the basic plane. */
export const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Whether a file of that name is worth trying to decode. */
export const maybeImage = (name: string): boolean => !foreignEndings.has(extname(name).toLowerCase());

/** Reads folders; each is listed once, and what is no image is noted once. */
export class FolderWalk {
  readonly skipped: Skipped[] = [];
  readonly #root: string;
  readonly #listings = new Map<string, Listing>();

  constructor(root: string) {
    this.#root = root;
  }

  skip(path: string, reason: string): void {
    this.skipped.push({ path: relative(this.#root, path), reason });
  }

  /** Visible files and folders of a folder, links followed, sorted. */
  list(folder: string): Listing {
    const known = this.#listings.get(folder);
    if (known) return known;
    const files: string[] = [];
    const folders: string[] = [];
    for (const entry of this.#read(folder)) {
      if (isIgnoredName(entry.name)) continue;
      const kind = this.#kind(folder, entry);
      if (kind === 'file') files.push(entry.name);
      if (kind === 'folder') folders.push(entry.name);
    }
    const listing = { files: files.sort(byCodePoint), folders: folders.sort(byCodePoint) };
    this.#listings.set(folder, listing);
    return listing;
  }

  /** All files below a class folder that may be images. */
  images(folder: string, depth = 0): string[] {
    const { files, folders } = this.list(folder);
    // a class folder is read once, and its listing of many names would only take memory
    this.#listings.delete(folder);
    const found: string[] = [];
    for (const name of files) {
      if (maybeImage(name)) found.push(join(folder, name));
      else this.skip(join(folder, name), 'not an image');
    }
    if (depth >= deepestFolder) return found;
    return folders.reduce((all, name) => all.concat(this.images(join(folder, name), depth + 1)), found);
  }

  #read(folder: string): Dirent[] {
    try {
      return readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      throw new InputError(`The folder ${folder} cannot be read.`, 'Check its permissions.', { cause: error });
    }
  }

  #kind(folder: string, entry: Dirent): 'file' | 'folder' | 'other' {
    if (entry.isFile()) return 'file';
    if (entry.isDirectory()) return 'folder';
    const path = join(folder, entry.name);
    if (!entry.isSymbolicLink()) {
      this.skip(path, 'no plain file');
      return 'other';
    }
    const target = statSync(path, { throwIfNoEntry: false });
    if (target?.isFile()) return 'file';
    if (!target?.isDirectory()) {
      this.skip(path, 'a link to nothing');
      return 'other';
    }
    const [real, here] = [realpathSync(path), realpathSync(folder)];
    if (here !== real && !here.startsWith(real + sep)) return 'folder';
    this.skip(path, 'a link to a folder above it');
    return 'other';
  }
}
