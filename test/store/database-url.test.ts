import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { type DatabaseAddress, parseDatabaseUrl } from '../../src/store/database-url.ts';

const noTls: DatabaseAddress['tls'] = {
  mode: 'disable',
  authority: undefined,
  certificate: undefined,
  key: undefined,
};
const anAddress = (over: Partial<DatabaseAddress> = {}): DatabaseAddress => ({
  host: undefined,
  port: undefined,
  database: undefined,
  user: undefined,
  password: undefined,
  tls: noTls,
  ...over,
});
const tls = (over: Partial<DatabaseAddress['tls']>) => anAddress({ host: 'db', tls: { ...noTls, ...over } });

describe('parseDatabaseUrl reads', () => {
  test.each<readonly [string, string, DatabaseAddress]>([
    [
      'all parts',
      'postgresql://me:secret@db.example:5433/nasoa',
      anAddress({ host: 'db.example', port: 5433, database: 'nasoa', user: 'me', password: 'secret' }),
    ],
    ['the short name of the scheme', 'postgres://db', anAddress({ host: 'db' })],
    ['nothing but the scheme', 'postgresql://', anAddress()],
    [
      'escapes',
      'postgres://a%40b:p%2Fw%3Fd%23@db/x%20y',
      anAddress({ host: 'db', user: 'a@b', password: 'p/w?d#', database: 'x y' }),
    ],
    ['an IPv6 address', 'postgres://[::1]:5432/x', anAddress({ host: '::1', port: 5432, database: 'x' })],
    ['the folder of a socket', 'postgres://%2Frun%2Fpg/x', anAddress({ host: '/run/pg', database: 'x' })],
    [
      'parameters in place of the parts',
      'postgresql:///x?host=/run/pg&user=me&password=s&port=5433&dbname=y',
      anAddress({ host: '/run/pg', user: 'me', password: 's', port: 5433, database: 'y' }),
    ],
    ['TLS without a check', 'postgres://db?sslmode=require', tls({ mode: 'require' })],
    [
      'an authority, which is then asked',
      'postgres://db?sslmode=require&sslrootcert=/ca.pem',
      tls({ mode: 'verify-ca', authority: '/ca.pem' }),
    ],
    [
      'a certificate of our own',
      'postgres://db?sslmode=verify-full&sslcert=/c.pem&sslkey=/k.pem',
      tls({ mode: 'verify-full', certificate: '/c.pem', key: '/k.pem' }),
    ],
  ])('%s', (_, url, address) => expect(parseDatabaseUrl(url)).toEqual(address));
});

describe('parseDatabaseUrl refuses', () => {
  test.each([
    ['another database', 'mysql://me:geheim@db/x', 'is no URL of a PostgreSQL'],
    ['words', 'geheim', 'is no URL of a PostgreSQL'],
    ['a port out of range', 'postgres://me:geheim@db?port=70000', 'port'],
    ['a port that is a word', 'postgres://me:geheim@db?port=geheim', 'port'],
    ['TLS that may be left out', 'postgres://me:geheim@db?sslmode=prefer', 'sslmode'],
    ['a parameter it does not know', 'postgres://me:12?geheim@db/x', 'a parameter that is none of'],
    ['a broken escape', 'postgres://me:%geheim@db', 'starts no escape'],
  ])('%s, without repeating it', (_, url, message) => {
    let error: unknown;
    try {
      parseDatabaseUrl(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'InputError', message: expect.stringContaining(message) });
    expect(inspect(error)).not.toMatch(/geheim/);
  });
});
