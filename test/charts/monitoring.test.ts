import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics } from '../../src/server/metrics.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}
const alertsText = read('charts/nasoa/files/alerts.yaml');
const dashboardText = read('charts/nasoa/files/dashboard.json');
const alerts = (parse(alertsText) as { groups: { rules: Alert[] }[] }).groups.flatMap(({ rules }) => rules);

/** Metrics of the operator that a text names, without what Prometheus adds to histograms. */
const metricsIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/nasoa_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''))),
];

async function servedMetrics(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics({ version: '1', tasks: () => ({}), zoos: () => ({}), process: false });
  try {
    const text = await metrics.text();
    return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ''));
  } finally {
    metrics.close();
  }
}

test.each([
  ['alerts', alertsText],
  ['the dashboard', dashboardText],
])('%s ask only for metrics that the operator has', async (_what, text) => {
  const served = await servedMetrics();
  expect(metricsIn(text).filter((name) => !served.has(name))).toEqual([]);
});

test.each(alerts)('$alert has a remedy in docs/operations.md', ({ alert, annotations }) => {
  expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
  expect(read('docs/operations.md').split('\n')).toContain(`### ${alert}`);
});

test('every alert says what is wrong and what follows from it', () => {
  for (const { annotations } of alerts) {
    expect(annotations.summary).toMatch(/\.$/);
    expect(annotations.description).toMatch(/\.$/);
  }
});
