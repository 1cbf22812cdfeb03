import { parseAllDocuments } from 'yaml';
import { ensureBinaries } from '../../hack/cluster/binaries.ts';
import { chartFolder } from '../../hack/cluster/operator-manifest.ts';
import { type Finished, run } from '../../hack/tool.ts';

/** A rendered object; only what tests look at is typed. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export const chartNamespace = 'nasoa-system';

/** `helm template` with values as `--set` takes them, to its end. */
export async function helmTemplate(values: readonly string[] = []): Promise<Finished> {
  const log = (line: string): void => {
    process.stderr.write(`cluster: ${line}\n`);
  };
  const { helm } = await ensureBinaries(['helm'], { env: process.env, log });
  const args = ['template', 'nasoa', chartFolder, '--namespace', chartNamespace];
  return run(helm, [...args, ...values.flatMap((value) => ['--set', value])], { env: process.env });
}

/** The objects that the chart makes of these values. Throws with helm's words where it refuses them. */
export async function renderedChart(values: readonly string[] = []): Promise<readonly Rendered[]> {
  const { code, stdout, stderr } = await helmTemplate(values);
  if (code !== 0) throw new Error(stderr);
  return parseObjects(stdout);
}

/** Every object of a YAML stream. Throws where it cannot be read. */
export function parseObjects(text: string): readonly Rendered[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    return value === null ? [] : [value as Rendered];
  });
}

/** The one object of that kind, by its name where there are several. */
export function theOnly(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter((o) => o.kind === kind && (name === undefined || o.metadata.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} objects of kind ${kind} ${name ?? ''}`);
  return first;
}
