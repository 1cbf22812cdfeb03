/**
 * Writes manifests/operator/nasoa.yaml, the installation without Helm, out of the chart: one source, two ways.
 *   node hack/cluster/operator-manifest.ts [--check]   --check fails where the file is stale
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { RunError } from '../../src/lib/errors.ts';
import { isProgram, reportFailure } from '../tool.ts';
import { ensureBinaries } from './binaries.ts';
import { must } from './programs.ts';

const namespace = 'nasoa-system';
const target = fileURLToPath(new URL('../../manifests/operator/nasoa.yaml', import.meta.url));
export const chartFolder = fileURLToPath(new URL('../../charts/nasoa', import.meta.url));

const head = `# The operator for the whole cluster, with the embedded PostgreSQL. Written by hack/cluster/operator-manifest.ts from the chart;
# change the chart, not this file. docs/install.md says how to apply it and what to adapt.
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

/** What the chart renders for one release, without the cluster being asked. */
export async function renderChart(helm: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return must(helm, ['template', 'nasoa', chartFolder, '--namespace', namespace, ...args], env);
}

export async function operatorManifest(helm: string, env: NodeJS.ProcessEnv): Promise<string> {
  // the CRDs have files of their own, and a test needs Helm
  const settings = 'crds.install=false,database.claim.keep=false';
  const rendered = await renderChart(helm, ['--set', settings, '--skip-tests'], env);
  const lines = rendered.split('\n').filter((line) => !isHelms(line));
  return `${head}${lines.join('\n').trimEnd()}\n`;
}

/** What only says that Helm was there. */
const isHelms = (line: string): boolean =>
  /^\s*(helm\.sh\/chart|app\.kubernetes\.io\/managed-by):/.test(line) || line.startsWith('# Source: ');

if (isProgram(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
    const log = (line: string): void => {
      process.stderr.write(`cluster: ${line}\n`);
    };
    const { helm } = await ensureBinaries(['helm'], { env: process.env, log });
    const manifest = await operatorManifest(helm, process.env);
    if (values.check !== true) await writeFileAtomic(target, manifest);
    else if (readFileSync(target, 'utf8') !== manifest) {
      throw new RunError('manifests/operator/nasoa.yaml is stale.', 'Run: node hack/cluster/operator-manifest.ts');
    }
  } catch (error) {
    reportFailure(error);
  }
}
