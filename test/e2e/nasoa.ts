import { fileURLToPath } from 'node:url';
import { must } from '../../hack/cluster/programs.ts';
import type { Site } from './site.ts';

const program = fileURLToPath(new URL('../../bin/nasoa.js', import.meta.url));

/** The command line of a user of the cluster, with their keys of S3. Answers with what it prints. */
export const nasoa =
  ({ cluster, ground, s3 }: Site) =>
  (...args: readonly string[]): Promise<string> =>
    must(process.execPath, [program, ...args], { ...ground.env, ...s3.keys, KUBECONFIG: cluster.plane.kubeconfig });
