/** What a run decided before its first step, kept beside its checkpoint: a resumed run decides nothing anew. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import { hasCode, InputError } from '../../lib/errors.ts';
import { addedChoices, type DatasetFeatures, type Plan } from '../../planner/types.ts';
import type { Dataset } from '../../train/dataset.ts';
import type { Item } from '../../train/discover.ts';
import type { Replanned } from '../../train/result.ts';
import type { PlanRequest } from '../requests.ts';

/** What a run needs of its decision. */
export interface RunDecision {
  readonly version: 1;
  /** Of the run, and of the experience that comes of it: however often it goes on, it is learnt once. */
  readonly id: string;
  /** The plan; of a run that was re-planned, the choice that it goes on with. */
  readonly plan: Plan;
  /** Whether it may be re-planned while it goes on. */
  readonly replans?: boolean;
  /** Once it was, and then it is not again. */
  readonly replanned?: Replanned;
  readonly features: Pick<DatasetFeatures, 'resolution'>;
  readonly profileSeconds: number;
  readonly planningSeconds: number;
  /** What the images were opened with and the member taken from; a resumed run does the same, whatever it is asked. */
  readonly request: Pick<PlanRequest, 'seed' | 'validationShare' | 'maxDamagedShare' | 'zoo'>;
  /** By which a resumed run knows its data again. */
  readonly data: { readonly classes: readonly string[]; readonly train: string; readonly val: string };
}

export interface Decision extends RunDecision {
  readonly features: DatasetFeatures;
}

export const dataOf = ({ root, classes, train, val }: Dataset): RunDecision['data'] => ({
  classes,
  train: fingerprint(root, train),
  val: fingerprint(root, val),
});

/** Changes with the names, sizes and classes of the images. */
function fingerprint(root: string, items: readonly Item[]): string {
  const lines = items.map(({ path, label }) => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return JSON.stringify([label, relative(root, path), size]);
  });
  return `${items.length} ${createHash('sha256').update(lines.sort().join('\n')).digest('hex')}`;
}

const fileIn = (folder: string): string => join(folder, 'decision.json');

export const writeDecision = (folder: string, decision: RunDecision): Promise<void> =>
  writeFileAtomic(fileIn(folder), JSON.stringify(decision));

/** The decision of the unfinished run in `folder`; undefined where it ended before it had decided. */
export async function readDecision(folder: string): Promise<Decision | undefined> {
  const file = fileIn(folder);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const decision = JSON.parse(text) as Decision;
    const { version, plan } = decision;
    if (version === 1 && plan.regime.steps > 0)
      return { ...decision, plan: { ...plan, regime: { ...addedChoices, ...plan.regime } } };
  } catch {
    // told below
  }
  throw new InputError(
    `The unfinished run's decision ${file} is damaged or of another version.`,
    'Begin anew with another --out.',
  );
}

/** Throws InputError where the data set is not the one that the decision was made for. */
export function checkData(decision: Pick<RunDecision, 'data'>, dataset: Dataset): void {
  if (JSON.stringify(decision.data) === JSON.stringify(dataOf(dataset))) return;
  throw new InputError(
    `The unfinished run was begun on other images than ${dataset.name} holds now.`,
    'Resume it with the same images, or begin anew with another --out.',
  );
}
