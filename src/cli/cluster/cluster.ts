import { randomInt } from 'node:crypto';
import type { Api } from '../../kube/api.ts';
import { ApiClient } from '../../kube/api.ts';
import { connect } from '../../kube/client.ts';
import { systemTimers, type Timers } from '../../kube/timers.ts';
import { createRng, type Rng } from '../../lib/rng.ts';
import { nasoaVersion } from '../version.ts';
import type { ClusterOptions } from './options.ts';

/** The cluster that a command talks to, and the namespace that it means. */
export interface Cluster {
  readonly api: Api;
  /** Address of the API server, for messages. */
  readonly server: string;
  readonly namespace: string;
  readonly timers: Timers;
  readonly rng: Rng;
}

/** A person waits: fewer and shorter attempts than the operator makes. */
export const patience = { attempts: 3, timeoutSeconds: 15 } as const;

/** Throws InputError where there is no such configuration, context or cluster. Nothing is asked of it yet. */
export function openCluster({ kubeconfig, context, namespace }: ClusterOptions): Cluster {
  const timers = systemTimers;
  const client = connect({
    clock: timers.clock,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  const { transport, server } = client;
  const rng = createRng(randomInt(2 ** 32));
  const api = new ApiClient({ transport, timers, rng, userAgent: `nasoa/${nasoaVersion()}` });
  return { api, server, namespace: namespace ?? client.namespace, timers, rng };
}
