import { channelsOf } from './cost.ts';
import { inputsOf, type Network } from './layers.ts';

/** Names and shapes of a network's variables in PyTorch's layout: OIHW, Linear [out, in], batch norm [channels]. */
export function weightShapes(network: Pick<Network, 'layers'>): Map<string, readonly number[]> {
  const channels = channelsOf(network);
  const shapes = new Map<string, readonly number[]>();
  for (const layer of network.layers) {
    const read = channels[inputsOf(layer)[0] ?? -1] ?? 0;
    if (layer.op === 'conv') {
      shapes.set(layer.weight, [layer.channels, read / layer.groups, layer.kernel, layer.kernel]);
    } else if (layer.op === 'batchNorm') {
      for (const part of ['weight', 'bias', 'running_mean', 'running_var']) shapes.set(`${layer.name}.${part}`, [read]);
    } else if (layer.op === 'dense') {
      shapes.set(`${layer.name}.weight`, [layer.units, read]);
      shapes.set(`${layer.name}.bias`, [layer.units]);
    }
  }
  return shapes;
}

/** Names of the head's tensors: of the last dense layer, for squeeze-excite has some of its own. */
export function headTensors(network: Pick<Network, 'layers'>): readonly string[] {
  const dense = network.layers.findLast((layer) => layer.op === 'dense');
  return dense === undefined ? [] : [`${dense.name}.weight`, `${dense.name}.bias`];
}
