/** What a search on one machine does next, and what becomes of each result: from one file to the next, nothing else. */
import { isDeepStrictEqual } from 'node:util';
import { climbs } from '../../nas/ladder.ts';
import { nsga2Search } from '../../nas/nsga2.ts';
import type { AskedCandidate, Candidate } from '../../nas/search.ts';
import type { MeasuredCandidate, SearchFile } from './search-file.ts';

/** What is to be done for a candidate; its training is of that rung. */
export type Work = { readonly candidate: AskedCandidate } & (
  | { readonly kind: 'measure' }
  | { readonly kind: 'train'; readonly rung: number }
);

/** Attempts of a candidate whose process ended without an answer. */
const mostAttempts = 3;

type Done = Extract<Candidate, { readonly phase: 'done' }>;

/** Candidates with a result whose step time is of another machine. */
const untimed = ({ search, measured }: SearchFile): readonly Done[] => {
  const timed = new Set(measured.map(({ id }) => id));
  return search.candidates.filter((c): c is Done => c.phase === 'done' && !timed.has(c.id));
};

/** The search as it goes on on `machine`: what was timed on another one is to be timed anew, accuracies stay. */
export function onMachine(file: SearchFile, machine: SearchFile['machine']): SearchFile {
  if (isDeepStrictEqual(machine, file.machine)) return file;
  // the model of step times is of the other machine too: the next result fits it anew
  const { stepModel: _, ...search } = file.search;
  return { ...file, machine, measured: [], search };
}

/**
 * The next piece of work: what has to be timed anew, then the furthest candidates first; and the file with the candidate
 * asked if it is a new one. `busy`: candidates that somebody works for already. Undefined where there is nothing to do
 * now, `wait` where there is once those who work have come to an end.
 */
export function nextWork(
  file: SearchFile,
  busy: ReadonlySet<number>,
  mayAsk: boolean,
): { readonly file: SearchFile; readonly work: Work | 'wait' | undefined } {
  const stale = untimed(file);
  const [again] = stale.filter(({ id }) => !busy.has(id));
  if (again !== undefined) return { file, work: { kind: 'measure', candidate: again } };
  const open = nsga2Search.progress(file.search).open.filter(({ id }) => !busy.has(id));
  const [under] = open.toSorted((a, b) => rungOf(file, b.id) - rungOf(file, a.id) || a.id - b.id);
  if (under !== undefined) return { file, work: workFor(file, under) };
  if (!mayAsk) return { file, work: undefined };
  // no child of parents whose times are not comparable yet
  if (stale.length > 0) return { file, work: 'wait' };
  const { state: search, candidates } = nsga2Search.ask(file.search, 1);
  const next = { ...file, search };
  const [candidate] = candidates;
  return { file: next, work: candidate && workFor(next, candidate) };
}

const rungOf = ({ rungs }: SearchFile, id: number): number =>
  Math.max(-1, ...rungs.filter((result) => result.id === id).map(({ rung }) => rung));

function workFor(file: SearchFile, candidate: AskedCandidate): Work {
  const isMeasured = file.measured.some(({ id }) => id === candidate.id);
  if (!isMeasured) return { kind: 'measure', candidate };
  return { kind: 'train', candidate, rung: rungOf(file, candidate.id) + 1 };
}

/** A candidate that takes too long is told without any training; one that has a result keeps its accuracy. */
export function withMeasured(file: SearchFile, measured: MeasuredCandidate): SearchFile {
  const next = { ...file, measured: [...file.measured, measured] };
  const again = untimed(file).find(({ id }) => id === measured.id);
  if (again !== undefined) {
    const { id, stepSeconds } = measured;
    return { ...next, search: nsga2Search.retell(file.search, [{ id, measured: { ...again.measured, stepSeconds } }]) };
  }
  const { maxStepSeconds = Number.POSITIVE_INFINITY } = file.search.settings.constraints;
  if (measured.stepSeconds <= maxStepSeconds) return next;
  return told(next, measured.id, 0, file.training.ladder.rungs.length);
}

/** It climbs, and is open as before; or that was all, and it is told. */
export function withTrained(
  file: SearchFile,
  { id, rung }: { readonly id: number; readonly rung: number },
  result: { readonly accuracy: number; readonly seconds: number },
): SearchFile {
  const { accuracy, seconds } = result;
  const next = { ...file, rungs: [...file.rungs, { id, rung, accuracy, seconds }] };
  const { ladder } = file.training;
  const missed = ladder.rungs.length - 1 - rung;
  const stepSeconds = new Map(next.measured.map((one) => [one.id, one.stepSeconds]));
  if (missed > 0 && climbs(ladder, next.rungs, stepSeconds, { id, rung })) return next;
  return told(next, id, accuracy, missed);
}

function told(file: SearchFile, id: number, accuracy: number, missedRungs: number): SearchFile {
  const found = file.measured.find((one) => one.id === id);
  if (found === undefined) return file;
  const { stepSeconds, parametersM, macsM } = found;
  const measured = { accuracy, stepSeconds, parametersM, macsM, ...(missedRungs > 0 ? { missedRungs } : {}) };
  return { ...file, search: nsga2Search.tell(file.search, [{ id, measured }]) };
}

export const withFailed = (file: SearchFile, id: number, failed: string): SearchFile => ({
  ...file,
  search: nsga2Search.retell(file.search, [{ id, failed }]),
});

/** Its process ended without an answer: it is tried again, a few times; one that was only to be timed anew is not. */
export function withLost(file: SearchFile, { id, attempt }: AskedCandidate, why: string): SearchFile {
  if (attempt >= mostAttempts || untimed(file).some((done) => done.id === id)) return withFailed(file, id, why);
  return { ...file, search: nsga2Search.lost(file.search, [id]) };
}
