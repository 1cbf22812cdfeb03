import type { ArtifactStore } from './artifacts.ts';
import { folderArtifacts } from './folder-artifacts.ts';
import { openS3Artifacts } from './s3-artifacts.ts';
import { parseS3Url } from './s3-place.ts';

/** Where artifacts are: a folder (a mounted claim), or S3 with what its client needs to know. */
export type ArtifactPlace =
  | { readonly folder: string; readonly s3?: never }
  | { readonly s3: S3Reference; readonly folder?: never };

export interface S3Reference {
  readonly url: string;
  readonly endpoint?: string;
  readonly region?: string;
}

/** Throws InputError for a wrong URL and for missing credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). */
export async function openArtifacts(place: ArtifactPlace, env: NodeJS.ProcessEnv): Promise<ArtifactStore> {
  if (place.s3 === undefined) return folderArtifacts(place.folder);
  const { url, ...server } = place.s3;
  return await openS3Artifacts({ ...parseS3Url(url), ...server }, env);
}
