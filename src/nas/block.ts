import type { Architecture, MacroBlock, OpKind, Skip } from './encoding.ts';

/**
 * One block with its channels, strides and skips resolved, under the conventions of the published code (NAS-OA/NASOA,
 * `etnas.py` at a922c09): the one place that validity, network and drawing read them from.
 */
export interface BlockPlan {
  readonly ops: readonly OpPlan[];
}

export interface OpPlan {
  readonly kind: OpKind;
  readonly kernel: 1 | 3;
  readonly stride: 1 | 2;
  /** Groups of the op's 3x3; for conv3_sep those of its depthwise half. */
  readonly groups: number;
  /** Channels read: those of the place before, widened by its concats. */
  readonly inChannels: number;
  /** Channels of the convolution. */
  readonly width: number;
  /** In processing order; the block's own residual comes last at the last op. */
  readonly merges: readonly Merge[];
  /** Channels of the place after the op, its concats included. */
  readonly outChannels: number;
}

export interface Merge extends Skip {
  /** 1x1 convolution and batch norm on the source, where the two do not fit. */
  readonly projection?: { readonly channels: number; readonly stride: 1 | 2 };
}

const kernelAndGroups: Readonly<Record<OpKind, readonly [1 | 3, (inChannels: number) => number]>> = {
  conv3: [3, () => 1],
  conv1: [1, () => 1],
  conv3_grp2: [3, () => 2],
  conv3_grp4: [3, () => 4],
  conv3_base1: [3, (n) => n],
  // rounded down as published: 40 channels (32 widened by a concat of 8) make one group
  conv3_base32: [3, (n) => Math.floor(n / 32)],
  conv3_sep: [3, (n) => n],
};

/** Index of the op that carries a block's stride: the first that is not conv1, the last if all before it are. */
export function strideOp(a: Pick<Architecture, 'ops'>): number {
  const first = a.ops.findIndex((op) => op.kind !== 'conv1');
  return first < 0 ? a.ops.length - 1 : first;
}

/** Skips in the order in which they apply: by target only, written order among equals, the residual last. */
export function skipsInOrder(a: Pick<Architecture, 'ops' | 'skips'>): readonly Skip[] {
  const residual: Skip = { kind: 'add', from: 0, to: a.ops.length };
  return [...a.skips.toSorted((x, y) => x.to - y.to), residual];
}

/** Resolves a block that reads `inChannels`. The skips must be valid; widths and groups may come out unusable. */
export function planBlock(a: Architecture, inChannels: number, block: MacroBlock): BlockPlan {
  const blockOut = inChannels * block.multiplier;
  const strided = strideOp(a);
  const strideOf = (place: number): 1 | 2 => (place <= strided ? 1 : block.stride);
  const skips = skipsInOrder(a);
  const channels = [inChannels];
  const ops = a.ops.map((op, i): OpPlan => {
    const width = (blockOut * 2 ** op.code) / 4;
    const read = channels[i] ?? 0;
    let current = width;
    const merges: Merge[] = [];
    for (const skip of skips) {
      if (skip.to !== i + 1) continue;
      const source = channels[skip.from] ?? 0;
      const stride = strideOf(skip.to) === strideOf(skip.from) ? 1 : block.stride;
      const isAdd = skip.kind === 'add';
      const fits = stride === 1 && (!isAdd || source === current);
      merges.push(fits ? skip : { ...skip, projection: { channels: isAdd ? current : source, stride } });
      if (!isAdd) current += source;
    }
    channels.push(current);
    const [kernel, groupsOf] = kernelAndGroups[op.kind];
    const stride = i === strided ? block.stride : 1;
    return {
      kind: op.kind,
      kernel,
      stride,
      groups: groupsOf(read),
      inChannels: read,
      width,
      merges,
      outChannels: current,
    };
  });
  return { ops };
}
