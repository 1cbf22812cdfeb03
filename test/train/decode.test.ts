import { describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { DamagedImage, decodeSquare, imageSize } from '../../src/train/decode.ts';
import { anImage } from '../support/image-files.ts';

const flat = (background: { r: number; g: number; b: number; alpha?: number }, width = 30, height = 20): Sharp =>
  sharp({ create: { width, height, channels: background.alpha === undefined ? 3 : 4, background } });
const teal = { r: 20, g: 140, b: 160 };
const grey = { r: 90, g: 90, b: 90 };

describe('every kind of image becomes RGB bytes', () => {
  const kinds: readonly (readonly [string, Sharp, readonly number[], number])[] = [
    ['JPEG', flat(teal).jpeg(), [20, 140, 160], 3],
    ['progressive JPEG', flat(teal).jpeg({ progressive: true }), [20, 140, 160], 3],
    ['PNG', flat(teal).png(), [20, 140, 160], 0],
    ['palette PNG', flat(teal).png({ palette: true }), [20, 140, 160], 0],
    ['WebP', flat(teal).webp({ lossless: true }), [20, 140, 160], 0],
    ['GIF', flat(teal).gif(), [20, 140, 160], 4],
    ['TIFF', flat(teal).tiff(), [20, 140, 160], 3],
    ['grey PNG', flat(grey).toColourspace('b-w').png(), [90, 90, 90], 0],
    ['grey JPEG', flat(grey).toColourspace('b-w').jpeg(), [90, 90, 90], 2],
    ['16-bit PNG', flat(teal).toColourspace('rgb16').png(), [20, 140, 160], 1],
    ['16-bit grey PNG', flat(grey).toColourspace('grey16').png(), [90, 90, 90], 1],
    // inks cannot show teal exactly
    ['CMYK JPEG', flat(teal).toColourspace('cmyk').jpeg(), [20, 140, 160], 50],
    ['transparent PNG on white', flat({ r: 255, g: 0, b: 0, alpha: 0 }).png(), [255, 255, 255], 0],
    ['half transparent PNG', flat({ r: 255, g: 0, b: 0, alpha: 0.5 }).png(), [255, 127, 127], 1],
    ['transparent WebP', flat({ r: 0, g: 0, b: 0, alpha: 0 }).webp(), [255, 255, 255], 0],
    ['large JPEG', flat(teal, 900, 600).jpeg(), [20, 140, 160], 3],
    ['large transparent PNG', flat({ r: 0, g: 0, b: 0, alpha: 0 }, 300, 400).png(), [255, 255, 255], 0],
    ['large grey PNG', flat(grey, 300, 400).toColourspace('grey16').png(), [90, 90, 90], 1],
  ];
  test.each(kinds)('%s', async (_name, image, want, tolerance) => {
    const pixels = await decodeSquare(await image.toBuffer(), 16);
    expect(pixels).toHaveLength(16 * 16 * 3);
    for (let i = 0; i < pixels.length; i++) {
      expect(Math.abs((pixels[i] ?? 0) - (want[i % 3] ?? 0))).toBeLessThanOrEqual(tolerance);
    }
  });

  test('of an animation the first frame', async () => {
    const frames = Buffer.concat([Buffer.alloc(300, 10), Buffer.alloc(300, 240)]);
    const animation = await sharp(frames, { raw: { width: 10, height: 20, channels: 3, pageHeight: 10 } })
      .gif({ loop: 0, delay: [100, 100] })
      .toBuffer();
    expect((await sharp(animation, { animated: true }).metadata()).pages).toBe(2);
    expect(Math.max(...(await decodeSquare(animation, 8)))).toBeLessThan(30);
  });
});

/** Left half black, right half white. */
const halves = (width: number, height: number): Sharp => {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) pixels.fill(i % width < width / 2 ? 0 : 255, 3 * i, 3 * i + 3);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
};
const at = (pixels: Uint8Array, side: number, x: number, y: number): number => pixels[3 * (y * side + x)] ?? -1;

describe('geometry', () => {
  test.each([
    ['small', 40, 20],
    ['large', 400, 200],
  ])('a %s wide picture is cropped in the middle', async (_name, width, height) => {
    const pixels = await decodeSquare(await halves(width, height).png().toBuffer(), 10);
    expect([at(pixels, 10, 1, 5), at(pixels, 10, 8, 5)]).toEqual([0, 255]);
  });

  test.each([
    ['small', 20],
    ['large', 200],
  ])('the EXIF orientation of a %s picture is applied', async (_name, side) => {
    const turned = await halves(side, side).withMetadata({ orientation: 6 }).png().toBuffer();
    const pixels = await decodeSquare(turned, 10);
    expect([at(pixels, 10, 1, 1), at(pixels, 10, 8, 1), at(pixels, 10, 1, 8), at(pixels, 10, 8, 8)]).toEqual([
      0, 0, 255, 255,
    ]);
  });

  test('sizes are those of the upright picture', async () => {
    const lying = await flat(teal, 30, 20).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await imageSize(lying)).toEqual({ width: 20, height: 30 });
  });

  test('a picture of the wanted size keeps its pixels', async () => {
    const image = await anImage(3, { width: 16, height: 16 });
    expect(Buffer.from(await decodeSquare(image, 16))).toEqual(await sharp(image).raw().toBuffer());
  });
});

describe('what is damaged has a reason', () => {
  const noise = Buffer.from(
    Array.from({ length: 64 * 64 * 3 }, (_none, i) => Math.floor(1e4 * Math.abs(Math.sin(i * i + i))) % 256),
  );
  const real = (): Sharp => sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  const cases: readonly (readonly [string, () => Promise<Uint8Array>, RegExp])[] = [
    ['an empty file', async () => new Uint8Array(), /^empty file$/],
    ['a text', async () => Buffer.from('not a picture'), /^not an image/],
    ['a drawing that is not pixels', async () => Buffer.from(svg), /^not an image/],
    ['a cut-off JPEG', async () => (await real().jpeg().toBuffer()).subarray(0, 900), /^damaged/],
    ['a cut-off PNG', async () => (await real().png().toBuffer()).subarray(0, 2000), /^damaged/],
    ['a cut-off WebP', async () => (await real().webp().toBuffer()).subarray(0, 500), /^damaged/],
    ['a cut-off GIF', async () => (await real().gif().toBuffer()).subarray(0, 700), /^damaged/],
    ['the mere head of a JPEG', async () => Buffer.from([0xff, 0xd8, 0xff, 0xe0]), /^damaged/],
    ['a PNG that claims 60,000 x 60,000 pixels', async () => hugePng(), /^(more than 150000000 pixels|damaged)/],
  ];
  test.each(cases)('%s', async (_name, content, reason) => {
    const error = await content()
      .then((bytes) => decodeSquare(bytes, 32))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DamagedImage);
    expect(error instanceof DamagedImage ? error.message : '').toMatch(reason);
  });

  test('a missing file', async () => {
    await expect(decodeSquare('/nowhere/at/all.png', 8)).rejects.toThrow('cannot be read');
  });
});

async function hugePng(): Promise<Buffer> {
  const png = await flat(teal).png().toBuffer();
  png.writeUInt32BE(60_000, 16);
  png.writeUInt32BE(60_000, 20);
  return png;
}
