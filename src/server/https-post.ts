import { request } from 'node:https';
import type { Scheduler } from './scheduler.ts';

export interface Posted {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** PEM of the only authority that is trusted; those of Node where undefined. */
  readonly ca: string | undefined;
  /** Name to find in the certificate in place of the URL's. */
  readonly serverName?: string;
  /** For the whole exchange. */
  readonly timeoutSeconds: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** One POST of JSON. Rejects where no answer came in time. */
export type HttpsPost = (posted: Posted) => Promise<PostAnswer>;

const longestAnswer = 8 * 1024;

export const httpsPost =
  (scheduler: Scheduler): HttpsPost =>
  ({ url, headers, body, ca, serverName, timeoutSeconds }) =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(body);
      const outgoing = request(url, {
        method: 'POST',
        // a connection for each: reports are seldom, and a kept one would outlive a change of leader or certificate
        agent: false,
        ...(ca === undefined ? {} : { ca }),
        ...(serverName === undefined ? {} : { servername: serverName }),
        headers: { ...headers, 'content-type': 'application/json', 'content-length': bytes.length },
      });
      const cancel = scheduler.after(timeoutSeconds, () => {
        outgoing.destroy(new Error(`no answer within ${timeoutSeconds} s`));
      });
      const fail = (error: Error): void => {
        cancel();
        reject(error);
      };
      outgoing.on('error', fail);
      outgoing.on('response', (incoming) => {
        let answer = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part: string) => {
          if (answer.length < longestAnswer) answer += part;
        });
        incoming.on('error', fail);
        incoming.on('end', () => {
          cancel();
          const { statusCode = 0, headers: received } = incoming;
          resolve({ status: statusCode, retryAfter: received['retry-after'], body: answer });
        });
      });
      outgoing.end(bytes);
    });
