import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { type Route, text } from '../../src/server/routes.ts';
import { aCertificate, aServer, ask, serviceName } from './servers.ts';

const echo: Route = {
  method: 'POST',
  path: '/v1/things/:name',
  maxBodyBytes: 100,
  handle: ({ params, query, body }) => text(200, `${params['name']} ${query.get('q') ?? ''} ${body.toString()}`),
};
const hello: Route = { method: 'GET', path: '/hello', handle: () => text(200, 'hello') };
const bug: Route = {
  method: 'GET',
  path: '/bug/:id',
  handle: () => {
    throw new TypeError('secret detail');
  },
};
const picky: Route = {
  method: 'GET',
  path: '/picky',
  handle: () => Promise.reject(new InputError('This is not right.', 'Mend it.')),
};
const routes = [echo, hello, bug, picky];

describe('a request', () => {
  test.each([
    ['reaches its route', 'GET', '/hello', '', 200, 'hello'],
    ['may ask for the head alone', 'HEAD', '/hello', '', 200, ''],
    ['gets its parameters decoded', 'POST', '/v1/things/a%2Fb?q=x', 'body', 200, 'a/b x body'],
    ['to nowhere is told so', 'GET', '/nowhere', '', 404, 'nothing here'],
    ['with an empty parameter fits nothing', 'POST', '/v1/things/', '', 404, 'nothing here'],
    ['with a broken parameter fits nothing', 'POST', '/v1/things/%ff', '', 404, 'nothing here'],
    ['of the wrong method is told so', 'POST', '/hello', '', 405, 'not for this address'],
    ['with a body that is too long is refused', 'POST', '/v1/things/a', 'x'.repeat(101), 413, '100 bytes'],
    ['that a handler refuses gets the reason', 'GET', '/picky', '', 400, 'This is not right.'],
  ])('%s', async (_what, method, path, body, status, answer) => {
    await using server = await aServer(routes);
    const answered = await ask(`${server.url}${path}`, { method, body });
    expect(answered.status).toBe(status);
    expect(answered.body).toContain(answer);
    expect(server.errors).toEqual([]);
  });

  test('names the methods that an address has', async () => {
    await using server = await aServer(routes);
    expect((await ask(`${server.url}/hello`, { method: 'DELETE' })).headers['allow']).toBe('GET');
  });

  test('that meets a bug tells nothing of it, but the operator hears', async () => {
    await using server = await aServer(routes);
    const answered = await ask(`${server.url}/bug/7`);
    expect(answered.status).toBe(500);
    expect(answered.body).not.toContain('secret detail');
    expect(server.errors).toEqual([{ error: new TypeError('secret detail'), route: '/bug/:id' }]);
  });

  test('of unknown length is cut off at the limit', async () => {
    await using server = await aServer(routes);
    const answered = await ask(`${server.url}/v1/things/a`, {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
      body: 'x'.repeat(5000),
    });
    expect(answered.status).toBe(413);
  });

  test('whose client leaves in the middle is no error', async () => {
    await using server = await aServer(routes);
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write('POST /v1/things/a HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nhalf');
        socket.destroy();
      });
      socket.on('close', () => resolve());
    });
    expect((await ask(`${server.url}/hello`)).status).toBe(200);
    expect(server.errors).toEqual([]);
  });
});

describe('a server that ends', () => {
  test('answers what it has begun, and takes nothing new', async () => {
    let release: (() => void) | undefined;
    const begun = Promise.withResolvers<void>();
    const slow: Route = {
      method: 'GET',
      path: '/slow',
      handle: async () => {
        begun.resolve();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return text(200, 'late');
      },
    };
    const server = await aServer([slow]);
    const answered = ask(`${server.url}/slow`);
    await begun.promise;
    const closed = server.close(60);
    await expect(ask(`${server.url}/slow`)).rejects.toThrow('ECONNREFUSED');
    release?.();
    expect(await answered).toMatchObject({ status: 200, body: 'late', headers: { connection: 'close' } });
    await closed;
  });

  test('cuts off what is left after its grace', async () => {
    const begun = Promise.withResolvers<void>();
    const never: Route = {
      method: 'GET',
      path: '/never',
      handle: () => {
        begun.resolve();
        return new Promise(() => undefined);
      },
    };
    const server = await aServer([never]);
    const answered = ask(`${server.url}/never`);
    const failed = expect(answered).rejects.toThrow();
    await begun.promise;
    await server.close(0);
    await failed;
  });

  test('gives its port back to others', async () => {
    const first = await aServer([hello]);
    await expect(aServer([hello], { port: first.port })).rejects.toThrow(
      `The port ${first.port} cannot be listened on`,
    );
    await first.close(0);
    await using second = await aServer([hello], { port: first.port });
    expect((await ask(`${second.url}/hello`)).body).toBe('hello');
  });
});

describe('over TLS', () => {
  test('its certificate can be replaced while it runs', async () => {
    const [first, second] = [await aCertificate(), await aCertificate()];
    await using server = await aServer([hello], { tls: first });
    const asked = (ca: string) => ask(`${server.url}/hello`, { ca, servername: serviceName });
    expect((await asked(first.ca)).body).toBe('hello');
    server.setIdentity(second);
    expect((await asked(second.ca)).body).toBe('hello');
    await expect(asked(first.ca)).rejects.toThrow();
  });
});
