import { createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3 } from '@aws-sdk/client-s3';
import { RunError } from '../lib/errors.ts';
import { besideOf } from './folder-files.ts';
import { inParallel } from './in-parallel.ts';
import { isFinal } from './s3-errors.ts';

/** One object, as the client names it. */
export interface ObjectPlace {
  readonly Bucket: string;
  readonly Key: string;
}

/** A file up to this size goes in one request, a larger one in parts of it. S3 takes parts from 5 MiB. */
export const partBytes = 16 * 2 ** 20;
/** S3's own limit. */
const mostParts = 10_000;
const partsAtOnce = 3;
const downloadTurns = 4;

/** Bytes of the file. At most `partsAtOnce` parts are in memory, whatever its size. */
export async function uploadFile(s3: S3, place: ObjectPlace, path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    // from memory, not as a stream: a request that failed can then be sent again
    if (size <= partBytes) await s3.putObject({ ...place, Body: await readAt(file, 0, size) });
    else await uploadInParts(s3, place, file, size);
    return size;
  } finally {
    await file.close();
  }
}

async function uploadInParts(s3: S3, place: ObjectPlace, file: FileHandle, size: number): Promise<void> {
  const bytes = Math.max(partBytes, Math.ceil(size / mostParts));
  const offsets = Array.from({ length: Math.ceil(size / bytes) }, (_, i) => i * bytes);
  const { UploadId } = await s3.createMultipartUpload(place);
  try {
    const Parts = await inParallel(offsets, partsAtOnce, async (offset, i) => {
      const Body = await readAt(file, offset, Math.min(bytes, size - offset));
      const { ETag } = await s3.uploadPart({ ...place, UploadId, PartNumber: i + 1, Body });
      return { ETag, PartNumber: i + 1 };
    });
    await s3.completeMultipartUpload({ ...place, UploadId, MultipartUpload: { Parts } });
  } catch (error) {
    // parts that stay behind are paid for
    await s3.abortMultipartUpload({ ...place, UploadId }).catch(() => {});
    throw error;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(buffer, at, length - at, position + at);
    if (bytesRead === 0) {
      throw new RunError('A file became shorter while it was uploaded.', 'Upload it when nobody writes it any more.');
    }
    at += bytesRead;
  }
  return buffer;
}

/**
 * Streams an object into a file that appears when it is whole; bytes. The client repeats requests by itself, but not an
 * answer that breaks off: that is done here.
 */
export async function downloadFile(
  s3: S3,
  place: ObjectPlace,
  path: string,
  sleep: (seconds: number) => Promise<void>,
): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  for (let turn = 1; ; turn++) {
    try {
      return await downloadOnce(s3, place, path);
    } catch (error) {
      if (turn === downloadTurns || isFinal(error)) throw error;
      await sleep(2 ** turn / 4);
    }
  }
}

async function downloadOnce(s3: S3, place: ObjectPlace, path: string): Promise<number> {
  const beside = besideOf(path);
  try {
    const { Body, ContentLength } = await s3.getObject(place);
    // in Node the client's bodies are its streams
    await pipeline(Body as unknown as Readable, createWriteStream(beside, { flush: true }));
    const { size } = await stat(beside);
    if (ContentLength !== undefined && size !== ContentLength) {
      throw new Error(`the answer broke off after ${size} of ${ContentLength} bytes`);
    }
    await rename(beside, path);
    return size;
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
