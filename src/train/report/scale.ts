/** Maps values to pixels. */
export type Scale = (value: number) => number;

export const linearScale = (from: readonly [number, number], to: readonly [number, number]): Scale => {
  const span = from[1] - from[0] || 1;
  return (value) => to[0] + ((value - from[0]) / span) * (to[1] - to[0]);
};

export const logScale = (from: readonly [number, number], to: readonly [number, number]): Scale => {
  const scale = linearScale([Math.log(from[0]), Math.log(from[1])], to);
  return (value) => scale(Math.log(value));
};

/** About `wanted` round numbers from `low` to `high`, both included where they are round. */
export function ticks(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10) * power;
  return range(low, high, step);
}

/** About `wanted` moments from 0 to `seconds` as a clock divides them. */
export function timeTicks(seconds: number, wanted: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
  const rough = seconds / Math.max(1, wanted);
  if (rough < 1) return ticks(0, seconds, wanted);
  const step = steps.find((candidate) => candidate >= rough) ?? Math.ceil(rough / 86400) * 86400;
  return range(0, seconds, step);
}

/** Round moments from `low` to `high` seconds for a logarithmic axis: 1, 2, 5 and their tenfolds as a clock counts. */
export function logTimeTicks(low: number, high: number): number[] {
  const moments = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400, 172800, 432000];
  return [0.1, 0.2, 0.5, ...moments].filter((moment) => moment >= low && moment <= high);
}

function range(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // rounding takes 0.30000000000000004 back to 0.3
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
