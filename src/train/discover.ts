import { join } from 'node:path';
import { InputError } from '../lib/errors.ts';
import { byCodePoint, FolderWalk, type Listing, maybeImage, type Skipped } from './folder-walk.ts';

/** One image of a data set. */
export interface Item {
  readonly path: string;
  /** Index into the classes. */
  readonly label: number;
}

export interface Discovered {
  readonly classes: readonly string[];
  readonly train: readonly Item[];
  /** Undefined where the data set brings no validation images. */
  readonly val: readonly Item[] | undefined;
  readonly skipped: readonly Skipped[];
  readonly warnings: readonly string[];
}

const trainNames = ['train', 'training'];
/** In the order of preference: the first that is there is the validation split. */
const valNames = ['val', 'valid', 'validation', 'test', 'testing'];
const layoutHint =
  'Make one folder per class and put its images into it (cats/1.jpg, dogs/2.jpg), or train/ and val/ with a folder per class each.';
const deepestWrapping = 4;

/** Names for a message: the first few, and how many more. */
export function nameSome(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** Finds the images below `root`, whichever of the layouts it has. Throws InputError where it has none. */
export function discover(root: string, shownRoot: string): Discovered {
  const walk = new FolderWalk(root);
  const top = unwrap(walk, root);
  const listing = walk.list(top);
  const splits = findSplits(walk, top, listing);
  const warnings: string[] = [];
  const skipRest = (used: readonly string[]): void => {
    const rest = listing.folders.filter((name) => !used.includes(name));
    if (rest.length > 0) warnings.push(`Beside ${used.join(' and ')}, the folders ${nameSome(rest)} are not used.`);
  };
  if (!splits) {
    const found = collectClasses(walk, top, shownRoot);
    return { ...found, val: undefined, skipped: walk.skipped, warnings };
  }
  skipRest(splits.val === undefined ? [splits.train] : [splits.train, splits.val]);
  const { classes, train } = collectClasses(walk, join(top, splits.train), `${shownRoot}/${splits.train}`);
  if (splits.val === undefined) return { classes, train, val: undefined, skipped: walk.skipped, warnings };
  const val = collectVal(walk, join(top, splits.val), classes, `${shownRoot}/${splits.val}`);
  return { classes, train, val, skipped: walk.skipped, warnings };
}

/** Goes down through folders that hold nothing but one folder of folders: `pets/train/...` packed as a whole. */
function unwrap(walk: FolderWalk, root: string): string {
  let top = root;
  for (let depth = 0; depth < deepestWrapping; depth++) {
    const { files, folders } = walk.list(top);
    const [only] = folders;
    if (folders.length !== 1 || only === undefined || files.some(maybeImage)) return top;
    const inner = walk.list(join(top, only));
    if (inner.folders.length === 0 || inner.files.some(maybeImage)) return top;
    top = join(top, only);
  }
  return top;
}

/** The folders that are splits rather than classes: both there with folders in them, or one alone without own images. */
function findSplits(walk: FolderWalk, top: string, { folders }: Listing): { train: string; val?: string } | undefined {
  const holdsFolders = (name: string): boolean => walk.list(join(top, name)).folders.length > 0;
  const named = (names: readonly string[]): string | undefined =>
    names.flatMap((name) => folders.filter((f) => f.toLowerCase() === name && holdsFolders(f)))[0];
  const train = named(trainNames);
  const val = named(valNames);
  const isSplitName = (name: string): boolean => [...trainNames, ...valNames].includes(name.toLowerCase());
  if (train !== undefined && val !== undefined) return { train, val };
  // without a second split, other folders or own images mean that `train` is a class among classes (of vehicles, say)
  const isSplit = (name: string | undefined): name is string =>
    name !== undefined && folders.every(isSplitName) && !walk.list(join(top, name)).files.some(maybeImage);
  if (isSplit(train)) return { train };
  if (isSplit(val)) {
    throw new InputError(
      `There is a folder ${val}, but no folder train with a folder per class.`,
      `Add train/ beside it, or pass the folder ${val} itself to have it split.`,
    );
  }
  return undefined;
}

function collectClasses(walk: FolderWalk, folder: string, shown: string): Pick<Discovered, 'classes' | 'train'> {
  const { files, folders } = walk.list(folder);
  const loose = files.filter(maybeImage);
  if (folders.length === 0) {
    const what = loose.length > 0 ? 'has images, but no class folders' : 'has no images';
    throw new InputError(`${shown} ${what}.`, layoutHint);
  }
  for (const name of files) walk.skip(join(folder, name), maybeImage(name) ? 'in no class folder' : 'not an image');
  const byClass = new Map<string, string[]>();
  for (const name of folders) {
    // one class may be written in two Unicode forms, by different systems
    const label = name.normalize('NFC');
    byClass.set(label, (byClass.get(label) ?? []).concat(walk.images(join(folder, name))));
  }
  const classes = [...byClass.keys()].sort(byCodePoint);
  const empty = classes.filter((name) => byClass.get(name)?.length === 0);
  if (empty.length === classes.length) throw new InputError(`${shown} has no images.`, layoutHint);
  if (empty.length > 0) {
    throw new InputError(
      `${shown} has no image of the class ${nameSome(empty)}.`,
      'Put images into that folder, or remove it if it is no class.',
    );
  }
  if (classes.length < 2) {
    throw new InputError(
      `${shown} has only one class (${nameSome(classes)}), and a classifier needs at least two.`,
      'Add a folder with images of something else.',
    );
  }
  const train = classes.flatMap((name, label) => (byClass.get(name) ?? []).map((path) => ({ path, label })));
  return { classes, train };
}

function collectVal(walk: FolderWalk, folder: string, classes: readonly string[], shown: string): Item[] {
  const { files, folders } = walk.list(folder);
  for (const name of files) walk.skip(join(folder, name), maybeImage(name) ? 'in no class folder' : 'not an image');
  const val: Item[] = [];
  const unknown: string[] = [];
  for (const name of folders) {
    const images = walk.images(join(folder, name));
    const label = classes.indexOf(name.normalize('NFC'));
    if (label >= 0) for (const path of images) val.push({ path, label });
    else if (images.length > 0) unknown.push(name);
  }
  if (unknown.length > 0) {
    throw new InputError(
      `${shown} has the class ${nameSome(unknown)}, which is not among the training classes (${nameSome(classes)}).`,
      'Name the class folders alike in both, or add training images of that class.',
    );
  }
  if (val.length === 0) {
    throw new InputError(
      `${shown} has no images.`,
      'Put images into it, or remove it to have training images split off.',
    );
  }
  return val.sort((a, b) => a.label - b.label);
}
