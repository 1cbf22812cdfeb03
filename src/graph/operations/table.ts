import { conv2d, depthwiseConv2d } from './convolution.ts';
import { dense } from './dense.ts';
import { add, cast, concat, dropout, multiply, pad, relu, relu6, sigmoid, swish } from './elementwise.ts';
import { biasActivation, normFactor, normShift, scaleChannels } from './folded-norm.ts';
import { groupedConv2d } from './grouped-convolution.ts';
import { l2, softmaxCrossEntropy } from './loss.ts';
import { batchNorm, frozenBatchNorm } from './normalisation.ts';
import { averagePool, globalPool, maxPool } from './pooling.ts';

/** Every differentiable operation of a training step. A new one is an entry here; its gradient check comes with it. */
export const operations = {
  conv2d,
  groupedConv2d,
  depthwiseConv2d,
  batchNorm,
  frozenBatchNorm,
  normFactor,
  normShift,
  scaleChannels,
  biasActivation,
  relu,
  relu6,
  swish,
  sigmoid,
  multiply,
  add,
  concat,
  pad,
  cast,
  maxPool,
  averagePool,
  globalPool,
  dense,
  dropout,
  softmaxCrossEntropy,
  l2,
} as const;
export type OperationName = keyof typeof operations;
