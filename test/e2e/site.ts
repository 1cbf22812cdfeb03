/** All that the end-to-end test stands on: a cluster, the images in it, and what users have beside a cluster. */
import { nasoaArchives } from '../../hack/cluster/images.ts';
import { type Cluster, startCluster } from '../../hack/cluster/node.ts';
import { podRange } from '../../hack/cluster/node-services.ts';
import { type S3, startS3 } from '../../hack/cluster/s3.ts';
import { stopAll } from '../../hack/cluster/service.ts';
import type { Ground } from './ground.ts';
import { type Postgres, startPostgres } from './postgres.ts';

export interface Site {
  readonly cluster: Cluster;
  readonly ground: Ground;
  readonly postgres: Postgres;
  readonly s3: S3;
  readonly images: { readonly operator: string; readonly trainer: string };
  stop(): Promise<void>;
}

// paths of sockets are short
export const siteFolder = '/tmp/nasoa-e2e';

export async function startSite(log: (line: string) => void): Promise<Site> {
  const env = process.env;
  // built before anything runs: compilers and training pods would wait for each other
  const archives = await timed(log, 'images', () => nasoaArchives(['operator', 'trainer'], { env, log }));
  const cluster = await timed(log, 'cluster', () => startCluster({ folder: siteFolder, env, log }));
  const ground: Ground = { folder: siteFolder, env, address: cluster.address, podRange };
  try {
    const [postgres, s3] = await Promise.all([
      startPostgres(ground),
      startS3({ ...ground, buckets: ['datasets', 'models'] }),
    ]);
    await timed(log, 'loading the images', async () => {
      for (const [tag, archive] of Object.entries(archives)) await cluster.containerd.load(tag, archive);
    });
    const [operator = '', trainer = ''] = Object.keys(archives);
    const stop = async (): Promise<void> => {
      await stopAll([postgres.service, s3.service]);
      await cluster.stop();
    };
    return { cluster, ground, postgres, s3, images: { operator, trainer }, stop };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export async function timed<T>(log: (line: string) => void, what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const made = await work();
  log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return made;
}
