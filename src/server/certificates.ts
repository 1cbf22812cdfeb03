/**
 * The serving certificate: an authority of our own and a server certificate signed by it, kept in a Secret so that all
 * replicas serve the same and pods can be given the authority beforehand. No cert-manager and no Helm is needed for it.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { RunError } from '../lib/errors.ts';
import { issueCertificate } from './certificates-der.ts';
import type { TlsIdentity } from './http.ts';
import type { Cancel, Scheduler } from './scheduler.ts';

/** All PEM. */
export interface ServingCertificate extends TlsIdentity {
  readonly ca: string;
}

/** The Secret that keeps it, decoded. The port is over the API server, or a map in a test. */
export interface CertificateSecret {
  /** Undefined where there is none yet. */
  read(): Promise<{ readonly data: Readonly<Record<string, string>>; readonly version: string } | undefined>;
  /** Over that version, or anew without one; false where somebody else was faster. */
  write(data: Readonly<Record<string, string>>, version: string | undefined): Promise<boolean>;
}

export const secretKeys = { ca: 'ca.crt', caKey: 'ca.key', cert: 'tls.crt', key: 'tls.key' } as const;

const day = 86_400;
const authorityLife = { seconds: 3650 * day, renewBefore: 365 * day } as const;
const serverLife = { seconds: 90 * day, renewBefore: 30 * day } as const;
/** Clocks of nodes differ. */
const backdateSeconds = 3600;
const mostTries = 5;
const authorityName = 'nasoa';

interface Authority {
  readonly certificate: string;
  readonly key: KeyObject;
}

/**
 * The certificate in the Secret; made where there is none, and renewed where it is damaged, lacks one of the names or
 * has less than 30 days left. Replicas may do this at once: the first to write wins. Throws RunError where none does.
 */
export async function servingCertificate(
  secret: CertificateSecret,
  dnsNames: readonly string[],
  clock: Clock,
): Promise<ServingCertificate> {
  for (let tries = 0; tries < mostTries; tries++) {
    const kept = await secret.read();
    const usable = kept && usableCertificate(kept.data, dnsNames, clock);
    if (usable !== undefined) return usable;
    const data = issue(kept?.data ?? {}, dnsNames, clock);
    if (await secret.write(data, kept?.version)) return served(data);
  }
  throw new RunError(
    'The Secret of the serving certificate is written by others all the time.',
    'See who else writes it; each installation needs a Secret of its own.',
  );
}

const served = (data: Readonly<Record<string, string>>): ServingCertificate => ({
  ca: data[secretKeys.ca] ?? '',
  cert: data[secretKeys.cert] ?? '',
  key: data[secretKeys.key] ?? '',
});

function usableCertificate(
  data: Readonly<Record<string, string>>,
  dnsNames: readonly string[],
  clock: Clock,
): ServingCertificate | undefined {
  const { ca, cert, key } = served(data);
  try {
    const [authority, server] = [new X509Certificate(ca), new X509Certificate(cert)];
    const isSound =
      server.verify(authority.publicKey) &&
      server.checkIssued(authority) &&
      server.checkPrivateKey(createPrivateKey(key)) &&
      dnsNames.every((name) => server.checkHost(name) !== undefined);
    const serverLasts = hasTime(server, serverLife.renewBefore, clock);
    const lasts = serverLasts && hasTime(authority, authorityLife.renewBefore, clock);
    return isSound && lasts ? { ca, cert, key } : undefined;
  } catch {
    // not readable: it is made anew
    return undefined;
  }
}

const hasTime = ({ validTo }: X509Certificate, seconds: number, clock: Clock): boolean =>
  Date.parse(validTo) - clock.date().getTime() > 1000 * seconds;

/** A new server certificate, by the authority that there is, so that nobody need be told; or by a new one. */
function issue(
  data: Readonly<Record<string, string>>,
  dnsNames: readonly string[],
  clock: Clock,
): Readonly<Record<string, string>> {
  const authority = usableAuthority(data, clock) ?? newAuthority(clock);
  const { publicKey, privateKey } = newKeys();
  const cert = issueCertificate({
    ...validity(serverLife.seconds, clock),
    serial: randomBytes(16),
    // at most 64 characters (RFC 5280, ub-common-name); who connects reads the names below
    subject: (dnsNames[0] ?? authorityName).slice(0, 64),
    subjectKey: publicKey,
    issuer: authorityName,
    issuerKey: authority.key,
    purpose: { kind: 'server', dnsNames },
  });
  return {
    [secretKeys.ca]: authority.certificate,
    [secretKeys.caKey]: pem(authority.key),
    [secretKeys.cert]: cert,
    [secretKeys.key]: pem(privateKey),
  };
}

function usableAuthority(data: Readonly<Record<string, string>>, clock: Clock): Authority | undefined {
  try {
    const certificate = data[secretKeys.ca] ?? '';
    const key = createPrivateKey(data[secretKeys.caKey] ?? '');
    const parsed = new X509Certificate(certificate);
    const isSound = parsed.ca && parsed.checkPrivateKey(key) && parsed.subject === `CN=${authorityName}`;
    return isSound && hasTime(parsed, authorityLife.renewBefore, clock) ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}

function newAuthority(clock: Clock): Authority {
  const { publicKey, privateKey } = newKeys();
  const certificate = issueCertificate({
    ...validity(authorityLife.seconds, clock),
    serial: randomBytes(16),
    subject: authorityName,
    subjectKey: publicKey,
    issuer: authorityName,
    issuerKey: privateKey,
    purpose: { kind: 'authority' },
  });
  return { certificate, key: privateKey };
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function validity(seconds: number, clock: Clock): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = clock.date().getTime();
  return { notBefore: new Date(now - 1000 * backdateSeconds), notAfter: new Date(now + 1000 * seconds) };
}

export interface KeepOptions {
  readonly secret: CertificateSecret;
  readonly dnsNames: readonly string[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Hears of each certificate but the first: renewed here, or by another replica. */
  readonly onChange: (certificate: ServingCertificate) => void;
  /** The one that is served stays; it is tried again in an hour. */
  readonly onError: (error: unknown) => void;
}

const lookEverySeconds = 3600;

/** The certificate, watched over from then on: looks once an hour. */
export async function keepCertificate(
  o: KeepOptions,
): Promise<{ readonly current: () => ServingCertificate; readonly stop: Cancel }> {
  let current = await servingCertificate(o.secret, o.dnsNames, o.clock);
  let isStopped = false;
  let cancel: Cancel = () => undefined;
  const look = async (): Promise<void> => {
    try {
      const next = await servingCertificate(o.secret, o.dnsNames, o.clock);
      if (next.cert !== current.cert && !isStopped) {
        current = next;
        o.onChange(next);
      }
    } catch (error) {
      o.onError(error);
    }
    if (!isStopped) arm();
  };
  const arm = (): void => {
    cancel = o.scheduler.after(lookEverySeconds, () => void look());
  };
  arm();
  return {
    current: () => current,
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
}
