/** A run as a long benchmark keeps it. */
export interface KeptRun {
  readonly versions: Readonly<Record<string, string>>;
  /** The processor that it ran on, as `preciseProcessor` names it. */
  readonly cpu: string;
}

/** Of the libraries that the runs have used, and every processor that took part: a benchmark of hours may go on elsewhere. */
export function versionsOf(runs: readonly KeptRun[]): Readonly<Record<string, string>> {
  const cpus = [...new Set(runs.map(({ cpu }) => cpu))];
  return Object.assign({}, ...runs.map(({ versions }) => versions), { cpus: cpus.join('; ') });
}

/**
 * Of runs that are to be compared with each other, those that may be: all of them on one processor, for what fits into
 * the seconds is another matter on another. Where no processor has done `all`, those of `here`, so that it goes on with them.
 */
export function ofOneProcessor<R extends Pick<KeptRun, 'cpu'>>(
  runs: readonly R[],
  { here, all }: { readonly here: string; readonly all: number },
): readonly R[] {
  const by = (cpu: string): readonly R[] => runs.filter((run) => run.cpu === cpu);
  const whole = [here, ...runs.map(({ cpu }) => cpu)].find((cpu) => by(cpu).length === all);
  return by(whole ?? here);
}
