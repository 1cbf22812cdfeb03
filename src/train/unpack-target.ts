import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError, RunError } from '../lib/errors.ts';

/** What an archive may hold at most. Every bound is there against archives made to fill a disk. */
export interface ArchiveLimits {
  /** Unpacked bytes in all. */
  readonly maxBytes: number;
  /** Unpacked bytes for each byte of the archive; looked at once `ratioFreeBytes` are unpacked. */
  readonly maxRatio: number;
  readonly ratioFreeBytes: number;
  readonly maxEntries: number;
}

/** Images hardly compress, so that a ratio of 100 is far from any honest data set. */
export const defaultArchiveLimits: ArchiveLimits = {
  maxBytes: 256 * 2 ** 30,
  maxRatio: 100,
  ratioFreeBytes: 256 * 2 ** 20,
  maxEntries: 2_000_000,
};

const repack = 'Pack the folder of images again, as plain files and folders, into a .tar.gz or .zip.';
const ignoredName = /^(\..*|__MACOSX|Thumbs\.db|desktop\.ini)$/i;

/** Whether that name of a file or folder belongs to an operating system or is hidden, and never to a data set. */
export const isIgnoredName = (name: string): boolean => ignoredName.test(name);

/** A file being unpacked; `write` and `close` are synchronous, which is the cheapest for many small files. */
export interface UnpackedFile {
  write(chunk: Uint8Array): void;
  close(): void;
}

/**
 * The folder an archive is unpacked into. It alone decides where an entry may lie and how much may be written,
 * so that both kinds of archive obey the same rules.
 */
export class UnpackTarget {
  readonly #archiveName: string;
  readonly #archiveBytes: number;
  readonly #folder: string;
  readonly #limits: ArchiveLimits;
  /** Case-folded path -> path as written, of files and of all folders above them. */
  readonly #seen = new Map<string, string>();
  readonly #made = new Set<string>();
  readonly #open = new Set<number>();
  #bytes = 0;
  #entries = 0;

  constructor(archiveName: string, archiveBytes: number, folder: string, limits: ArchiveLimits) {
    this.#archiveName = archiveName;
    this.#archiveBytes = archiveBytes;
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Throws an InputError about this archive. */
  refuse(what: string, remedy = repack): never {
    throw new InputError(`The archive ${this.#archiveName} ${what}.`, remedy);
  }

  /** Refuses a bomb: `bytes` are all that were unpacked so far. */
  checkSize(bytes: number): void {
    if (bytes > this.#limits.maxBytes) {
      this.refuse(`unpacks to more than ${this.#limits.maxBytes} bytes`, 'Unpack it yourself and pass the folder.');
    }
    const ratio = bytes / Math.max(1, this.#archiveBytes);
    if (bytes > this.#limits.ratioFreeBytes && ratio > this.#limits.maxRatio) {
      this.refuse(
        `unpacks to more than ${this.#limits.maxRatio} times its size, as images never do`,
        'Do not trust this archive. If you know it, unpack it yourself and pass the folder.',
      );
    }
  }

  countEntry(): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.maxEntries) {
      this.refuse(`holds more than ${this.#limits.maxEntries} entries`, 'Unpack it yourself and pass the folder.');
    }
  }

  /** Makes the folder of that entry, so that an empty class is seen as such. */
  folder(name: string): void {
    const parts = this.#safeParts(name);
    if (parts) this.#makeFolders(parts);
  }

  /** Opens the file of that entry; undefined for hidden files and those of an operating system. */
  file(name: string): UnpackedFile | undefined {
    const parts = this.#safeParts(name);
    if (!parts) return undefined;
    this.#makeFolders(parts.slice(0, -1));
    const path = parts.join('/');
    this.#claim(path, 'file');
    const fd = this.#system(path, () => openSync(join(this.#folder, path), 'wx', 0o600));
    this.#open.add(fd);
    return {
      write: (chunk) => {
        this.#bytes += chunk.length;
        this.checkSize(this.#bytes);
        this.#system(path, () => {
          for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
        });
      },
      close: () => {
        this.#open.delete(fd);
        closeSync(fd);
      },
    };
  }

  /** Closes what an error left open. */
  close(): void {
    for (const fd of this.#open) closeSync(fd);
    this.#open.clear();
  }

  #safeParts(name: string): string[] | undefined {
    const shown = JSON.stringify(name);
    if (name.includes('\0')) this.refuse(`holds the impossible name ${shown}`);
    if (/^([/\\]|[A-Za-z]:[/\\])/.test(name)) this.refuse(`holds ${shown}, an absolute path`);
    const parts = name.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) this.refuse(`holds ${shown}, a path that may lead out of it`);
    if (parts.length === 0 || parts.some(isIgnoredName)) return undefined;
    return parts;
  }

  #makeFolders(parts: readonly string[]): void {
    let path = '';
    for (const part of parts) {
      path = path === '' ? part : `${path}/${part}`;
      if (this.#made.has(path)) continue;
      this.#claim(path, 'folder');
      this.#made.add(path);
      const made = path;
      this.#system(path, () => mkdirSync(join(this.#folder, made), { mode: 0o700 }));
    }
  }

  /** On a file system that ignores case, the second of two such names would overwrite the first. */
  #claim(path: string, kind: 'file' | 'folder'): void {
    const folded = path.normalize('NFC').toLowerCase();
    const before = this.#seen.get(folded);
    if (before === path) this.refuse(`holds ${JSON.stringify(path)} twice`);
    if (before !== undefined) {
      const where = `${JSON.stringify(before)} and ${JSON.stringify(path)}`;
      this.refuse(`holds ${where}, which differ only in case`, `Rename or merge one ${kind} and pack it again.`);
    }
    this.#seen.set(folded, path);
  }

  #system<T>(path: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
      if (code === 'ENAMETOOLONG')
        this.refuse(`holds a name that is too long: ${JSON.stringify(path.slice(0, 80))}...`);
      if (code === 'ENOSPC' || code === 'EDQUOT') {
        throw new RunError(
          `There is no space left in ${dirname(this.#folder)} to unpack ${this.#archiveName}.`,
          'Free some disk space or choose another scratch folder.',
          { cause: error },
        );
      }
      throw error;
    }
  }
}
