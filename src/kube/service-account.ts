/**
 * The way to the API server from within a pod: two variables and three files. @kubernetes/client-node could find it as
 * well, but holds some 80 MB for the models of all kinds; the operator would carry them about for nothing.
 */
import { readFile } from 'node:fs/promises';
import type { AgentOptions } from 'node:https';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { RunError } from '../lib/errors.ts';
import type { Client } from './client.ts';
import { Kept } from './kept.ts';
import { messageOf } from './log.ts';
import { type Access, HttpTransport } from './transport.ts';

const defaultFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The kubelet replaces the token about every hour, long before the old one ends. */
const keptSeconds = 30;

/**
 * Undefined outside of pods (KUBERNETES_SERVICE_HOST is not set). `NASOA_SERVICE_ACCOUNT_DIR` names another folder of
 * token, ca.crt and namespace. Throws RunError where they cannot be read.
 */
export async function inClusterClient(env: NodeJS.ProcessEnv, clock: Clock): Promise<Client | undefined> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === '') return undefined;
  const folder = env.NASOA_SERVICE_ACCOUNT_DIR ?? defaultFolder;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const [ca, namespace] = await Promise.all([readOne(folder, 'ca.crt'), readOne(folder, 'namespace')]);
  // the same object each time: connections are kept by it
  const tls = { ca };
  const credentials = new Kept(() => accessOf(folder, tls), keptSeconds, clock);
  return {
    transport: new HttpTransport(server, credentials),
    ...{ server, namespace: namespace.trim() },
  };
}

async function accessOf(folder: string, tls: AgentOptions): Promise<Access> {
  const token = await readOne(folder, 'token');
  return { headers: { authorization: `Bearer ${token.trim()}` }, tls };
}

async function readOne(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    throw new RunError(
      `The service account of this pod cannot be read: ${messageOf(error)}.`,
      'See that the pod mounts the token of its service account.',
      { cause: error },
    );
  }
}
