/** What a handler gets and gives, and the answers that several of them share. */
import type { IncomingHttpHeaders } from 'node:http';

export interface HttpRequest {
  /** By the names in the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** As it was asked for, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Parts that begin with `:` stand for any one part: `/tasks/:name`. */
  readonly path: string;
  /** 1 KiB unless given. */
  readonly maxBodyBytes?: number;
  /** What it throws is answered with 400 where it is an InputError, else with 500. */
  handle(request: HttpRequest): HttpResponse | Promise<HttpResponse>;
}

export const text = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): HttpResponse => ({
  status,
  headers: { 'content-type': contentType },
  body,
});

export const failure = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: `${JSON.stringify({ error: message })}\n`,
});

/** A refusal that is worth another try. */
export const tryLater = (status: 429 | 503, message: string, seconds: number): HttpResponse =>
  failure(status, message, { 'retry-after': String(Math.max(1, Math.ceil(seconds))) });
