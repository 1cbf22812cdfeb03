/** From the state to the next: what is begun now, within the parallelism allowed. */
import type { ModelZoo } from '../../crds/model-zoo.ts';
import { parseDuration } from '../../lib/duration.ts';
import { chooseMembers } from '../../nas/front.ts';
import { isAllowed } from '../../nas/objectives.ts';
import type { Evaluated, SearchProgress } from '../../nas/search.ts';
import { architectureSearch, newMember, type ZooMember, type ZooState } from './zoo-state.ts';

type Spec = ModelZoo['spec'];

const defaultParallelism = 2;

export interface Advanced {
  readonly state: ZooState;
  /** Whether more could have been begun, had the search drawn for longer. */
  readonly wantsMore: boolean;
}

/** Begins members, then candidates, as long as there is room; chooses the members where the search is over. */
export function advance(before: ZooState, zoo: ModelZoo): Advanced {
  const state = before.selected || !isSearched(before, zoo.spec) ? before : withChosen(before, zoo);
  const room = (zoo.spec.search?.parallelism ?? defaultParallelism) - inProgress(state);
  const started = startMembers(state, zoo.spec, room);
  return askCandidates(started, zoo.spec, room - (inProgress(started) - inProgress(state)));
}

export const progressOf = ({ search }: ZooState): SearchProgress | undefined =>
  search && architectureSearch.progress(search);

/** Whether no candidate is under way and none is to come. */
export function isSearched(state: ZooState, spec: Spec): boolean {
  const progress = progressOf(state);
  if (progress === undefined) return true;
  return progress.open.length === 0 && (progress.remaining === 0 || isTimeSpent(state, spec));
}

export const isTimeSpent = ({ searchSeconds }: ZooState, { search }: Spec): boolean =>
  search?.time !== undefined && searchSeconds >= parseDuration(search.time, 'search.time');

/** Candidates that keep the constraints that only an evaluation shows. */
export const allowedOf = ({ search, ...state }: ZooState): readonly Evaluated[] =>
  search === undefined
    ? []
    : (progressOf({ search, ...state })?.evaluated.filter((one) => isAllowed(one, search.settings)) ?? []);

const inProgress = (state: ZooState): number =>
  (progressOf(state)?.open.length ?? 0) + state.members.filter(({ phase }) => phase === 'Pretraining').length;

function withChosen(state: ZooState, { metadata, spec }: ModelZoo): ZooState {
  const chosen = chooseMembers(allowedOf(state), spec.search?.objectives ?? ['accuracy'], spec.size);
  const taken = new Set(state.members.map(({ name }) => name));
  const names = memberNames(metadata.name, taken);
  const found = chosen.map(({ encoding, accuracy, stepSeconds }): ZooMember => {
    return { ...newMember(names.next().value ?? encoding, encoding, 'search'), accuracy, stepSeconds };
  });
  return { ...state, selected: true, members: [...state.members, ...found] };
}

/** `zoo-1`, `zoo-2`, ... less those that imports have taken. */
function* memberNames(zoo: string, taken: ReadonlySet<string>): Generator<string, undefined> {
  for (let n = 1; n < 1000; n++) {
    const name = `${zoo.slice(0, longestStem)}-${n}`;
    if (!taken.has(name)) yield name;
  }
  return undefined;
}

const longestStem = 90;

function startMembers(state: ZooState, { pretraining }: Spec, room: number): ZooState {
  const teacher = state.members.find(({ name }) => name === pretraining.teacher);
  const mayStart = (member: ZooMember): boolean =>
    member.phase === 'Pending' && (member.source === 'import' || teacher === undefined || teacher.phase === 'Ready');
  const next = state.members.filter(mayStart).slice(0, Math.max(0, room));
  if (next.length === 0) return state;
  const members = state.members.map(
    (member): ZooMember => (next.includes(member) ? { ...member, phase: 'Pretraining' } : member),
  );
  return { ...state, members };
}

function askCandidates(state: ZooState, spec: Spec, room: number): Advanced {
  const wanted = Math.min(room, progressOf(state)?.remaining ?? 0);
  if (state.search === undefined || wanted <= 0 || isTimeSpent(state, spec)) return { state, wantsMore: false };
  const { state: search, candidates } = architectureSearch.ask(state.search, wanted);
  const { exhausted } = architectureSearch.progress(search);
  return { state: { ...state, search }, wantsMore: candidates.length < wanted && exhausted === undefined };
}
