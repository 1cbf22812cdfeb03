import { InputError } from '../lib/errors.ts';
import { checkedPrefix } from './artifacts.ts';

/** Where in S3, without who we are there. */
export interface S3Place {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  /** URL of a server that is not Amazon's. */
  readonly endpoint?: string;
  readonly region?: string;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Reads `s3://bucket/prefix`. Throws InputError. */
export function parseS3Url(url: string): Pick<S3Place, 'bucket' | 'prefix'> {
  const [, bucket, prefix] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(url) ?? [];
  if (bucket === undefined || bucket.includes('..')) {
    throw new InputError(
      `"${url.slice(0, 200)}" is no URL of S3.`,
      'Write s3://BUCKET/PREFIX; a bucket has 3 to 63 small letters, digits, "." and "-".',
    );
  }
  return { bucket, prefix: checkedPrefix(prefix ?? '') };
}

/** Credentials come from the environment alone: never from files, nor from the machine a pod happens to run on. */
export function credentialsFrom(env: NodeJS.ProcessEnv): S3Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) {
    throw new InputError(
      'There are no credentials for S3.',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (in the cluster: as keys of the Secret that secretName names).',
    );
  }
  return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) };
}

/** For people: where something is. */
export const s3Url = ({ bucket, prefix }: Pick<S3Place, 'bucket' | 'prefix'>): string =>
  prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
