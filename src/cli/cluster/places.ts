import { InputError } from '../../lib/errors.ts';

/** Where images lie or results go, as it is written on the command line. */
export type WrittenPlace =
  | { readonly kind: 'claim'; readonly claimName: string; readonly path: string | undefined }
  | { readonly kind: 's3'; readonly url: string };

/** Reads `claim:NAME`, `claim:NAME/PATH` or `s3://BUCKET/PREFIX`. Throws InputError naming `what`. */
export function parsePlace(text: string, what: string): WrittenPlace {
  const written = /^claim:([^/]*)(?:\/(.*))?$/s.exec(text);
  if (written !== null) {
    const [, claimName = '', rest = ''] = written;
    const path = rest.replace(/^\/+|\/+$/g, '');
    if (claimName !== '') return { kind: 'claim', claimName, path: path === '' ? undefined : path };
    throw new InputError(`${what} "${text}" names no claim.`, remedy);
  }
  if (text.startsWith('s3://')) return { kind: 's3', url: text };
  throw new InputError(`${what} "${text}" is neither a claim nor in S3.`, isLocal(text) ? localRemedy : remedy);
}

const remedy = 'Write claim:NAME/PATH for a PersistentVolumeClaim, or s3://BUCKET/PREFIX.';
const localRemedy =
  'A cluster does not see the files of this machine: copy them into a claim or to S3, or use "nasoa tune" here.';

const isLocal = (text: string): boolean => /^[./~]/.test(text);

const archiveName = /([^/]+)\.(tar\.gz|tgz|tar|zip)$/i;

/** Whether a place looks like one archive by its name. */
export const isArchiveName = (place: WrittenPlace): boolean => archiveName.test(lastPart(place));

/** Names of folders that tell nothing of what is in them. */
const empty = /^(images?|data|datasets?|train)$/i;

/**
 * A name for a task on these images: the last part of their place that tells something, as the name of an object; at
 * most 50 characters.
 */
export function nameFor(place: WrittenPlace): string {
  const parts = partsOf(place);
  const last = parts.findLast((part) => !empty.test(part)) ?? parts.at(-1) ?? '';
  const slug = (archiveName.exec(last)?.[1] ?? last)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '');
  return slug === '' ? 'task' : slug;
}

const lastPart = (place: WrittenPlace): string => partsOf(place).at(-1) ?? '';

function partsOf(place: WrittenPlace): readonly string[] {
  const whole = place.kind === 's3' ? place.url.slice('s3://'.length) : `${place.claimName}/${place.path ?? ''}`;
  return whole.split('/').filter((part) => part !== '');
}
