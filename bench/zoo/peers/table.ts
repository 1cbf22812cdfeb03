import { efficientNets, mobileNets } from './inverted-residuals.ts';
import type { Peer } from './peer.ts';
import { regNets } from './regnet.ts';
import { resNets } from './resnet.ts';

/** All peers; a new one is an entry of its family's file. */
export const peers: readonly Peer[] = [...regNets, ...efficientNets, ...mobileNets, ...resNets];
