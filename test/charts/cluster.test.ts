/** What the chart and the manifests hold, judged by a real API server and by kubeconform. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureBinaries } from '../../hack/cluster/binaries.ts';
import { operatorManifest } from '../../hack/cluster/operator-manifest.ts';
import { run } from '../../hack/tool.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { chartNamespace, helmTemplate, parseObjects, type Rendered, renderedChart, theOnly } from '../support/chart.ts';
import { schemaLocation, writeSchemas } from '../support/kube-schemas.ts';

/** Kinds of the Prometheus operator, which no plain API server knows. */
const foreign = ['ServiceMonitor', 'PrometheusRule'];
const everything = [
  'namespaces={vision}',
  'metrics.serviceMonitor.enabled=true',
  'metrics.rules.enabled=true',
  'metrics.dashboard.enabled=true',
];

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  for (const name of [chartNamespace, 'vision']) {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await api.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  }
}, 900_000);
afterAll(async () => {
  await api?.stop();
});

/** Creates the object without keeping it, every unknown or doubled field refused. */
async function judge(object: Rendered): Promise<string> {
  const path = await api.api.pathOf(object.apiVersion, object.kind, object.metadata.namespace);
  const { status, text } = await api.api.send('POST', `${path}?dryRun=All&fieldValidation=Strict`, object);
  return status === 201 ? 'accepted' : `${object.kind} ${object.metadata.name}: ${text}`;
}

test.each<[string, readonly string[]]>([
  ['by default', []],
  ['with a PostgreSQL', ['database.existingSecret=experience-database', 'replicas=3']],
  ['with everything', everything],
])('the API server accepts all that the chart makes %s', async (_what, values) => {
  const objects = (await renderedChart(values)).filter(({ kind }) => !foreign.includes(kind));
  const answers = [];
  for (const object of objects) answers.push(await judge(object));
  expect(answers).toEqual(objects.map(() => 'accepted'));
});

test('pods of the operator and of its test keep the restricted Pod Security level', async () => {
  const objects = await renderedChart();
  const { spec } = theOnly(objects, 'Deployment') as unknown as { spec: { template: object } };
  const operator = { apiVersion: 'v1', kind: 'Pod', ...spec.template } as unknown as Rendered;
  const pods = [{ ...operator, metadata: { name: 'operator', namespace: chartNamespace } }, theOnly(objects, 'Pod')];
  for (const pod of pods) expect(await judge(pod)).toBe('accepted');
});

test('kubeconform finds nothing to object to', async () => {
  const { kubeconform } = await ensureBinaries(['kubeconform'], { env: process.env, log: () => undefined });
  const { stdout } = await helmTemplate(everything);
  const [folder, file] = [join(api.folder, 'schemas'), join(api.folder, 'chart.yaml')];
  const kinds = parseObjects(stdout).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
  await writeSchemas(api.api, kinds, folder);
  await writeFile(file, stdout);
  const skip = [...foreign, 'CustomResourceDefinition'].join(',');
  const args = ['-strict', '-summary', '-skip', skip, '-schema-location', schemaLocation(folder), file];
  const finished = await run(kubeconform, args, { env: process.env });
  expect(`${finished.stdout}${finished.stderr}`).toContain('Invalid: 0, Errors: 0');
  expect(finished.code).toBe(0);
});

test('the manifests for those without Helm are what the chart makes, and the API server accepts them', async () => {
  const { helm } = await ensureBinaries(['helm'], { env: process.env, log: () => undefined });
  const path = fileURLToPath(new URL('../../manifests/operator/nasoa.yaml', import.meta.url));
  const kept = readFileSync(path, 'utf8');
  expect(kept).toBe(await operatorManifest(helm, process.env));
  for (const object of parseObjects(kept)) {
    if (object.kind !== 'Namespace') expect(await judge(object)).toBe('accepted');
  }
});
