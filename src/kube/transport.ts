/** Bytes to and from the API server over Node's own HTTP, which streams and reports cut sockets as they are. */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Sent {
  readonly method: Method;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Aborts the answer's stream too. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Transport {
  /** Rejects where no answer came. */
  send(sent: Sent): Promise<Answer>;
  /** The server refused the credentials: read them anew for the next request. */
  renew(): void;
}

/** What authenticates one request. Never logged. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  /** The same object as long as nothing in it changes: connections are kept by it. */
  readonly tls: AgentOptions;
  /** Replaces the connections kept here, where the way leads through a proxy. */
  readonly agent?: HttpAgent | undefined;
}

export interface Credentials {
  current(): Promise<Access>;
  renew(): void;
}

const noTls: AgentOptions = {};

export const anonymous: Credentials = {
  current: () => Promise.resolve({ headers: {}, tls: noTls }),
  renew: () => undefined,
};

/**
 * The API server closes connections that are idle for 90 s; whoever uses one in that moment gets a reset. So ours are
 * closed before.
 */
const agentOptions = { keepAlive: true, maxSockets: 128, timeout: 60_000 } as const;

export class HttpTransport implements Transport {
  readonly #server: string;
  readonly #credentials: Credentials;
  #connections: { readonly tls: AgentOptions; readonly agent: HttpAgent } | undefined;

  /** `server`: such as `https://10.0.0.1:443`, with or without a path. */
  constructor(server: string, credentials: Credentials = anonymous) {
    this.#server = server.replace(/\/+$/, '');
    this.#credentials = credentials;
  }

  renew(): void {
    this.#credentials.renew();
  }

  async send({ method, path, headers, body, signal }: Sent): Promise<Answer> {
    const access = await this.#credentials.current();
    signal.throwIfAborted();
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const url = new URL(`${this.#server}${path}`);
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      ...{ method, signal },
      agent: access.agent ?? this.#agentFor(url.protocol, access.tls),
      headers: { ...headers, ...length, ...access.headers },
    });
    const response = await answerTo(request, body);
    return { status: response.statusCode ?? 0, headers: response.headers, body: response };
  }

  /** New certificates need new connections; the old ones run dry by themselves. */
  #agentFor(protocol: string, tls: AgentOptions): HttpAgent {
    if (this.#connections?.tls !== tls) {
      const agent =
        protocol === 'https:' ? new HttpsAgent({ ...agentOptions, ...tls }) : new HttpAgent({ ...agentOptions });
      this.#connections = { tls, agent };
    }
    return this.#connections.agent;
  }
}

const answerTo = (request: ClientRequest, body: string | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once('response', resolve);
    // not `once`: an error after the answer is told by the answer's stream, and unheard here it would end the process
    request.on('error', reject);
    request.end(body);
  });
