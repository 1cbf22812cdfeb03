/** What reports and terminals say of a search, as numbers. */
import { type RungCorrelation, rungCorrelations } from '../../nas/ladder.ts';
import { nsga2Search } from '../../nas/nsga2.ts';
import { frontOf } from '../../nas/objectives.ts';
import type { Evaluated } from '../../nas/search.ts';
import type { SearchFile } from './search-file.ts';

export interface SearchFacts {
  readonly data: SearchFile['data'];
  readonly front: readonly Evaluated[];
  readonly evaluated: number;
  /** Of them, those that were trained in full. */
  readonly inFull: number;
  readonly failed: number;
  readonly pruned: number;
  readonly stepModel: { readonly pairs: number; readonly medianError: number; readonly ninthError: number } | undefined;
  readonly rungs: readonly RungCorrelation[];
  readonly activeSeconds: number;
}

export function factsOf({ data, search, training, rungs, activeSeconds }: SearchFile): SearchFacts {
  const { evaluated, failed } = nsga2Search.progress(search);
  const { stepModel, pruned, settings } = search;
  return {
    data,
    front: frontOf(evaluated, settings),
    evaluated: evaluated.length,
    inFull: evaluated.filter(({ missedRungs = 0 }) => missedRungs === 0).length,
    failed: failed.length,
    pruned,
    stepModel: stepModel && {
      pairs: stepModel.pairs,
      medianError: stepModel.error.median,
      ninthError: stepModel.error.ninth,
    },
    rungs: rungCorrelations(training.ladder, rungs),
    activeSeconds,
  };
}
