import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What one request gets in place of its answer. */
export interface Fault {
  readonly method: string;
  /** Matches the path and query. */
  readonly url?: RegExp;
  /** `cut`: the answer breaks off in its middle. */
  readonly answer: 'cut' | { readonly status: number; readonly code: string };
}

/** The part of S3 that the store uses, in memory, with one bucket; it checks no signatures. */
export interface SimulatedS3 {
  readonly endpoint: string;
  readonly bucket: string;
  readonly objects: Map<string, Buffer>;
  /** Uploads in parts that were neither completed nor given up. */
  readonly openUploads: Map<string, Map<number, Buffer>>;
  /** Each fault meets one request, in order. */
  readonly faults: Fault[];
  close(): Promise<void>;
}

interface Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function simulatedS3(pageSize = 1000): Promise<SimulatedS3> {
  const objects = new Map<string, Buffer>();
  const openUploads: SimulatedS3['openUploads'] = new Map();
  const faults: Fault[] = [];
  const bucket = 'models';
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', 'http://s3');
    const [, inBucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const body = Buffer.concat(await request.toArray());
    const { method = '' } = request;
    const index = faults.findIndex((f) => f.method === method && (f.url ?? /^/).test(request.url ?? ''));
    const [fault] = index < 0 ? [] : faults.splice(index, 1);
    const asked: Request = { method, bucket: inBucket, key: rest.join('/'), query: url.searchParams, body };
    if (fault !== undefined && fault.answer !== 'cut') send(response, refusal(fault.answer.status, fault.answer.code));
    else if (asked.bucket !== bucket) send(response, refusal(404, 'NoSuchBucket'));
    else send(response, answerTo(asked), fault !== undefined);
  };
  const answerTo = (asked: Request): Answer => {
    if (asked.query.has('uploads') || asked.query.has('uploadId')) return answerToParts(asked, objects, openUploads);
    if (asked.method === 'PUT') {
      objects.set(asked.key, asked.body);
      return { status: 200, headers: { etag: etag(asked.body) } };
    }
    if (asked.method === 'DELETE') {
      objects.delete(asked.key);
      return { status: 204 };
    }
    if (asked.query.get('list-type') === '2') return page(objects, asked.query, pageSize);
    const found = objects.get(asked.key);
    return found === undefined ? refusal(404, 'NoSuchKey') : { status: 200, body: found };
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { endpoint, bucket, objects, openUploads, faults, close };
}

function send(response: ServerResponse, { status, body = '', headers = {} }: Answer, cut = false): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'content-length': String(bytes.length), ...headers });
  if (cut) response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  else response.end(bytes);
}

function answerToParts(asked: Request, objects: Map<string, Buffer>, open: SimulatedS3['openUploads']): Answer {
  const { method, key, query, body } = asked;
  const id = query.get('uploadId') ?? `upload-${open.size + 1}`;
  if (query.has('uploads')) {
    open.set(id, new Map());
    return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }
  const parts = open.get(id);
  if (parts === undefined) return refusal(404, 'NoSuchUpload');
  if (method === 'PUT') {
    parts.set(Number(query.get('partNumber')), body);
    return { status: 200, headers: { etag: etag(body) } };
  }
  open.delete(id);
  if (method === 'DELETE') return { status: 204 };
  const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, n]) => Number(n));
  objects.set(key, Buffer.concat(numbers.map((n) => parts.get(n) ?? Buffer.alloc(0))));
  return xml(`<CompleteMultipartUploadResult><ETag>${id}</ETag></CompleteMultipartUploadResult>`);
}

function page(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams, pageSize: number): Answer {
  const after = query.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after).sort();
  const shown = keys.slice(0, pageSize);
  const contents = shown.map((key) => {
    const size = objects.get(key)?.length ?? 0;
    return `<Contents><Key>${escaped(key)}</Key><Size>${size}</Size></Contents>`;
  });
  const more = keys.length > shown.length;
  const token = more ? `<NextContinuationToken>${escaped(shown.at(-1) ?? '')}</NextContinuationToken>` : '';
  return xml(`<ListBucketResult><IsTruncated>${more}</IsTruncated>${token}${contents.join('')}</ListBucketResult>`);
}

const refusal = (status: number, code: string): Answer => ({
  ...xml(`<Error><Code>${code}</Code><Message>simulated</Message></Error>`),
  status,
});

const xml = (body: string): Answer => ({
  status: 200,
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
  headers: { 'content-type': 'application/xml' },
});

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const etag = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;
