/** What every search does alike with its list of candidates. */

import { costOf, smallestSize } from './cost.ts';
import type { Architecture } from './encoding.ts';
import { formatEncoding } from './encoding.ts';
import { networkOf } from './families/table.ts';
import type { AskedCandidate, Candidate, SearchProgress, SearchSettings } from './search.ts';
import { trainingMemory } from './training-memory.ts';

/** Heads are replaced for each task, so parameters are counted with a small one. */
export const countedClasses = 10;

/** Whether a candidate keeps the constraints that show without an evaluation; step seconds are measured. */
export function keepsConstraints(
  candidate: string | Architecture,
  { constraints, inputSize }: SearchSettings,
): boolean {
  const encoding = typeof candidate === 'string' ? candidate : formatEncoding(candidate);
  const network = networkOf(encoding, { classes: countedClasses });
  if (smallestSize(network) > inputSize) return false;
  const { maxParametersM, maxMemory } = constraints;
  if (maxParametersM !== undefined && costOf(network, inputSize).parameters > maxParametersM * 1e6) return false;
  return maxMemory === undefined || trainingMemory(network, inputSize, maxMemory.batchSize) <= maxMemory.mib * 2 ** 20;
}

/** Up to `count` lost candidates opened again, and all candidates after that. */
export function reopen(
  candidates: readonly Candidate[],
  count: number,
): { readonly candidates: readonly Candidate[]; readonly again: readonly AskedCandidate[] } {
  const again = candidates.filter(({ phase }) => phase === 'lost').slice(0, Math.max(0, count));
  return {
    candidates: candidates.map((one): Candidate => (again.includes(one) ? { ...asked(one), phase: 'open' } : one)),
    again: again.map(asked),
  };
}

/** New candidates at the end of the list, open. */
export function opened(
  candidates: readonly Candidate[],
  encodings: readonly string[],
): { readonly candidates: readonly Candidate[]; readonly fresh: readonly AskedCandidate[] } {
  const fresh = encodings.map((encoding, i) => ({ id: candidates.length + i + 1, encoding, attempt: 1 }));
  return { candidates: [...candidates, ...fresh.map((one): Candidate => ({ ...one, phase: 'open' }))], fresh };
}

export function progressOf(
  candidates: readonly Candidate[],
  { evaluations }: SearchSettings,
  isExhausted: boolean,
): SearchProgress {
  const evaluated = candidates.flatMap((c) =>
    c.phase === 'done' ? [{ id: c.id, encoding: c.encoding, ...c.measured }] : [],
  );
  const open = candidates.filter(({ phase }) => phase === 'open').map(asked);
  const failed = candidates.flatMap((c) => (c.phase === 'failed' ? [{ ...asked(c), why: c.why }] : []));
  const lost = candidates.length - evaluated.length - open.length - failed.length;
  return {
    evaluated,
    open,
    failed,
    remaining: isExhausted ? lost : Math.max(0, evaluations - evaluated.length - open.length),
    exhausted: isExhausted
      ? `No new architecture of the space was found within the constraints after ${candidates.length}.`
      : undefined,
  };
}

const asked = ({ id, encoding, attempt }: AskedCandidate): AskedCandidate => ({ id, encoding, attempt });
