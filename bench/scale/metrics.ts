/** Reads what the operator tells in Prometheus' text format. */

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function parseMetrics(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-z_:0-9]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}

export const sumOf = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number =>
  samples
    .filter((s) => s.name === name && Object.entries(labels).every(([key, value]) => s.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);

/** Upper edge of the bucket in which that quantile of a histogram falls, interpolated within it as Prometheus does. */
export function quantileOf(
  samples: readonly Sample[],
  name: string,
  quantile: number,
  labels: Readonly<Record<string, string>> = {},
): number {
  const edges = [...new Set(samples.filter((s) => s.name === `${name}_bucket`).map((s) => s.labels.le ?? ''))];
  const buckets = edges
    .map((le) => ({
      edge: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
      count: sumOf(samples, `${name}_bucket`, { ...labels, le }),
    }))
    .sort((a, b) => a.edge - b.edge);
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return Number.NaN;
  const at = buckets.findIndex(({ count }) => count >= quantile * total);
  const [below, bucket] = [buckets[at - 1] ?? { edge: 0, count: 0 }, buckets[at]];
  if (bucket === undefined || !Number.isFinite(bucket.edge)) return below.edge;
  const share = (quantile * total - below.count) / Math.max(1, bucket.count - below.count);
  return below.edge + share * (bucket.edge - below.edge);
}
