import { describe, expect, test } from '@jest/globals';
import {
  claimsOf,
  keysOf,
  mountsOf,
  type Place,
  type Places,
  secretsOf,
  trainerPlace,
  volumesOf,
} from '../../src/controllers/storage.ts';

const claim = (claimName: string, path?: string): Place => ({
  claim: { claimName, ...(path === undefined ? {} : { path }) },
});
const s3 = (secretName: string): Place => ({ s3: { url: 's3://bucket/prefix', secretName } });

describe('claims', () => {
  test.each<[string, Places, readonly (readonly [string, boolean])[]]>([
    [
      'read-only where only read',
      { data: claim('a'), output: claim('b') },
      [
        ['a', true],
        ['b', false],
      ],
    ],
    ['once where read and written', { data: claim('a', 'in'), output: claim('a', 'out') }, [['a', false]]],
    ['none where all is in S3', { data: s3('x'), output: s3('x') }, []],
  ])('are mounted %s', (_name, places, expected) => {
    const volumes = volumesOf(places).map(({ persistentVolumeClaim: pvc }) => [pvc?.claimName, pvc?.readOnly === true]);
    expect(volumes).toEqual(expected);
    expect(claimsOf(places)).toEqual(expected.map(([name]) => name));
  });

  test('are written at the output alone, whatever they share', () => {
    const mounts = mountsOf({ data: claim('a'), output: claim('a'), zoo: claim('z') });
    expect(mounts.map(({ mountPath, readOnly = false }) => [mountPath, readOnly])).toEqual([
      ['/data', true],
      ['/output', false],
      ['/zoo-claim', true],
    ]);
    expect(mounts[0]?.name).toBe(mounts[1]?.name);
  });
});

describe('keys of S3', () => {
  const sources = (places: Places) =>
    keysOf(places).map(({ name, valueFrom }) => [name, valueFrom?.secretKeyRef?.name]);

  test('are given once where all places share a Secret', () => {
    expect(sources({ data: s3('keys'), output: s3('keys') })).toEqual([
      ['AWS_ACCESS_KEY_ID', 'keys'],
      ['AWS_SECRET_ACCESS_KEY', 'keys'],
      ['AWS_SESSION_TOKEN', 'keys'],
    ]);
  });

  test('of a second Secret carry the name of what they are for', () => {
    const places = { data: s3('read'), output: s3('write') };
    expect(sources(places)).toContainEqual(['NASOA_OUTPUT_AWS_ACCESS_KEY_ID', 'write']);
    expect(sources(places)).toContainEqual(['AWS_ACCESS_KEY_ID', 'read']);
    expect(secretsOf(places)).toEqual(['read', 'write']);
  });

  test('never stand in the pod themselves', () => {
    expect(keysOf({ data: s3('keys') }).every(({ value }) => value === undefined)).toBe(true);
  });
});

describe('a place as the trainer sees it', () => {
  test.each<[string, Place, unknown]>([
    ['a whole claim', claim('a'), { kind: 'folder', path: '/data' }],
    ['a folder of a claim', claim('a', 'flowers/2024'), { kind: 'folder', path: '/data/flowers/2024' }],
    ['a prefix in S3', s3('keys'), { kind: 's3', url: 's3://bucket/prefix' }],
  ])('%s', (_name, place, expected) => {
    expect(trainerPlace('data', place)).toEqual(expected);
  });
});
