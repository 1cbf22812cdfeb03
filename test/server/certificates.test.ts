import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../src/lib/clock.ts';
import {
  keepCertificate,
  type ServingCertificate,
  secretKeys,
  servingCertificate,
} from '../../src/server/certificates.ts';
import { integer, oid, time } from '../../src/server/certificates-der.ts';
import { text } from '../../src/server/routes.ts';
import { aFolder } from '../support/image-files.ts';
import { ManualScheduler } from './manual-scheduler.ts';
import { aSecret, aServer, ask } from './servers.ts';

const run = promisify(execFile);
const names = ['nasoa.nasoa-system.svc', 'nasoa.nasoa-system.svc.cluster.local', 'localhost'];
const day = 86_400;
const aClock = (): ManualClock => new ManualClock(Date.now() / 1000);
const daysLeft = ({ cert }: ServingCertificate, clock: ManualClock): number =>
  Math.round((Date.parse(new X509Certificate(cert).validTo) / 1000 - clock.nowSeconds()) / day);

describe('DER', () => {
  // of ITU-T X.690 and of RFC 5280
  test.each<[string, Buffer, string]>([
    ['zero', integer(Buffer.from([0])), '020100'],
    ['a number with its top bit set', integer(Buffer.from([0x80])), '02020080'],
    ['a number with leading zeros', integer(Buffer.from([0, 0, 1])), '020101'],
    ['an identifier with arcs over 127', oid('1.2.840.113549'), '06062a864886f70d'],
    ['a time before 2050', time(new Date('2049-12-31T23:59:59Z')), '170d3439313233313233353935395a'],
    ['a time from 2050 on', time(new Date('2050-01-01T00:00:00Z')), '180f32303530303130313030303030305a'],
  ])('writes %s', (_what, written, hex) => {
    expect(written.toString('hex')).toBe(hex);
  });
});

describe('the serving certificate', () => {
  test('satisfies a client that trusts its authority', async () => {
    const identity = await servingCertificate(aSecret(), names, aClock());
    const route = { method: 'GET', path: '/', handle: () => text(200, 'safe') } as const;
    await using server = await aServer([route], { tls: identity });
    const answered = await ask(`https://localhost:${server.port}/`, { ca: identity.ca, family: 4 });
    expect(answered.body).toBe('safe');
    await expect(ask(`https://localhost:${server.port}/`, { family: 4 })).rejects.toThrow('certificate');
    await expect(
      ask(`https://localhost:${server.port}/`, { ca: identity.ca, family: 4, servername: 'other.example.com' }),
    ).rejects.toThrow("does not match certificate's altnames");
  });

  test('satisfies OpenSSL by its strictest rules', async () => {
    await using folder = await aFolder();
    const { ca, cert } = await servingCertificate(aSecret(), names, aClock());
    const [caFile, certFile] = [join(folder.path, 'ca.pem'), join(folder.path, 'cert.pem')];
    await writeFile(caFile, ca);
    await writeFile(certFile, cert);
    const verified = await run('openssl', [
      ...['verify', '-x509_strict', '-check_ss_sig', '-purpose', 'sslserver', '-verify_hostname', names[0] ?? ''],
      ...['-CAfile', caFile, certFile],
    ]).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (verified === undefined) console.warn('skipped: there is no openssl here');
    else expect(verified.stdout).toContain(': OK');
  });

  test('lasts 90 days, is of no authority, and has no names but those asked for', async () => {
    const clock = aClock();
    const identity = await servingCertificate(aSecret(), names, clock);
    const parsed = new X509Certificate(identity.cert);
    expect(daysLeft(identity, clock)).toBe(90);
    expect(parsed.ca).toBe(false);
    expect(parsed.subjectAltName?.split(', ')).toEqual(names.map((name) => `DNS:${name}`));
    expect(new X509Certificate(identity.ca).ca).toBe(true);
  });

  test('is the same for all replicas, whoever comes first', async () => {
    const [secret, clock] = [aSecret(), aClock()];
    const identities = await Promise.all([1, 2, 3].map(() => servingCertificate(secret, names, clock)));
    expect(new Set(identities.map(({ cert }) => cert)).size).toBe(1);
  });

  test('gives up where others write its Secret all the time', async () => {
    const secret = { ...aSecret(), write: async () => false };
    await expect(servingCertificate(secret, names, aClock())).rejects.toThrow('written by others');
  });

  test.each<[string, (data: Readonly<Record<string, string>>) => Readonly<Record<string, string>>, boolean]>([
    ['its key is another', (data) => ({ ...data, [secretKeys.key]: data[secretKeys.caKey] ?? '' }), true],
    ['it is cut off', (data) => ({ ...data, [secretKeys.cert]: (data[secretKeys.cert] ?? '').slice(0, 300) }), true],
    ['its authority is lost', ({ [secretKeys.ca]: _ca, ...data }) => data, false],
    [
      "its authority's key is lost",
      ({ [secretKeys.caKey]: _key, ...data }) => ({ ...data, [secretKeys.cert]: '' }),
      false,
    ],
  ])('is made anew where %s', async (_what, damage, keepsAuthority) => {
    const [secret, clock] = [aSecret(), aClock()];
    const before = await servingCertificate(secret, names, clock);
    secret.put(damage(secret.data() ?? {}));
    const after = await servingCertificate(secret, names, clock);
    expect(after.cert).not.toBe(before.cert);
    expect(after.ca === before.ca).toBe(keepsAuthority);
    expect(new X509Certificate(after.cert).verify(new X509Certificate(after.ca).publicKey)).toBe(true);
    expect(await servingCertificate(secret, names, clock)).toEqual(after);
  });

  test('is made anew for another name, by the same authority', async () => {
    const [secret, clock] = [aSecret(), aClock()];
    const before = await servingCertificate(secret, names, clock);
    const after = await servingCertificate(secret, [...names, 'nasoa.example.com'], clock);
    expect(after.ca).toBe(before.ca);
    expect(new X509Certificate(after.cert).checkHost('nasoa.example.com')).toBe('nasoa.example.com');
  });

  test('is renewed 30 days before its end, and its authority a year before its own', async () => {
    const [secret, clock] = [aSecret(), aClock()];
    const first = await servingCertificate(secret, names, clock);
    clock.advance(59 * day);
    expect(await servingCertificate(secret, names, clock)).toEqual(first);
    clock.advance(2 * day);
    const second = await servingCertificate(secret, names, clock);
    expect([second.ca === first.ca, daysLeft(second, clock)]).toEqual([true, 90]);
    clock.advance(3300 * day);
    expect((await servingCertificate(secret, names, clock)).ca).not.toBe(first.ca);
  });
});

