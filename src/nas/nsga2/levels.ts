import { frontOf, judged } from '../objectives.ts';
import type { Evaluated, SearchSettings } from '../search.ts';
import type { Level } from './architecture-genome.ts';
import { survivors } from './ranking.ts';

/** Share of the evaluations after which a level is over. */
const until = { block: 0.3, macro: 0.7, joint: Number.POSITIVE_INFINITY } as const;
/** Blocks that macros are made of. */
const mostBlocks = 6;

export const isLevelDone = ({ name }: Level, evaluated: number, { evaluations }: SearchSettings): boolean =>
  evaluated >= Math.ceil(until[name] * evaluations);

/** The level after this one, with what was found on it. */
export function atNextLevel(level: Level, evaluated: readonly Evaluated[], settings: SearchSettings): Level {
  const blocks = level.name === 'block' ? bestBlocks(evaluated, settings) : [];
  return blocks.length === 0 ? { name: 'joint' } : { name: 'macro', blocks };
}

/** Block of an encoding: what stands before its stem. */
export const blockOf = (encoding: string): string => encoding.slice(0, encoding.indexOf('_'));

/** Encodings with different blocks: those of the front spread over it, then the next best. */
function bestBlocks(evaluated: readonly Evaluated[], settings: SearchSettings): readonly string[] {
  if (frontOf(evaluated, settings).length === 0) return [];
  const ranked = survivors(
    evaluated.map((one) => judged(one, settings)),
    settings.population,
  ).toSorted((a, b) => a.rank - b.rank || b.crowding - a.crowding);
  const byBlock = new Map<string, string>();
  for (const { item } of ranked) {
    const { encoding, missedRungs = 0 } = item.candidate;
    if (missedRungs === 0 && !byBlock.has(blockOf(encoding))) byBlock.set(blockOf(encoding), encoding);
  }
  return [...byBlock.values()].slice(0, mostBlocks);
}
