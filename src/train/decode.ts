import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { headerSize, isImage } from './image-header.ts';
import { scaleSquare } from './scale-square.ts';

// One image is one unit of work: the pool runs several at once, and each image is decoded only once.
sharp.concurrency(1);
sharp.cache(false);

/** Larger pictures would need gigabytes; no camera in common use makes them. */
const mostPixels = 150_000_000;
const mostFileBytes = 512 * 2 ** 20;
/** Images up to this side are scaled here rather than by libvips: see `scaleSquare`. */
const smallSide = 128;
const white = { r: 255, g: 255, b: 255 };

/** What makes an image unusable; the message is the reason that users read in the list of skipped files. */
export class DamagedImage extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'DamagedImage';
  }
}

export const imageBytes = (side: number): number => side * side * 3;

/**
 * Decodes an image file to RGB bytes, HWC, `side * side * 3`: EXIF orientation applied, the shorter side scaled to `side`
 * (cubic), the middle cropped. This is the geometry of evaluation, of the export and of prediction.
 * Grey, CMYK, 16 bit and palette images become 8-bit sRGB; of animations the first frame counts. Transparent pixels become
 * white: cut-out products, logos and emoji are drawn for light pages, and dark outlines would vanish on black.
 * Throws DamagedImage.
 */
export async function decodeSquare(source: string | Uint8Array, side: number): Promise<Uint8Array> {
  const bytes = typeof source === 'string' ? readImageFile(source) : source;
  const input = openImage(bytes);
  const size = headerSize(bytes);
  const isSmall = size !== undefined && Math.max(size.width, size.height) <= smallSide;
  const scaled = isSmall ? input : input.resize(side, side, { fit: 'cover', position: 'centre', kernel: 'cubic' });
  try {
    const { data, info } = await scaled
      .flatten({ background: white })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new DamagedImage(`decoded to ${info.channels} channels`);
    return isSmall ? scaleSquare(data, info.width, info.height, side) : data;
  } catch (error) {
    throw asDamage(error);
  }
}

/** Width and height in pixels after EXIF orientation, from the header alone. Throws DamagedImage. */
export async function imageSize(source: string | Uint8Array): Promise<{ width: number; height: number }> {
  try {
    const bytes = typeof source === 'string' ? readImageFile(source) : source;
    const { autoOrient } = await openImage(bytes).metadata();
    return autoOrient;
  } catch (error) {
    throw asDamage(error);
  }
}

/** Reads a file for `decodeSquare` and `imageSize`; a buffer, because libvips reads more into a path than its name. */
export function readImageFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DamagedImage('cannot be read', { cause: error });
  }
}

function openImage(bytes: Uint8Array): Sharp {
  if (bytes.length === 0) throw new DamagedImage('empty file');
  if (bytes.length > mostFileBytes) throw new DamagedImage(`larger than ${mostFileBytes} bytes`);
  if (!isImage(bytes)) throw new DamagedImage('not an image of a supported kind (JPEG, PNG, WebP, GIF, TIFF, AVIF)');
  return sharp(bytes, { failOn: 'error', limitInputPixels: mostPixels, autoOrient: true });
}

function asDamage(error: unknown): DamagedImage {
  if (error instanceof DamagedImage) return error;
  const text = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : `${error}`;
  if (/pixel limit/i.test(text)) return new DamagedImage(`more than ${mostPixels} pixels`, { cause: error });
  const line = text.split('\n').find((part) => part.trim() !== '') ?? 'unknown';
  return new DamagedImage(`damaged (${line.trim()})`, { cause: error });
}
