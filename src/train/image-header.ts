/** Width and height in pixels as written in the file, before EXIF orientation. */
export interface HeaderSize {
  readonly width: number;
  readonly height: number;
}

/** By its first bytes, so that vector graphics and scripts never reach their loaders, whatever they are called. */
export function isImage(bytes: Uint8Array): boolean {
  const head = latin1(bytes, 0, 16);
  return (
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    head.startsWith('GIF8') ||
    (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') ||
    head.startsWith('II*\0') ||
    head.startsWith('MM\0*') ||
    head.slice(4, 11) === 'ftypavi'
  );
}

/** The size of a JPEG, PNG or GIF from its header; undefined for other kinds, and where the header is odd. */
export function headerSize(bytes: Uint8Array): HeaderSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26) return undefined;
  if (latin1(bytes, 1, 4) === 'PNG') return { width: view.getUint32(16), height: view.getUint32(20) };
  if (latin1(bytes, 0, 3) === 'GIF') return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? jpegSize(view) : undefined;
}

/** Goes from marker to marker up to the start of frame (ITU T.81, annex B). */
function jpegSize(view: DataView): HeaderSize | undefined {
  for (let at = 2; at + 9 < view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