describe('a replica', () => {
  test('takes over what another one has renewed, within the hour', async () => {
    const scheduler = new ManualScheduler(aClock());
    const { clock } = scheduler;
    const secret = aSecret();
    const seen: ServingCertificate[] = [];
    const errors: unknown[] = [];
    const kept = await keepCertificate({
      ...{ secret, dnsNames: names, clock, scheduler },
      onChange: (certificate) => seen.push(certificate),
      onError: (error) => errors.push(error),
    });
    const first = kept.current();
    await scheduler.advance(3600);
    expect(seen).toEqual([]);
    const renewed = await servingCertificate(aSecret(), names, clock);
    secret.put({
      ...secret.data(),
      [secretKeys.ca]: renewed.ca,
      [secretKeys.cert]: renewed.cert,
      [secretKeys.key]: renewed.key,
    });
    await scheduler.advance(3600);
    expect(seen).toEqual([renewed]);
    expect(kept.current()).not.toEqual(first);
    expect(errors).toEqual([]);
    kept.stop();
    expect(scheduler.waiting).toBe(0);
  });

  test('goes on with what it has while the Secret cannot be read', async () => {
    const scheduler = new ManualScheduler(aClock());
    const secret = aSecret();
    let isAway = false;
    const errors: unknown[] = [];
    const kept = await keepCertificate({
      secret: { ...secret, read: () => (isAway ? Promise.reject(new Error('away')) : secret.read()) },
      ...{ dnsNames: names, clock: scheduler.clock, scheduler },
      onChange: () => undefined,
      onError: (error) => errors.push(error),
    });
    const before = kept.current();
    isAway = true;
    await scheduler.advance(2 * 3600);
    expect(errors).toHaveLength(2);
    expect(kept.current()).toBe(before);
    isAway = false;
    await scheduler.advance(61 * day);
    expect(kept.current()).not.toBe(before);
    kept.stop();
  });
});
