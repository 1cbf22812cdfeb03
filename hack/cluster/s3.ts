import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBinaries } from './binaries.ts';
import { freePorts, Service } from './service.ts';

export interface S3 {
  readonly service: Service;
  readonly endpoint: string;
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  /** A bucket is a folder below this one, an object a file in it. */
  readonly folder: string;
}

export interface S3Options {
  /** For the buckets and the log. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where it listens: pods reach no loopback. */
  readonly address: string;
  readonly buckets: readonly string[];
}

/** A served S3: versitygw over a folder of this machine. */
export async function startS3({ folder, env, address, buckets }: S3Options): Promise<S3> {
  const { versitygw } = await ensureBinaries(['versitygw'], { env, log: () => undefined });
  const root = join(folder, 's3');
  for (const bucket of buckets) await mkdir(join(root, bucket), { recursive: true });
  await mkdir(join(folder, 'logs'), { recursive: true });
  const keys = { AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'only-for-this-test' };
  const [port = 0] = await freePorts(1);
  const endpoint = `http://${address}:${port}`;
  const owner = { ROOT_ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY };
  const service = new Service({
    ...{ name: 'versitygw', env: { ...env, ...owner }, log: join(folder, 'logs', 's3.log'), readySeconds: 30 },
    command: [versitygw, '--port', `${address}:${port}`, 'posix', root],
    // refused for want of a signature: it serves
    isReady: async () => (await fetch(endpoint)).status === 403,
  });
  await service.start();
  return { service, endpoint, keys, folder: root };
}
