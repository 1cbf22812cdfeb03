import { InputError } from './errors.ts';

const unitSeconds: Readonly<Record<string, number>> = { d: 86400, h: 3600, m: 60, s: 1 };

/** Seconds of a duration such as `90`, `90s`, `5m`, `1h30m`, `2d`. Throws InputError naming `what`. */
export function parseDuration(text: string, what = 'duration'): number {
  const remedy = `Write ${what} as seconds or with units, for instance 90s, 5m or 1h30m.`;
  if (/^\d+(\.\d+)?$/.test(text)) return positive(Number(text), text, what, remedy);
  if (!/^(\d+(\.\d+)?[dhms])+$/.test(text)) throw new InputError(`The ${what} "${text}" is not a duration.`, remedy);
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)) {
    seconds += Number(count) * (unitSeconds[unit ?? ''] ?? 0);
  }
  return positive(seconds, text, what, remedy);
}

function positive(seconds: number, text: string, what: string, remedy: string): number {
  if (!Number.isFinite(seconds) || seconds <= 0) throw new InputError(`The ${what} "${text}" is not positive.`, remedy);
  return seconds;
}

/** `75` -> `1m15s`; under 10 s with one decimal. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (h > 0) return m > 0 ? `${h}h${m}m` : `${h}h`;
  if (m > 0) return s > 0 ? `${m}m${s}s` : `${m}m`;
  return `${s}s`;
}
