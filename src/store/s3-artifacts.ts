import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { S3 } from '@aws-sdk/client-s3';
import {
  type ArtifactStore,
  byKey,
  checkedKey,
  checkedPrefix,
  keyBelow,
  nothingBelow,
  type StoredObject,
} from './artifacts.ts';
import { filesBelow } from './folder-files.ts';
import { inParallel } from './in-parallel.ts';
import { explainS3, isMissing } from './s3-errors.ts';
import { credentialsFrom, type S3Place, s3Url } from './s3-place.ts';
import { downloadFile, type ObjectPlace, uploadFile } from './s3-transfer.ts';

const objectsAtOnce = 4;
const attempts = 5;

export interface S3Options {
  readonly sleep?: (seconds: number) => Promise<void>;
}

/**
 * Artifacts in a bucket, below the place's prefix. Everything but the credentials comes from the place; throws
 * InputError where they are missing, and later where bucket, credentials or permissions are wrong.
 */
export async function openS3Artifacts(
  place: S3Place,
  env: NodeJS.ProcessEnv,
  { sleep = (seconds) => delay(seconds * 1000) }: S3Options = {},
): Promise<ArtifactStore> {
  const s3 = await createClient(place, env);
  const at = (key: string): ObjectPlace => ({ Bucket: place.bucket, Key: keyBelow(place.prefix, key) });
  const list: ArtifactStore['list'] = async (prefix) => await listAll(s3, place, checkedPrefix(prefix));
  return explained(place, {
    list,
    download: async (prefix, folder) => {
      const inner = checkedPrefix(prefix);
      const objects = await list(inner);
      if (objects.length === 0) throw nothingBelow(s3Url({ ...place, prefix: keyBelow(place.prefix, inner) }));
      await inParallel(objects, objectsAtOnce, ({ key }) => {
        // a bucket may hold any key; one that leads out of the folder is refused here
        const path = checkedKey(inner === '' ? key : key.slice(inner.length + 1));
        return downloadFile(s3, at(key), join(folder, path), sleep);
      });
      return objects;
    },
    fetch: async (key, file) => {
      try {
        await downloadFile(s3, at(checkedKey(key)), file, sleep);
      } catch (error) {
        if (isMissing(error)) throw nothingBelow(s3Url({ ...place, prefix: keyBelow(place.prefix, key) }));
        throw error;
      }
    },
    upload: async (folder, prefix) => {
      const inner = checkedPrefix(prefix);
      const files = await filesBelow(folder, true);
      const objects = await inParallel(files, objectsAtOnce, async ({ path }) => {
        const key = checkedKey(keyBelow(inner, path));
        return { key, bytes: await uploadFile(s3, at(key), join(folder, path)) };
      });
      return objects.sort(byKey);
    },
    readText: async (key) => {
      try {
        const { Body } = await s3.getObject(at(checkedKey(key)));
        return (await Body?.transformToString('utf8')) ?? '';
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    writeText: async (key, text) => {
      const Body = Buffer.from(text);
      // said by us: the client warns where it does not know the length
      const kind = { ContentType: 'text/plain; charset=utf-8', ContentLength: Body.length };
      await s3.putObject({ ...at(checkedKey(key)), Body, ...kind });
    },
    remove: async (prefix) => {
      // one by one: what deletes many at a time needs a checksum that not every server takes
      await inParallel(await list(checkedKey(prefix)), objectsAtOnce, ({ key }) => s3.deleteObject(at(key)));
    },
  });
}

async function createClient({ endpoint, region }: S3Place, env: NodeJS.ProcessEnv): Promise<S3> {
  const credentials = credentialsFrom(env);
  // loaded here, since the module is large and most commands do without
  const { S3: Client } = await import('@aws-sdk/client-s3');
  return new Client({
    credentials: { ...credentials },
    region: region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1',
    // other servers seldom have a host name for each bucket
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
    // the newer checksums are sent in a form that many servers which are not Amazon's do not read
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

async function listAll(s3: S3, place: S3Place, inner: string): Promise<readonly StoredObject[]> {
  const whole = keyBelow(place.prefix, inner).replace(/\/$/, '');
  const folder = whole === '' ? '' : `${whole}/`;
  const cut = place.prefix === '' ? 0 : place.prefix.length + 1;
  const found: StoredObject[] = [];
  for (let token: string | undefined; ; ) {
    const page = await s3.listObjectsV2({ Bucket: place.bucket, Prefix: folder, ContinuationToken: token });
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      // a key that ends in a slash is some programs' sign for an empty folder
      if (!Key.endsWith('/')) found.push({ key: Key.slice(cut), bytes: Size });
    }
    token = page.NextContinuationToken;
    if (!page.IsTruncated || token === undefined) return found.sort(byKey);
  }
}

/** The same store, whose errors say what is wrong and what to do. */
function explained(place: S3Place, store: ArtifactStore): ArtifactStore {
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw explainS3(error, place);
    }
  };
  return {
    list: (prefix) => told(store.list(prefix)),
    download: (prefix, folder) => told(store.download(prefix, folder)),
    fetch: (key, file) => told(store.fetch(key, file)),
    upload: (folder, prefix) => told(store.upload(folder, prefix)),
    readText: (key) => told(store.readText(key)),
    writeText: (key, text) => told(store.writeText(key, text)),
    remove: (prefix) => told(store.remove(prefix)),
  };
}
