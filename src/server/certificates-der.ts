/**
 * As much of X.509 (RFC 5280) in DER (ITU-T X.690) as two certificates of our own need: an authority and a server, with
 * ECDSA over P-256. Everything is checked again by Node's own parser when it is read back.
 */
import { createHash, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';

/** One value of DER: its tag, its length, its content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

/** Lengths from 128 on are written as the number of their bytes, then the bytes. */
function lengthOf(length: number): Buffer {
  if (length < 128) return Buffer.from([length]);
  const bytes = bigEndian(length);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function bigEndian(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}

const sequence = (...content: readonly Uint8Array[]): Buffer => der(0x30, ...content);
const setOf = (...content: readonly Uint8Array[]): Buffer => der(0x31, ...content);
const yes = der(0x01, Buffer.from([0xff]));
const octets = (content: Uint8Array): Buffer => der(0x04, content);
/** `unused`: bits of the last byte that do not count. */
const bits = (content: Uint8Array, unused = 0): Buffer => der(0x03, Buffer.from([unused]), content);
const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text, 'utf8'));
/** A field that the enclosing type numbers: wrapped (explicit) or with its own tag replaced (implicit, primitive). */
const explicit = (number: number, content: Uint8Array): Buffer => der(0xa0 | number, content);
const implicit = (number: number, content: Uint8Array): Buffer => der(0x80 | number, content);

/** A whole number that is not negative, from its big-endian bytes: without leading zeros but for the sign. */
export function integer(bytes: Uint8Array): Buffer {
  let first = 0;
  while (first < bytes.length - 1 && bytes[first] === 0) first += 1;
  const rest = bytes.subarray(first);
  const isHigh = (rest[0] ?? 0) >= 0x80;
  return der(0x02, Buffer.from(isHigh || rest.length === 0 ? [0] : []), rest);
}

/** `1.2.840` -> its DER; the first two arcs share a byte, the others are in base 128. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number);
  return der(0x06, Buffer.from([40 * first + second, ...arcs.flatMap(base128)]));
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128));
  return bytes;
}

/** RFC 5280, 4.1.2.5: years before 2050 with two digits, later ones with four. */
export function time(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

const oids = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const nameOf = (commonName: string): Buffer => sequence(setOf(sequence(oid(oids.commonName), utf8(commonName))));
const extension = (id: string, isCritical: boolean, value: Uint8Array): Buffer =>
  sequence(oid(id), ...(isCritical ? [yes] : []), octets(value));

/** RFC 7093, method 1, over the whole key: any value that differs with the key will do. */
const keyIdentifier = (publicKey: Uint8Array): Buffer =>
  createHash('sha256').update(publicKey).digest().subarray(0, 20);

export interface CertificateRequest {
  /** Sixteen random bytes. */
  readonly serial: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Common name of its owner. */
  readonly subject: string;
  readonly subjectKey: KeyObject;
  /** Common name and private key of who signs. */
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  /** An authority for servers, or a server of these names. */
  readonly purpose: { readonly kind: 'authority' } | { readonly kind: 'server'; readonly dnsNames: readonly string[] };
}

/** The certificate as PEM. Keys are of the curve P-256. */
export function issueCertificate(r: CertificateRequest): string {
  const publicKey = spkiOf(r.subjectKey);
  const algorithm = sequence(oid(oids.ecdsaWithSha256));
  const toSign = sequence(
    // version 3 is written as 2
    explicit(0, integer(Buffer.from([2]))),
    // the top bits: positive, and of 16 bytes whatever was drawn
    integer(Buffer.from([((r.serial[0] ?? 0) & 0x3f) | 0x40, ...r.serial.subarray(1)])),
    algorithm,
    nameOf(r.issuer),
    sequence(time(r.notBefore), time(r.notAfter)),
    nameOf(r.subject),
    publicKey,
    explicit(3, sequence(...extensionsOf(r, publicKey))),
  );
  const signature = sign('sha256', toSign, r.issuerKey);
  return new X509Certificate(sequence(toSign, algorithm, bits(signature))).toString();
}

function extensionsOf({ purpose, issuerKey }: CertificateRequest, publicKey: Uint8Array): readonly Buffer[] {
  const ownKey = extension(oids.subjectKeyIdentifier, false, octets(keyIdentifier(publicKey)));
  const issuersKey = sequence(implicit(0, keyIdentifier(spkiOf(issuerKey))));
  const signedBy = extension(oids.authorityKeyIdentifier, false, issuersKey);
  if (purpose.kind === 'authority') {
    return [
      // it signs servers, and no further authority
      extension(oids.basicConstraints, true, sequence(yes, integer(Buffer.from([0])))),
      // bit 5: signs certificates
      extension(oids.keyUsage, true, bits(Buffer.from([0x04]), 2)),
      ownKey,
      signedBy,
    ];
  }
  const names = purpose.dnsNames.map((name) => implicit(2, Buffer.from(name, 'ascii')));
  return [
    extension(oids.basicConstraints, true, sequence()),
    // bit 0: signs handshakes
    extension(oids.keyUsage, true, bits(Buffer.from([0x80]), 7)),
    extension(oids.extendedKeyUsage, false, sequence(oid(oids.serverAuth))),
    extension(oids.subjectAltName, false, sequence(...names)),
    ownKey,
    signedBy,
  ];
}

/** SubjectPublicKeyInfo; of a private key, that of its public half. */
const spkiOf = (key: KeyObject): Buffer =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
