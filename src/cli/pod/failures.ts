/** From an error to the closed list of reasons that a pod may fail with. */
import { exitCodes, type TrainerFailureReason, type TrainerMessage, trainerFailures } from '../../crds/trainer-job.ts';
import { hasCode, InputError, RunError } from '../../lib/errors.ts';
import { withoutSecrets } from '../../server/log-fields.ts';
import { Interruption } from '../interruption.ts';

/** What was done when it failed: the same words mean different things at different times. */
export type Stage = 'job' | 'zoo' | 'data' | 'run' | 'output';

/** An error with the stage that it came from. */
export class Staged extends Error {
  readonly stage: Stage;
  constructor(stage: Stage, cause: unknown) {
    super(`failed at the stage ${stage}`, { cause });
    this.name = 'Staged';
    this.stage = stage;
  }
}

/** Does `work`; what it throws carries the stage from then on. An interruption is no failure and passes as it is. */
export async function during<T>(stage: Stage, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Interruption || error instanceof Staged ? error : new Staged(stage, error);
  }
}

interface Rule {
  readonly reason: TrainerFailureReason;
  /** Any stage where absent. */
  readonly stages?: readonly Stage[];
  readonly codes?: readonly string[];
  /** Of the error's own message, or of one of its causes. */
  readonly words?: RegExp;
}

/** The first that fits decides. */
const rules: readonly Rule[] = [
  { reason: 'NoSpace', codes: ['ENOSPC', 'EDQUOT'], words: /no space left/i },
  {
    reason: 'OutOfMemory',
    codes: ['ENOMEM', 'ERR_WORKER_OUT_OF_MEMORY'],
    words: /\bOOM\b|resource ?exhausted|array buffer allocation failed|bad_alloc|cannot allocate memory/i,
  },
  { reason: 'StorageUnreachable', words: /^S3 (cannot be reached|failed)/ },
  { reason: 'AccessDenied', words: /^Access to .* is denied|credentials (are not accepted )?for/ },
  { reason: 'AccessDenied', stages: ['data'], codes: ['EACCES', 'EPERM'] },
  { reason: 'OutputNotWritable', stages: ['run', 'output'], codes: ['EACCES', 'EPERM', 'EROFS', 'EIO', 'ENOTDIR'] },
  { reason: 'InvalidSpec', words: /^There is no bucket|is in another region|has no member "/ },
  { reason: 'WeightsUnusable', words: /the member "|does not fit the network|safetensors file/ },
  { reason: 'DataNotFound', stages: ['data'], words: /^There is no data set at|^There is nothing at/ },
  { reason: 'ArchiveUnreadable', stages: ['data'], words: /^The archive |^The file |^The name of / },
  { reason: 'NoImages', stages: ['data'], words: /has no images|has images, but no class folders|no folder train/ },
  { reason: 'TooFewClasses', stages: ['data'], words: /has only one class/ },
  {
    reason: 'TooFewImages',
    words: /has no image of the class|a single image in each class|are also training images|No usable .* image is left/,
  },
  { reason: 'TooManyDamaged', words: /images of .* are unusable|sampled images of .* can be decoded/ },
  { reason: 'BudgetSpent', words: /were over before the first training step|^The time was up before/ },
  // seeds are equal, so another try goes the same way
  { reason: 'Diverged', words: /^The training diverged/ },
];

function reasonOf(stage: Stage, error: unknown): TrainerFailureReason {
  const chain = chainOf(error);
  const fitting = rules.find(({ stages, codes = [], words }) => {
    if (stages !== undefined && !stages.includes(stage)) return false;
    return chain.some((e) => codes.some((code) => hasCode(e, code)) || words?.test(messageOf(e)) === true);
  });
  if (fitting !== undefined) return fitting.reason;
  if (!(error instanceof InputError)) return 'Internal';
  return stage === 'zoo' ? 'WeightsUnusable' : 'InvalidSpec';
}

function chainOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let e = error; e !== undefined && chain.length < 5; e = e instanceof Error ? e.cause : undefined) chain.push(e);
  return chain;
}

const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);

/** What the remedies of the command line are called in a spec. */
const inSpec: Readonly<Record<string, string>> = {
  budget: 'spec.budget',
  'frozen-stages': 'spec.regime.frozenStages',
  'learning-rate': 'spec.regime.learningRate',
  out: 'spec.output',
  zoo: 'spec.zooRef',
};

const longest = 500;

/** The sentence and the remedy, in the words of a spec, without secrets and without lines. */
function wordsOf(error: unknown): string {
  const expected = error instanceof InputError || error instanceof RunError;
  const text = expected ? `${error.message} ${error.remedy}` : messageOf(error);
  return withoutSecrets(text)
    .replace(/--([a-z-]+)/g, (option, name: string) => inSpec[name] ?? option)
    .replace(/\s+/g, ' ')
    .slice(0, longest);
}

/** The failure as the pod's last word. `activeSeconds`: used so far, where it came so far. */
export function failureMessage(
  error: unknown,
  activeSeconds?: number,
): Extract<TrainerMessage, { readonly kind: 'failure' }> {
  const [stage, cause] = error instanceof Staged ? [error.stage, error.cause] : (['run', error] as const);
  return {
    kind: 'failure',
    reason: reasonOf(stage, cause),
    message: wordsOf(cause),
    ...(activeSeconds === undefined ? {} : { activeSeconds }),
  };
}

/** The code that a pod ends with after this message. */
export function exitCodeOf(message: TrainerMessage): number {
  if (message.kind === 'failure') return trainerFailures[message.reason];
  return message.kind === 'interrupted' ? exitCodes.interrupted : exitCodes.done;
}
