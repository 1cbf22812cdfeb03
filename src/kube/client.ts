/** From a kubeconfig, or the service account of this pod, to requests with the right credentials. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Agent, OutgoingHttpHeaders } from 'node:http';
import type { AgentOptions, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../lib/clock.ts';
import { InputError } from '../lib/errors.ts';
import { Unauthorized } from './errors.ts';
import { Kept } from './kept.ts';
import { messageOf } from './log.ts';
import { type Access, type Credentials, HttpTransport, type Transport } from './transport.ts';

export interface ClientOptions {
  /** Path of a kubeconfig. Absent: `$KUBECONFIG`, `~/.kube/config`, then the service account of this pod. */
  readonly kubeconfig?: string;
  /** Name of a context in it. Absent: its current one. */
  readonly context?: string;
  readonly clock: Clock;
}

export interface Client {
  readonly transport: Transport;
  /** Address of the API server, for messages. */
  readonly server: string;
  /** Namespace of the context, `default` where it names none. */
  readonly namespace: string;
}

const remedy = 'Give --kubeconfig, set KUBECONFIG, or run inside a cluster with a service account.';

/** Throws InputError where no configuration, context or cluster is found. */
export function connect({ kubeconfig, context, clock }: ClientOptions): Client {
  const config = load(kubeconfig);
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      throw new InputError(`The kubeconfig has no context "${context}".`, `Use one of: ${known.join(', ') || 'none'}.`);
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  // the library's last resort is a server without TLS on port 8080 of this machine, which nobody means
  if (cluster === null || (kubeconfig === undefined && cluster.server === 'http://localhost:8080')) {
    throw new InputError('No Kubernetes cluster is configured.', remedy);
  }
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return {
    transport: new HttpTransport(cluster.server, new ConfigCredentials(config, clock)),
    server: cluster.server,
    namespace: namespace === undefined || namespace === '' ? 'default' : namespace.trim(),
  };
}

function load(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    const what = path === undefined ? 'The kubeconfig' : `The kubeconfig "${path}"`;
    throw new InputError(`${what} cannot be read: ${messageOf(error)}.`, remedy, { cause: error });
  }
  return config;
}

/**
 * Tokens in files are replaced about every hour by the kubelet, certificates and exec plug-ins by their own rules: what
 * was read is used for this long, far less than the time for which an old token still counts.
 */
const keptSeconds = 30;

class ConfigCredentials implements Credentials {
  readonly #config: KubeConfig;
  readonly #kept: Kept<Access>;
  #tls: { readonly fingerprint: string; readonly options: AgentOptions } | undefined;

  constructor(config: KubeConfig, clock: Clock) {
    this.#config = config;
    this.#kept = new Kept(() => this.#read(), keptSeconds, clock);
  }

  renew(): void {
    this.#kept.renew();
  }

  current(): Promise<Access> {
    return this.#kept.current();
  }

  async #read(): Promise<Access> {
    const options: RequestOptions = { headers: {} };
    let token: string | undefined;
    try {
      await this.#config.applyToHTTPSOptions(options);
      token = await this.#fileToken();
    } catch (error) {
      const what = `The credentials of the kubeconfig cannot be had: ${messageOf(error)}`;
      throw new Unauthorized(what, 'Renew them, for instance by logging in again.', { cause: error });
    }
    const proxied = Boolean(this.#config.getCurrentCluster()?.proxyUrl);
    return {
      headers: { ...headersOf(options), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      tls: this.#tlsOf(options),
      ...(proxied ? { agent: options.agent as Agent } : {}),
    };
  }

  /** The library would hand out a token that it read up to a minute ago, even after the server has refused it. */
  async #fileToken(): Promise<string | undefined> {
    const path: unknown = this.#config.getCurrentUser()?.authProvider?.config?.tokenFile;
    return typeof path === 'string' ? (await readFile(path, 'utf8')).trim() : undefined;
  }

  /** The same object again unless something changed, since connections are kept by it. */
  #tlsOf({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }: RequestOptions): AgentOptions {
    const given = Object.entries({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername });
    const present = given.filter(([, value]) => value !== undefined && value !== null);
    const fingerprint = createHash('sha256').update(JSON.stringify(present)).digest('hex');
    if (this.#tls?.fingerprint !== fingerprint) {
      const server = this.#config.getCurrentCluster()?.tlsServerName;
      const options: AgentOptions = Object.fromEntries(present);
      this.#tls = { fingerprint, options: server === undefined ? options : { ...options, servername: server } };
    }
    return this.#tls.options;
  }
}

/** Header names in lower case, so that none is given twice. */
function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const basic = typeof auth === 'string' ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  const given = Object.entries((headers ?? {}) as OutgoingHttpHeaders).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), String(value).trim()] as const],
  );
  return { ...basic, ...Object.fromEntries(given) };
}
