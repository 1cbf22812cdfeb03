/** Real pictures, as a user's namespace has them: in a claim, and in S3. */
import { chown, cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ApiObject } from '../../hack/cluster/api-client.ts';
import { emojiFolder } from '../../hack/emoji-pictures.ts';
import { cacheDir } from '../../src/lib/user-dirs.ts';
import type { Site } from './site.ts';

/** Clearly different ones, so that a minute on a busy machine tells them apart. */
export const classes = ['Animals & Nature', 'Flags', 'People & Body', 'Smileys & Emotion'] as const;
const perClass = { train: 120, proxy: 24, val: 40 } as const;
/** Whom the pods run as. */
const podUser = 65_532;

export interface Pictures {
  /** Folder of this machine with one folder of pictures for each class, none of which a task sees. */
  readonly unseen: string;
}

/** The claims and the bucket that the samples name. */
export async function layOutPictures({ cluster, ground, s3 }: Site, namespace: string): Promise<Pictures> {
  const source = await emojiFolder({
    example: fileURLToPath(new URL('../../examples/emoji', import.meta.url)),
    cache: join(cacheDir(ground.env), 'demo'),
    env: ground.env,
    log: () => undefined,
  });
  const volumes = join(ground.folder, 'volumes');
  await copyPictures(join(source, 'train'), join(volumes, 'flowers', 'images'), perClass.train);
  await copyPictures(join(source, 'train'), join(s3.folder, 'datasets', 'flowers'), perClass.train);
  await copyPictures(join(source, 'train'), join(volumes, 'pretraining-images'), perClass.proxy);
  const unseen = join(ground.folder, 'unseen');
  await copyPictures(join(source, 'val'), unseen, perClass.val);
  for (const claim of ['flowers', 'models', 'pretraining-images', 'zoo']) {
    const path = join(volumes, claim);
    await mkdir(path, { recursive: true });
    await chown(path, podUser, podUser);
    for (const object of claimObjects(claim, path, namespace)) await cluster.plane.api.apply(object);
  }
  return { unseen };
}

async function copyPictures(from: string, to: string, most: number): Promise<void> {
  for (const name of classes) {
    await mkdir(join(to, name), { recursive: true });
    const files = (await readdir(join(from, name))).sort();
    // evenly, for neighbours in the alphabet show the same
    const stride = Math.max(1, Math.floor(files.length / most));
    for (const file of files.filter((_, i) => i % stride === 0).slice(0, most)) {
      await cp(join(from, name, file), join(to, name, file));
    }
  }
}

const claimObjects = (name: string, path: string, namespace: string): readonly ApiObject[] => {
  const capacity = { storage: '1Gi' };
  const common = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { ...common, capacity, hostPath: { path }, claimRef: { namespace, name } },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace },
      spec: { ...common, resources: { requests: capacity }, volumeName: name },
    },
  ];
};
