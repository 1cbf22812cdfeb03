/** From the places that a spec names to what a pod needs to reach them: volumes, mounts, keys, the trainer's words. */
import { posix } from 'node:path';
import type { ClaimPlace, DataSource, Output, S3Place } from '../crds/storage.ts';
import type { TrainerData, TrainerOutput, TrainerPlace } from '../crds/trainer-job.ts';
import type { EnvVar, Volume, VolumeMount } from '../crds/workloads.ts';

/** A place in a claim or in S3. */
export type Place = { readonly claim: ClaimPlace } | { readonly s3: S3Place };

/** What a place is to a pod. */
export type PlaceRole = 'data' | 'output' | 'zoo' | 'weights';
export type Places = { readonly [R in PlaceRole]?: Place };

const roles: readonly PlaceRole[] = ['data', 'output', 'zoo', 'weights'];
const folders: Readonly<Record<PlaceRole, string>> = {
  data: '/data',
  output: '/output',
  zoo: '/zoo-claim',
  weights: '/weights',
};

const secretKeys = [
  { key: 'AWS_ACCESS_KEY_ID', optional: false },
  { key: 'AWS_SECRET_ACCESS_KEY', optional: false },
  { key: 'AWS_SESSION_TOKEN', optional: true },
] as const;

export const placeOf = (source: DataSource | Output): Place =>
  source.claim === undefined ? { s3: source.s3 } : { claim: source.claim };

/** The place as the trainer sees it. */
export function trainerPlace(role: PlaceRole, place: Place): TrainerPlace {
  if ('claim' in place) return { kind: 'folder', path: posix.join(folders[role], place.claim.path ?? '') };
  const { url, endpoint, region } = place.s3;
  return {
    kind: 's3',
    url,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  };
}

export const trainerData = (data: DataSource): TrainerData => ({
  place: trainerPlace('data', placeOf(data)),
  format: data.format,
  validationShare: data.validationShare,
});

/** `folder`: relative, unique for the object. */
export function trainerOutput(output: Output, folder: string): TrainerOutput {
  const place = trainerPlace('output', placeOf(output));
  if (output.claim === undefined) return { place, folder };
  return { place, folder, claim: { claimName: output.claim.claimName, path: output.claim.path ?? '' } };
}

const given = (places: Places): readonly (readonly [PlaceRole, Place])[] =>
  roles.flatMap((role) => {
    const place = places[role];
    return place === undefined ? [] : [[role, place] as const];
  });

export const claimsOf = (places: Places): readonly string[] => [
  ...new Set(given(places).flatMap(([, place]) => ('claim' in place ? [place.claim.claimName] : []))),
];

export const secretsOf = (places: Places): readonly string[] => [
  ...new Set(given(places).flatMap(([, place]) => ('s3' in place ? [place.s3.secretName] : []))),
];

/** One volume a claim, however often it is named: a pod may not mount one claim read-only and writable at a time. */
export function volumesOf(places: Places): readonly Volume[] {
  const { output } = places;
  const written = output !== undefined && 'claim' in output ? output.claim.claimName : undefined;
  return claimsOf(places).map((claimName, i) => ({
    name: `claim-${i}`,
    // where only reading is asked for, ReadOnlyMany claims do, and no kubelet changes the group of a million files
    persistentVolumeClaim: { claimName, ...(claimName === written ? {} : { readOnly: true }) },
  }));
}

export function mountsOf(places: Places): readonly VolumeMount[] {
  const claims = claimsOf(places);
  return given(places).flatMap(([role, place]) => {
    if (!('claim' in place)) return [];
    const name = `claim-${claims.indexOf(place.claim.claimName)}`;
    return [{ name, mountPath: folders[role], ...(role === 'output' ? {} : { readOnly: true }) }];
  });
}

/**
 * Keys of S3 out of their Secrets. The first Secret's are the plain AWS_...; a place with another Secret has its own,
 * which begin with NASOA_ and its role: NASOA_OUTPUT_AWS_ACCESS_KEY_ID.
 */
export function keysOf(places: Places): readonly EnvVar[] {
  const first = secretsOf(places)[0];
  const others = given(places).flatMap(([role, place]) => {
    if (!('s3' in place) || place.s3.secretName === first) return [];
    return keys(place.s3.secretName, `NASOA_${role.toUpperCase()}_`);
  });
  return first === undefined ? [] : [...keys(first, ''), ...others];
}

const keys = (secretName: string, prefix: string): readonly EnvVar[] =>
  secretKeys.map(({ key, optional }) => ({
    name: `${prefix}${key}`,
    valueFrom: { secretKeyRef: { name: secretName, key, ...(optional ? { optional } : {}) } },
  }));
