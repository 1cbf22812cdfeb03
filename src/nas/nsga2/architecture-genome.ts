/** Architectures as genomes, at the level that a search is on: blocks alone, macros with given blocks, or both. */
import { InputError } from '../../lib/errors.ts';
import type { Rng } from '../../lib/rng.ts';
import { type Architecture, formatEncoding, parseEncoding } from '../encoding.ts';
import { isWithin, possibleSkips, type Space, sampleArchitecture, sampleMacro, sampleOps } from '../space.ts';
import type { Variation } from './evolution.ts';
import { referenceMacros } from './reference-macro.ts';
import { type Block, crossBlocks, mutateBlock } from './vary-block.ts';
import { crossMacros, type Macro, mutateMacro } from './vary-macro.ts';

/** `blocks`: those that the macros are made of, each as an encoding of any macro. */
export type Level =
  | { readonly name: 'block' }
  | { readonly name: 'macro'; readonly blocks: readonly string[] }
  | { readonly name: 'joint' };

type ArchitectureVariation = Variation<Architecture>;

/** Most changes give something valid at once; that many failures mean there is nothing near. */
const tries = 40;

/** What leaves the space or cannot be built is drawn again, a bounded number of times. */
export function architectureVariation(level: Level, space: Space): ArchitectureVariation {
  const raw =
    level.name === 'block'
      ? blockLevel(space)
      : level.name === 'macro'
        ? macroLevel(level.blocks, space)
        : jointLevel(space);
  const valid = (draw: () => Architecture | undefined): Architecture | undefined => {
    for (let i = 0; i < tries; i++) {
      const drawn = draw();
      if (drawn !== undefined && isWithin(drawn, space)) return drawn;
    }
    return undefined;
  };
  return {
    sample: (rng) => (level.name === 'joint' ? sampled(rng, space) : valid(() => raw.sample(rng))),
    crossover: (rng, a, b) => valid(() => raw.crossover(rng, a, b)),
    mutate: (rng, a) => {
      const key = formatEncoding(a);
      return valid(() => {
        const mutant = raw.mutate(rng, a);
        return mutant === undefined || formatEncoding(mutant) === key ? undefined : mutant;
      });
    },
    key: formatEncoding,
  };
}

type Raw = Omit<ArchitectureVariation, 'key'>;

function blockLevel(space: Space): Raw {
  const macros = referenceMacros(space);
  const within = (block: Block): Architecture | undefined => onReference(block, macros, space);
  return {
    sample: (rng) => {
      const ops = sampleOps(rng, space);
      return within({ ops, skips: rng.shuffle(possibleSkips(ops.length)).slice(0, rng.int(space.maxSkips + 1)) });
    },
    crossover: (rng, a, b) => within(crossBlocks(rng, a, b, space)),
    mutate: (rng, a) => within(mutateBlock(rng, a, space)),
  };
}

/** The block on the first reference macro that it can be built with. */
export function onReference(block: Block, macros: readonly Macro[], space: Space): Architecture | undefined {
  for (const macro of macros) {
    const a: Architecture = { ops: block.ops, skips: block.skips, ...macro };
    if (isWithin(a, space)) return a;
  }
  return undefined;
}

function macroLevel(encodings: readonly string[], space: Space): Raw {
  const blocks = encodings.map((encoding): Block => {
    const { ops, skips } = parseEncoding(encoding);
    return { ops, skips };
  });
  const joined = ({ ops, skips }: Block, { stemWidth, stemStride, macro }: Macro): Architecture => ({
    ...{ ops, skips, stemWidth, stemStride, macro },
  });
  return {
    sample: (rng) => {
      if (blocks.length === 0) return undefined;
      const stemWidth = rng.pick(space.stemWidths);
      const macro = sampleMacro(rng, space, stemWidth);
      return joined(rng.pick(blocks), { stemWidth, stemStride: rng.pick(space.stemStrides), macro });
    },
    crossover: (rng, a, b) => joined(rng.next() < 0.5 ? a : b, crossMacros(rng, a, b)),
    mutate: (rng, a) => joined(rng.next() < otherBlock ? rng.pick(blocks) : a, mutateMacro(rng, a, space)),
  };
}

/** Share of the mutants of a macro that take another of the best blocks as well. */
const otherBlock = 0.15;

const jointLevel = (space: Space): Raw => ({
  sample: (rng) => sampled(rng, space),
  crossover: (rng, a, b) => {
    // a block that works is mostly taken whole: half of two is seldom as good as either
    const block = rng.next() < 0.3 ? crossBlocks(rng, a, b, space) : rng.next() < 0.5 ? a : b;
    return { ...crossMacros(rng, a, b), ops: block.ops, skips: block.skips };
  },
  mutate: (rng, a) => {
    const part = rng.next();
    const block = part < 0.6 ? mutateBlock(rng, a, space) : a;
    const macro = part >= 0.4 ? mutateMacro(rng, a, space) : a;
    const { stemWidth, stemStride } = macro;
    return { ops: block.ops, skips: block.skips, stemWidth, stemStride, macro: macro.macro };
  },
});

function sampled(rng: Rng, space: Space): Architecture | undefined {
  try {
    return sampleArchitecture(rng, space);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
