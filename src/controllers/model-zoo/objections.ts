/** Why a zoo cannot come to be: a list of small checks, of which the first that objects is told. */
import type { ModelZoo } from '../../crds/model-zoo.ts';
import { isTimeSpent, progressOf } from './advance.ts';
import type { Failure } from './failure.ts';
import type { ZooState } from './zoo-state.ts';

type Check = (zoo: ModelZoo, state: ZooState) => Failure | undefined;

const teacherIsImport: Check = ({ spec }) => {
  const { teacher } = spec.pretraining;
  if (teacher === undefined || spec.imports.some(({ name }) => name === teacher)) return undefined;
  return { reason: 'InvalidSpec', message: `pretraining.teacher "${teacher}" names none of the imports.` };
};

const importsUsable: Check = (_zoo, { members }) => {
  const broken = members.find(({ source, phase }) => source === 'import' && phase === 'Failed');
  if (broken === undefined) return undefined;
  const message = `The import "${broken.name}" cannot be used. ${broken.failure?.message ?? ''}`;
  return { reason: 'ImportFailed', message };
};

/** Fewer than this may be chance. */
const fewestFailures = 8;

const enoughSucceed: Check = (_zoo, state) => {
  const { failed = [], evaluated = [] } = progressOf(state) ?? {};
  if (failed.length < fewestFailures || failed.length <= 2 * evaluated.length) return undefined;
  const counts = `${failed.length} candidates failed and ${evaluated.length} did not.`;
  return { reason: 'TooFewCandidates', message: `${counts} The last failure: ${failed.at(-1)?.why}` };
};

const somethingFound: Check = ({ spec }, state) => {
  const progress = progressOf(state);
  if (progress === undefined || !state.selected) return undefined;
  if (state.members.some(({ source }) => source === 'search')) return undefined;
  const { evaluated, exhausted } = progress;
  if (evaluated.length > 0) {
    const message = `None of the ${evaluated.length} candidates evaluated keeps constraints.maxStepSeconds.`;
    return { reason: 'NoCandidateAllowed', message };
  }
  if (exhausted !== undefined) return { reason: 'NoCandidateAllowed', message: exhausted };
  const why = isTimeSpent(state, spec) ? 'search.time was spent before the first was' : 'the search is over';
  return { reason: 'TooFewCandidates', message: `No candidate was evaluated, and ${why}.` };
};

const someMemberReady: Check = (_zoo, { selected, members }) => {
  const last = members.at(-1);
  if (!selected || last?.failure === undefined || members.some(({ phase }) => phase !== 'Failed')) return undefined;
  const { reason, message } = last.failure;
  const count = `None of the ${members.length} members could be pre-trained.`;
  return { reason, message: `${count} The last failure: ${message}` };
};

const checks: readonly Check[] = [teacherIsImport, importsUsable, enoughSucceed, somethingFound, someMemberReady];

export function objectionTo(zoo: ModelZoo, state: ZooState): Failure | undefined {
  for (const check of checks) {
    const failure = check(zoo, state);
    if (failure !== undefined) return failure;
  }
  return undefined;
}
