/** A certificate authority of a test cluster's own, by openssl 3. Elliptic keys: a whole set takes well under a second. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostProgram, must } from './programs.ts';

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Subject {
  /** Kubernetes takes the common name for the user ... */
  readonly user: string;
  /** ... and organisations for the groups. */
  readonly groups?: readonly string[];
  /** For a server: such as `IP:127.0.0.1`, `DNS:localhost`. */
  readonly names?: readonly string[];
}

const days = '30';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

// a configuration of our own: the system's may add the same extensions a second time, which Go refuses
const config = (extensions: readonly string[]): string =>
  ['[req]', 'prompt = no', 'distinguished_name = name', '[name]', 'CN = nasoa', '[extensions]', ...extensions, ''].join(
    '\n',
  );

export async function createAuthority(folder: string, env: NodeJS.ProcessEnv): Promise<Authority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [cert, key, settings] = [join(folder, 'ca.crt'), join(folder, 'ca.key'), join(folder, 'ca.cnf')];
  await writeFile(
    settings,
    config([
      'basicConstraints = critical, CA:TRUE',
      'keyUsage = critical, keyCertSign, cRLSign',
      'subjectKeyIdentifier = hash',
    ]),
  );
  const args = ['req', '-x509', ...newKey, '-config', settings, '-extensions', 'extensions', '-days', days];
  await must(hostProgram('openssl', env), [...args, '-subj', '/CN=nasoa-test', '-keyout', key, '-out', cert], env);
  return { folder, cert, key, env };
}

/** Issues `NAME.crt` and `NAME.key`, good for a client and, with names, for a server. */
export async function issue(authority: Authority, name: string, subject: Subject): Promise<Certificate> {
  const { folder, env } = authority;
  const [cert, key, settings] = [join(folder, `${name}.crt`), join(folder, `${name}.key`), join(folder, `${name}.cnf`)];
  const { user, groups = [], names = [] } = subject;
  await writeFile(
    settings,
    config([
      'basicConstraints = critical, CA:FALSE',
      'keyUsage = critical, digitalSignature',
      'extendedKeyUsage = clientAuth, serverAuth',
      ...(names.length > 0 ? [`subjectAltName = ${names.join(', ')}`] : []),
    ]),
  );
  const subjectName = [...groups.map((group) => `/O=${group}`), `/CN=${user}`].join('');
  const args = ['req', '-x509', ...newKey, '-config', settings, '-extensions', 'extensions', '-days', days];
  const signer = ['-CA', authority.cert, '-CAkey', authority.key];
  await must(
    hostProgram('openssl', env),
    [...args, ...signer, '-subj', subjectName, '-keyout', key, '-out', cert],
    env,
  );
  return { cert, key };
}

/** The pair of keys that service-account tokens are signed and checked with. */
export async function createTokenKeys(
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<{ key: string; public: string }> {
  const [key, publicKey] = [join(folder, 'tokens.key'), join(folder, 'tokens.pub')];
  const openssl = hostProgram('openssl', env);
  await must(openssl, ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', key], env);
  await must(openssl, ['pkey', '-in', key, '-pubout', '-out', publicKey], env);
  return { key, public: publicKey };
}

/** How a user proves who it is. */
export type Credentials = Certificate | { readonly token: string };

/** A kubeconfig in JSON, which is YAML, with everything inside it. */
export function kubeconfig(server: string, ca: string, credentials: Credentials, namespace = 'default'): string {
  const base64 = (path: string): string => readFileSync(path).toString('base64');
  const user =
    'token' in credentials
      ? { token: credentials.token }
      : { 'client-certificate-data': base64(credentials.cert), 'client-key-data': base64(credentials.key) };
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
      users: [{ name: 'test', user }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
      'current-context': 'test',
    },
    undefined,
    2,
  );
}
