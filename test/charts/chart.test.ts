import { describe, expect, test } from '@jest/globals';
import { helmTemplate, type Rendered, renderedChart, theOnly } from '../support/chart.ts';
import { grantsOf, type Rule } from '../support/rights.ts';

const postgres = 'database.existingSecret=experience-database';

describe('values that make no sense are refused', () => {
  test.each<[string, readonly string[], string]>([
    ['two replicas with the embedded database', ['replicas=2'], 'replicas'],
    ['a replica too many', [postgres, 'replicas=6'], 'replicas'],
    ['a misspelt value', ['replica=1'], 'replica'],
    ['a misspelt value deep inside', ['database.existingsecret=a'], 'existingsecret'],
    ['a namespace with capitals', ['namespaces={Vision}'], 'namespaces'],
    ['an unknown level of the log', ['logLevel=chatty'], 'logLevel'],
    [
      'a service account that is neither made nor named',
      ['serviceAccount.create=false'],
      'serviceAccount.name is needed',
    ],
  ])('%s', async (_what, values, words) => {
    const { code, stderr } = await helmTemplate(values);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  });
});

describe('how many replicas', () => {
  test.each<[string, readonly string[], number, string, boolean]>([
    ['one with the embedded database, which is closed before the next opens it', [], 1, 'Recreate', false],
    ['two with a PostgreSQL, one at a time', [postgres], 2, 'RollingUpdate', true],
    ['as many as are asked for', [postgres, 'replicas=3'], 3, 'RollingUpdate', true],
    ['none, to stop it', ['replicas=0'], 0, 'Recreate', false],
  ])('%s', async (_what, values, wantReplicas, wantStrategy, wantBudget) => {
    const objects = await renderedChart(values);
    const { spec } = theOnly(objects, 'Deployment') as unknown as {
      spec: { replicas: number; strategy: { type: string } };
    };
    expect(spec.replicas).toBe(wantReplicas);
    expect(spec.strategy.type).toBe(wantStrategy);
    expect(objects.some(({ kind }) => kind === 'PodDisruptionBudget')).toBe(wantBudget);
  });
});

describe('what is made', () => {
  const kindsOf = (objects: readonly Rendered[]) => new Set(objects.map(({ kind }) => kind));

  test.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['a claim for the embedded database', [], ['PersistentVolumeClaim', 'NetworkPolicy'], ['ServiceMonitor']],
    ['no claim with a PostgreSQL', [postgres], [], ['PersistentVolumeClaim']],
    ['no claim where there is one', ['database.claim.existing=mine'], [], ['PersistentVolumeClaim']],
    [
      'monitoring where it is asked for',
      ['metrics.serviceMonitor.enabled=true', 'metrics.rules.enabled=true', 'metrics.dashboard.enabled=true'],
      ['ServiceMonitor', 'PrometheusRule', 'ConfigMap'],
      [],
    ],
    ['no network policy where it is not wanted', ['networkPolicy.enabled=false'], [], ['NetworkPolicy']],
    ['no CRDs where others manage them', ['crds.install=false'], [], ['CustomResourceDefinition']],
  ])('%s', async (_what, values, wanted, unwanted) => {
    const kinds = kindsOf(await renderedChart(values));
    for (const kind of wanted) expect(kinds).toContain(kind);
    for (const kind of unwanted) expect(kinds).not.toContain(kind);
  });

  test('CRDs stay when the release is uninstalled', async () => {
    const crds = (await renderedChart()).filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crds.map(({ metadata }) => metadata.name).sort()).toEqual([
      'finetunetasks.nasoa.dev',
      'modelzoos.nasoa.dev',
    ]);
    for (const { metadata } of crds) expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
  });

  test('the Secret of the certificate is empty, so that no upgrade overwrites it', async () => {
    const secret = theOnly(await renderedChart(), 'Secret');
    expect(secret).not.toHaveProperty('data');
    expect(secret).not.toHaveProperty('stringData');
  });
});

describe('rights', () => {
  const rulesOf = (object: Rendered): readonly Rule[] => (object as unknown as { rules: readonly Rule[] }).rules;
  const roles = (objects: readonly Rendered[], kind: string) =>
    objects.filter((o) => o.kind === kind && !/-(edit|view)$/.test(o.metadata.name));

  test('for named namespaces there is a Role in each, and for the cluster only the review of tokens', async () => {
    const objects = await renderedChart(['namespaces={vision,audio}']);
    const [cluster] = roles(objects, 'ClusterRole');
    expect(cluster && grantsOf(rulesOf(cluster))).toEqual(['create authentication.k8s.io/tokenreviews']);
    const namespaces = roles(objects, 'Role').map(({ metadata }) => metadata.namespace);
    expect(namespaces.sort()).toEqual(['audio', 'nasoa-system', 'vision']);
    const bound = objects.filter(({ kind }) => kind === 'RoleBinding').map(({ metadata }) => metadata.namespace);
    expect(bound.sort()).toEqual(namespaces);
  });

  test('the same rights are granted either way', async () => {
    const [wide, narrow] = await Promise.all([renderedChart(), renderedChart(['namespaces={vision}'])]);
    const all = (objects: readonly Rendered[]) =>
      grantsOf([...roles(objects, 'ClusterRole'), ...roles(objects, 'Role')].flatMap(rulesOf));
    expect([...all(narrow)].sort()).toEqual([...all(wide)].sort());
  });

  test('no right is granted by a wildcard, and no Secret is written but the one of the certificate', async () => {
    const objects = await renderedChart();
    const rules = [...roles(objects, 'ClusterRole'), ...roles(objects, 'Role')].flatMap(rulesOf);
    expect(JSON.stringify(rules)).not.toContain('"*"');
    for (const role of roles(objects, 'ClusterRole')) {
      const writes = grantsOf(rulesOf(role)).filter((right) => / core\/secrets$/.test(right));
      expect(writes).toEqual(['get core/secrets']);
    }
  });

  test('without the check of Secrets the operator reads none but its own', async () => {
    const objects = await renderedChart(['rbac.checkSecrets=false']);
    const secretRules = [...roles(objects, 'ClusterRole'), ...roles(objects, 'Role')]
      .flatMap(rulesOf)
      .filter(({ resources }) => resources.includes('secrets'));
    expect(secretRules).toEqual([expect.objectContaining({ resourceNames: ['nasoa-serving'] })]);
  });
});
