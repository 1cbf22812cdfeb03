/**
 * Writes what follows from the schemas of src/crds: the CustomResourceDefinitions for kubectl and for the chart, and
 * the reference page.
 *   node hack/generate-api.ts [--check]    with --check it changes nothing and exits with 1 where a file is stale
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { customResourceDefinition, type Definition } from '../src/crds/crd.ts';
import { apiGroup } from '../src/crds/group.ts';
import { type KindDefinition, kinds } from '../src/crds/kinds.ts';
import { writeFileAtomic } from '../src/lib/atomic-file.ts';
import { RunError } from '../src/lib/errors.ts';
import { apiReference } from './api-reference.ts';
import { isProgram, reportFailure } from './tool.ts';

const notice = '# Written by hack/generate-api.ts from src/crds; do not edit.';

export interface GeneratedFile {
  /** Below the repository. */
  readonly path: string;
  readonly text: string;
}

export function generatedFiles(): readonly GeneratedFile[] {
  const all: readonly KindDefinition[] = Object.values(kinds);
  return [
    ...all.flatMap((kind) => {
      const definition = customResourceDefinition(kind);
      return [
        { path: `manifests/crds/${apiGroup}_${kind.plural}.yaml`, text: `${notice}\n${yaml(definition)}` },
        { path: `charts/nasoa/templates/crds/${kind.plural}.yaml`, text: chartTemplate(definition) },
      ];
    }),
    { path: 'docs/reference/api.md', text: apiReference(all) },
  ];
}

// one line a sentence keeps differences readable, anchors would only puzzle, and Kubernetes still reads YAML 1.1
const yaml = (definition: Definition): string =>
  stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' });

/** As a template and not in the chart's `crds` folder: only so does an upgrade of the chart upgrade them. */
function chartTemplate(definition: Definition): string {
  // an uninstall must leave the definitions: with them would go every task and zoo
  const metadata = { ...(definition['metadata'] as object), annotations: { 'helm.sh/resource-policy': 'keep' } };
  const text = yaml({ ...definition, metadata } as Definition);
  if (text.includes('{{')) throw new Error('a description or rule contains {{, which Helm would read');
  return `{{- if .Values.crds.install }}\n${notice}\n${text}{{- end }}\n`;
}

export function staleFiles(root: string, files: readonly GeneratedFile[]): readonly GeneratedFile[] {
  return files.filter(({ path, text }) => {
    const full = join(root, path);
    return !existsSync(full) || readFileSync(full, 'utf8') !== text;
  });
}

async function main(check: boolean): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const stale = staleFiles(root, generatedFiles());
  if (check && stale.length > 0) {
    throw new RunError(
      `Stale: ${stale.map(({ path }) => path).join(', ')}.`,
      'Run node hack/generate-api.ts and commit what it writes.',
    );
  }
  for (const { path, text } of stale) await writeFileAtomic(join(root, path), text);
}

if (isProgram(import.meta.url)) {
  try {
    await main(process.argv.includes('--check'));
  } catch (error) {
    reportFailure(error);
  }
}
