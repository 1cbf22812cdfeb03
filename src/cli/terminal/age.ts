const units = [
  ['d', 86400],
  ['h', 3600],
  ['m', 60],
] as const;

/** Time since `since` (RFC 3339) in its largest unit from two of it on, as kubectl shows it: `90s`, `12m`, `3h`, `4d`. */
export function ageOf(since: string, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - Date.parse(since)) / 1000);
  const [unit, length] = units.find(([, size]) => seconds >= 2 * size) ?? ['s', 1];
  return `${Math.floor(seconds / length)}${unit}`;
}
