import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBinaries } from '../../hack/cluster/binaries.ts';
import { freePorts, Service } from '../../hack/cluster/service.ts';
import type { Ground } from './ground.ts';

export interface S3 {
  readonly service: Service;
  readonly endpoint: string;
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  /** A bucket is a folder below this one, an object a file in it. */
  readonly buckets: string;
}

/** versitygw over a folder of this machine. */
export async function startS3({ folder, env, address }: Ground): Promise<S3> {
  const { versitygw } = await ensureBinaries(['versitygw'], { env, log: () => undefined });
  const buckets = join(folder, 's3');
  for (const bucket of ['datasets', 'models']) await mkdir(join(buckets, bucket), { recursive: true });
  const keys = { AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'only-for-this-test' };
  const [port = 0] = await freePorts(1);
  const endpoint = `http://${address}:${port}`;
  const root = { ROOT_ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY };
  const service = new Service({
    ...{ name: 'versitygw', env: { ...env, ...root }, log: join(folder, 'logs', 's3.log'), readySeconds: 30 },
    command: [versitygw, '--port', `${address}:${port}`, 'posix', buckets],
    // refused for want of a signature: it serves
    isReady: async () => (await fetch(endpoint)).status === 403,
  });
  await service.start();
  return { service, endpoint, keys, buckets };
}
