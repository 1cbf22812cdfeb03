import { InputError } from '../lib/errors.ts';

/** As libpq has them, less those that go on without encryption where the server offers none. */
export const tlsModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof tlsModes)[number];

/** Where a served PostgreSQL is and who we are there. Holds the password: never log it. */
export interface DatabaseAddress {
  /** Name, address, or the folder of a unix socket. What is left out comes from libpq's variables (PGHOST, ...). */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: {
    readonly mode: TlsMode;
    /** PEM files: the authority that signed the server's certificate; our own certificate and its key. */
    readonly authority: string | undefined;
    readonly certificate: string | undefined;
    readonly key: string | undefined;
  };
}

const known = ['host', 'port', 'dbname', 'user', 'password', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'];

/**
 * Reads `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE`, the form of libpq.
 * Throws InputError that says what is wrong and never repeats the URL, which holds the password.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw fault('is no URL of a PostgreSQL');
  }
  // not repeated either: behind a "?" in a password that is not escaped, the rest of it would look like a parameter
  if ([...url.searchParams.keys()].some((name) => !known.includes(name))) {
    throw fault(`has a parameter that is none of ${known.join(', ')}`);
  }
  const field = (name: string, part: string): string | undefined => url.searchParams.get(name) || decoded(part);
  const port = field('port', url.port);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    throw fault('has a port that is no number from 1 to 65535');
  }
  return {
    host: field('host', url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: port === undefined ? undefined : Number(port),
    database: field('dbname', url.pathname.slice(1)),
    user: field('user', url.username),
    password: field('password', url.password),
    tls: tlsOf(url.searchParams),
  };
}

function tlsOf(parameters: URLSearchParams): DatabaseAddress['tls'] {
  const file = (name: string): string | undefined => parameters.get(name) || undefined;
  const authority = file('sslrootcert');
  const given = parameters.get('sslmode') ?? 'disable';
  const mode = tlsModes.find((candidate) => candidate === given);
  if (mode === undefined) throw fault(`has an sslmode that is none of ${tlsModes.join(', ')}`);
  // libpq's rule: an authority is named in order to be asked
  const asked = mode === 'require' && authority !== undefined ? 'verify-ca' : mode;
  return { mode: asked, authority, certificate: file('sslcert'), key: file('sslkey') };
}

/** Undefined for an empty part. */
function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw fault('holds a "%" that starts no escape');
  }
}

const fault = (what: string): InputError =>
  new InputError(
    `DATABASE_URL ${what}.`,
    'Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with ?sslmode=verify-full&sslrootcert=FILE for TLS.',
  );
