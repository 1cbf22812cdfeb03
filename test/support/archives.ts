import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a hand-made archive; hand-made, because honest packers refuse to write most bad archives. */
export interface ArchiveEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  /** Tar's type flag: 0 file, 1 hard link, 2 symbolic link, 3 device, 5 folder, 6 pipe. */
  readonly type?: string;
  readonly link?: string;
  /** Unix mode of a zip entry, type bits included. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  /** What a zip says in place of the true values. */
  readonly saidSize?: number;
  readonly saidCrc?: number;
}

const nothing = new Uint8Array();

/** A tar with its end mark. */
export function tarOf(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1024)]);
}

function tarEntry({ name, content = nothing, type = '0', link = '' }: ArchiveEntry): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0, 100, 'utf8');
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100, 'utf8');
  header.write('ustar\0' + '00', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** A zip with its central directory. */
export function zipOf(entries: readonly ArchiveEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packed = pack(entry);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), packed.common, packed.lengths, packed.name]);
    const central = Buffer.alloc(46 + packed.name.length);
    central.write('PK\x01\x02', 0, 'latin1');
    central.writeUInt16LE((3 << 8) | 20, 4);
    packed.common.copy(central, 6);
    packed.lengths.copy(central, 28);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(offset, 42);
    packed.name.copy(central, 46);
    locals.push(local, packed.body);
    centrals.push(central);
    offset += local.length + packed.body.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function pack(entry: ArchiveEntry): { common: Buffer; lengths: Buffer; name: Buffer; body: Buffer } {
  const { content = nothing, method = 8 } = entry;
  const body = method === 8 ? deflateRawSync(content) : Buffer.from(content);
  const name = Buffer.from(entry.name, 'utf8');
  const common = Buffer.alloc(22);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(entry.flags ?? 0x800, 2);
  common.writeUInt16LE(method, 4);
  common.writeUInt32LE(entry.saidCrc ?? crc32(content), 10);
  common.writeUInt32LE(body.length, 14);
  common.writeUInt32LE(entry.saidSize ?? content.length, 18);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16LE(name.length, 0);
  return { common, lengths, name, body };
}
