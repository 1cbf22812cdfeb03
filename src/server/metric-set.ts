import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Makers of metrics in one registry; all names begin with `nasoa_`. */
export interface MetricSet {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `read` sets the values when the metrics are asked for. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    read?: (gauge: Gauge<L>) => void,
  ): Gauge<L>;
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
}

export function metricSet(registry: Registry): MetricSet {
  const common = <L extends string>(name: string, help: string, labels: readonly L[] = []) => ({
    name: `nasoa_${name}`,
    help,
    labelNames: labels,
    registers: [registry],
  });
  return {
    counter: (name, help, labels) => new Counter(common(name, help, labels)),
    gauge: <L extends string>(
      name: string,
      help: string,
      labels?: readonly L[],
      read?: (gauge: Gauge<L>) => void,
    ): Gauge<L> => {
      const gauge: Gauge<L> = new Gauge<L>({
        ...common(name, help, labels),
        ...(read === undefined ? {} : { collect: () => read(gauge) }),
      });
      return gauge;
    },
    histogram: (name, help, buckets, labels) => new Histogram({ ...common(name, help, labels), buckets: [...buckets] }),
  };
}

/** From a millisecond to half a minute: requests and reconciles. */
export const shortSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** From seconds to days: phases of tasks. */
export const longSeconds = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 43_200, 86_400, 604_800] as const;

/**
 * Keeps a label bounded: the first `most` values are kept as they are, all later ones become `other`. Each label has
 * its own.
 */
export function bounded(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= most) return 'other';
    known.add(value);
    return value;
  };
}
