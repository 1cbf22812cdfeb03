import { InputError } from '../../lib/errors.ts';
import type { Network, NetworkOptions } from '../layers.ts';
import { efficientNetLite } from './efficientnet-lite.ts';
import { etNas } from './et-nas.ts';
import type { Family } from './family.ts';

/** All families; the first whose pattern matches takes a name. */
export const families: readonly Family[] = [etNas, efficientNetLite];

/** The family whose name `encoding` is. Throws InputError where there is none. */
export function familyOf(encoding: string): Family {
  const family = families.find(({ pattern }) => pattern.test(encoding));
  if (family !== undefined) return family;
  const known = families.map(({ name, example }) => `${name} (such as ${example})`).join(', ');
  const shown = JSON.stringify(encoding.slice(0, 100));
  throw new InputError(`No family of networks knows the name ${shown}.`, `Known families: ${known}.`);
}

/** The network that `encoding` names. Throws InputError where no family knows it, or its family refuses it. */
export const networkOf = (encoding: string, options: NetworkOptions): Network =>
  familyOf(encoding).network(encoding, options);
