import type { IncomingMessage } from 'node:http';

export class BodyTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`The request's body is longer than ${maxBytes} bytes.`);
    this.name = 'BodyTooLarge';
  }
}

/** The whole body. Throws BodyTooLarge without having kept more than is allowed, and what the socket throws. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (): void => {
      request.removeAllListeners('data');
      // what still comes is dropped, so that the client gets to read the answer
      request.resume();
      reject(new BodyTooLarge(maxBytes));
    };
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('the client has gone'));
    });
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      refuse();
      return;
    }
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) refuse();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
  });
}
