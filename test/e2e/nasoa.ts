import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from '../../hack/cluster/programs.ts';
import type { Site } from './site.ts';

const program = fileURLToPath(new URL('../../bin/nasoa.js', import.meta.url));

export type Nasoa = (...args: readonly string[]) => Promise<string>;

/** The command line of a user of the cluster, with their keys of S3. Answers with what it prints. */
export const nasoa =
  ({ cluster, ground, s3 }: Site): Nasoa =>
  (...args) =>
    must(process.execPath, [program, ...args], { ...ground.env, ...s3.keys, KUBECONFIG: cluster.plane.kubeconfig });

/** Share of the pictures below a folder, one folder a class, that a model puts into their class. */
export async function accuracyOn(folder: string, model: string, run: Nasoa): Promise<number> {
  const pictures = readdirSync(folder).flatMap((name) =>
    readdirSync(join(folder, name)).map((file) => ({ name, path: join(folder, name, file) })),
  );
  const answer = JSON.parse(await run('predict', model, ...pictures.map(({ path }) => path), '--json')) as {
    readonly predictions: readonly { readonly predictions: readonly { readonly class: string }[] }[];
  };
  const right = pictures.filter(({ name }, i) => answer.predictions[i]?.predictions[0]?.class === name);
  return right.length / pictures.length;
}
