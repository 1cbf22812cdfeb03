import { InputError } from '../../lib/errors.ts';
import { parseEncoding } from '../encoding.ts';
import type { Network, NetworkOptions } from '../layers.ts';
import { etNasNetwork } from './et-nas.ts';

/** A family of networks: which names are its own, and the network that such a name stands for. */
export interface Family {
  readonly name: string;
  /** Wide enough that a mistyped name still reaches the family, whose error then says what is wrong. */
  readonly pattern: RegExp;
  readonly example: string;
  network(encoding: string, options: NetworkOptions): Network;
}

/** All families; the first whose pattern matches takes a name. */
export const families: readonly Family[] = [
  {
    name: 'et-nas',
    pattern: /^\d/,
    example: '031-_32_1-1-221-11121',
    network: (encoding, options) => etNasNetwork(parseEncoding(encoding), options),
  },
];

/** The network that `encoding` names. Throws InputError where no family knows it, or its family refuses it. */
export function networkOf(encoding: string, options: NetworkOptions): Network {
  const family = families.find(({ pattern }) => pattern.test(encoding));
  if (family !== undefined) return family.network(encoding, options);
  const known = families.map(({ name, example }) => `${name} (such as ${example})`).join(', ');
  const shown = JSON.stringify(encoding.slice(0, 100));
  throw new InputError(`No family of networks knows the name ${shown}.`, `Known families: ${known}.`);
}
