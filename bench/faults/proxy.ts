/** Stands between the operator and the API server, and misbehaves as networks and busy servers do. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from '../../hack/cluster/certificates.ts';
import type { Rng } from '../../src/lib/rng.ts';

/** What becomes of a request. */
export const faults = [
  'cut watch',
  'refused 409',
  'refused 410',
  'refused 429',
  'refused 500',
  'answer lost',
  'slow answer',
] as const;
export type Fault = (typeof faults)[number];

export interface ProxyOptions {
  readonly target: string;
  readonly authority: string;
  readonly serving: Certificate;
  readonly rng: Rng;
  /** Share of requests that meet a fault. */
  readonly share: () => number;
}

const slowSeconds = 3;
const watchSeconds = 20;

export class FaultProxy {
  readonly #options: ProxyOptions;
  readonly #server: Server;
  readonly #agent: Agent;
  readonly counts = new Map<Fault, number>();
  requests = 0;

  constructor(options: ProxyOptions) {
    const { authority, serving } = options;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(authority) });
    this.#server = createServer({ cert: readFileSync(serving.cert), key: readFileSync(serving.key) }, (asked, answer) =>
      this.#handle(asked, answer),
    );
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#agent.destroy();
  }

  #count(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }

  #faultFor(asked: IncomingMessage, isWatch: boolean): Fault | undefined {
    const { rng, share } = this.#options;
    if (rng.next() >= share()) return undefined;
    if (isWatch) return rng.pick(['cut watch', 'refused 410', 'refused 429', 'refused 500'] as const);
    const isWrite = asked.method !== 'GET';
    return isWrite
      ? rng.pick(['refused 409', 'refused 429', 'refused 500', 'answer lost', 'slow answer'] as const)
      : rng.pick(['refused 410', 'refused 429', 'refused 500', 'slow answer'] as const);
  }

  #handle(asked: IncomingMessage, answer: ServerResponse): void {
    this.requests++;
    const isWatch = /[?&]watch=(true|1)/.test(asked.url ?? '');
    const fault = this.#faultFor(asked, isWatch);
    if (fault !== undefined) this.#count(fault);
    const status = fault === undefined ? undefined : /refused (\d+)/.exec(fault)?.[1];
    if (status !== undefined) {
      asked.resume();
      refuse(answer, Number(status));
      return;
    }
    const url = new URL(asked.url ?? '/', this.#options.target);
    const sent = request(url, {
      method: asked.method,
      headers: { ...asked.headers, host: url.host },
      agent: this.#agent,
    });
    sent.on('response', (response) => {
      if (fault === 'answer lost') {
        // carried out, and nobody hears of it
        response.resume();
        answer.destroy();
        return;
      }
      const pass = (): void => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      };
      if (fault === 'slow answer') setTimeout(pass, 1000 * slowSeconds * this.#options.rng.next());
      else pass();
      if (fault === 'cut watch') setTimeout(() => answer.destroy(), 1000 * watchSeconds * this.#options.rng.next());
    });
    sent.on('error', () => answer.destroy());
    answer.on('close', () => {
      if (isWatch || !answer.writableFinished) sent.destroy();
    });
    asked.pipe(sent);
  }
}

const reasons: Readonly<Record<number, string>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
};

function refuse(answer: ServerResponse, code: number): void {
  const status = {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    message: 'a fault',
    reason: reasons[code],
    code,
  };
  const headers = { 'content-type': 'application/json', ...(code === 429 ? { 'retry-after': '1' } : {}) };
  answer.writeHead(code, headers);
  answer.end(JSON.stringify(status));
}
