/** From Jobs that ended to the state: the end of each counts once, in whatever order they come. */
import type { AskedCandidate, Result } from '../../nas/search.ts';
import type { Failure } from './failure.ts';
import { type Done, type Verdict, verdictOn } from './verdict.ts';
import type { JobView } from './view.ts';
import { architectureSearch, type SearchState, type ZooMember, type ZooState } from './zoo-state.ts';

/** Attempts of one candidate or member before it is given up. */
export const mostAttempts = 4;
/** Halvings of batch and caches. */
const mostMemoryPlans = 3;

export interface Absorbed {
  /** The very same where nothing was learnt. */
  readonly state: ZooState;
  /** What ends the whole zoo. */
  readonly failure: Failure | undefined;
}

interface Ended {
  readonly job: JobView;
  readonly verdict: Verdict;
}

export function absorb(before: ZooState, jobs: readonly JobView[]): Absorbed {
  const ended = jobs.flatMap((job): Ended[] => {
    const verdict = verdictOn(job);
    return verdict === undefined ? [] : [{ job, verdict }];
  });
  const candidates = absorbCandidates(before, ended);
  const members = absorbMembers(candidates.state, ended);
  return { state: members.state, failure: candidates.failure ?? members.failure };
}

function absorbCandidates(state: ZooState, ended: readonly Ended[]): Absorbed {
  if (state.search === undefined) return { state, failure: undefined };
  const { evaluated, failed, open } = architectureSearch.progress(state.search);
  const settled = new Set([...evaluated, ...failed].map(({ id }) => id));
  const openById = new Map(open.map((candidate) => [candidate.id, candidate]));
  const results: Result[] = [];
  const lost: number[] = [];
  let seconds = 0;
  let failure: Failure | undefined;
  for (const { job, verdict } of ended) {
    if (job.role !== 'candidate' || settled.has(job.id)) continue;
    const candidate = openById.get(job.id);
    const isCurrent = candidate?.attempt === job.attempt;
    if (verdict.means === 'done' && answers(verdict, candidate)) {
      results.push(resultOf(job, verdict));
      settled.add(job.id);
    } else if (!isCurrent) continue;
    else if (verdict.means === 'zoo') failure ??= verdict.failure;
    else if (mayAgain(verdict) && job.attempt < mostAttempts) lost.push(job.id);
    else results.push({ id: job.id, failed: wordsOf(verdict) });
    seconds += job.seconds;
  }
  if (results.length === 0 && lost.length === 0) return { state, failure };
  // results first: a candidate that has one, whatever its attempt, is not lost
  const search = architectureSearch.lost(tell(state.search, results), lost);
  return { state: { ...state, search, searchSeconds: state.searchSeconds + seconds }, failure };
}

/** False where the Job is of a search that was begun anew since, with other settings. */
const answers = ({ answer }: Done, candidate: AskedCandidate | undefined): boolean =>
  candidate === undefined || candidate.encoding === answer.encoding;

const mayAgain = ({ means }: Verdict): boolean => means === 'again' || means === 'done';

const wordsOf = (verdict: Verdict): string =>
  verdict.means === 'done' ? 'Its pods answered for another architecture.' : verdict.failure.message;

/** A success of an earlier attempt wins over the failure of a later one. */
const tell = (search: SearchState, results: readonly Result[]): SearchState =>
  architectureSearch.tell(search, [
    ...results.filter(({ failed }) => failed === undefined),
    ...results.filter(({ failed }) => failed !== undefined),
  ]);

function resultOf({ id }: JobView, { answer }: Done): Result {
  if (answer.kind !== 'candidate') return { id, failed: 'Its pod answered as for a member.' };
  const { accuracy, stepSeconds, parametersM, macsM } = answer;
  return { id, measured: { accuracy, stepSeconds, parametersM, macsM } };
}

function absorbMembers(state: ZooState, ended: readonly Ended[]): Absorbed {
  let failure: Failure | undefined;
  const members = state.members.map((member, i) => {
    const end = ended.find(({ job }) => isOf(job, member, i + 1));
    if (end === undefined) return member;
    // what an import lacks is its own fault, not that of the data
    if (end.verdict.means === 'zoo' && member.source === 'search') failure ??= end.verdict.failure;
    return memberAfter(member, end);
  });
  const isSame = members.every((member, i) => member === state.members[i]);
  return { state: isSame ? state : { ...state, members }, failure };
}

const isOf = (job: JobView, member: ZooMember, id: number): boolean =>
  job.role === 'pretraining' && job.id === id && job.attempt === member.attempt && member.phase === 'Pretraining';

function memberAfter(member: ZooMember, { job, verdict }: Ended): ZooMember {
  const after = { ...member, spentSeconds: Math.max(member.spentSeconds, job.seconds) };
  if (verdict.means === 'done') {
    const { accuracy, stepSeconds } = verdict.answer;
    return { ...after, phase: 'Ready', accuracy, stepSeconds };
  }
  const next = { ...after, phase: 'Pending', attempt: member.attempt + 1 } as const;
  if (verdict.means === 'memory' && member.memoryPlan < mostMemoryPlans) {
    return { ...next, memoryPlan: member.memoryPlan + 1 };
  }
  // attempts with a smaller memory plan are no failures
  if (verdict.means === 'again' && member.attempt - member.memoryPlan < mostAttempts) return next;
  return { ...after, phase: 'Failed', failure: verdict.failure };
}
