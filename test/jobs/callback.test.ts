import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Callbacks } from '../../src/jobs/callback/callback.js';
import { CallbackHosts, isPublicAddress } from '../../src/jobs/callback/callback-hosts.js';
import { atEnd } from '../at-end.js';
import { failsWith, rig, SILENT } from './rig.js';

interface Received {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that notes what it is sent, and answers with the statuses given, the last one from then on; 0 is no answer. */
async function receiver(test: TestContext, statuses: readonly number[] = [204]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const status = statuses[received.length] ?? statuses.at(-1) ?? 500;
    received.push({ url: request.url, headers: request.headers, body });
    if (status !== 0) response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    server.emit('received');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(test, () => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { received, server, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/done` };
}

describe('callback hosts', () => {
  const hosts = new CallbackHosts([
    'Hooks.example.com',
    'other.example:8443',
    '10.0.0.5=private',
    '[::1]:9000=private',
    'secure.example:443',
  ]);

  it('are those that the operator listed, by name and port', () => {
    assert.equal(hosts.check('https://hooks.example.com/a?b=c').allowsPrivate, false);
    assert.equal(hosts.check('https://HOOKS.example.com:443/').hostname, 'hooks.example.com');
    assert.equal(hosts.check('http://other.example:8443/').allowsPrivate, false);
    assert.equal(hosts.check('http://10.0.0.5/').allowsPrivate, true);
    assert.equal(hosts.check('http://[::1]:9000/').allowsPrivate, true);
    assert.equal(hosts.check('https://secure.example/').allowsPrivate, false);
  });

  for (const url of [
    'https://example.com/',
    'https://hooks.example.com.evil.example/',
    'https://hooks.example.com:8080/',
    'https://evil.example/#hooks.example.com',
    'https://hooks.example.com@evil.example/',
    'https://user:pass@hooks.example.com/',
    'http://secure.example/',
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'hooks.example.com',
    'http://127.0.0.1/',
    'http://2130706433/',
    '',
  ]) {
    it(`refuse ${url === '' ? 'nothing' : url}`, () => {
      assert.throws(() => hosts.check(url), failsWith('invalid_option'));
    });
  }

  it('name a bad entry', () => {
    for (const entry of ['https://a.example', 'a.example=open', 'a b', 'a.example/path']) {
      assert.throws(() => new CallbackHosts([entry]), /CALLBACK_HOSTS has ".*"; expected host/);
    }
  });

  it('are none without a secret to sign with', async (test) => {
    const { jobs } = await rig(test, { CALLBACK_HOSTS: ['hooks.example.com'] });
    assert.throws(() => jobs.checkCallbackUrl('https://hooks.example.com/'), failsWith('invalid_option'));
  });
});

describe('public addresses', () => {
  it('are those of the public internet alone', () => {
    for (const address of [
      '8.8.8.8',
      '172.32.0.1',
      '192.167.255.255',
      '100.128.0.1',
      '2606:4700::1111',
      '2a00::1',
    ]) {
      assert.equal(isPublicAddress(address), true, address);
    }
    for (const address of [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:10.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::a00:1',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '2001:db8::1',
      '2002:a00:1::',
      'not an address',
      '',
    ]) {
      assert.equal(isPublicAddress(address), false, address);
    }
  });
});

describe('a callback', () => {
  it('is one signed POST at the end of its job', async (test) => {
    const { received, server, host, url } = await receiver(test);
    const { jobs, engine, submitDurable } = await rig(test, {
      CALLBACK_HOSTS: [`${host}=private`],
      CALLBACK_SECRET: 'key',
    });
    jobs.checkCallbackUrl(url);
    const arrived = once(server, 'received');
    const { job } = await submitDurable({ callbackUrl: url });
    await (await engine.runOf(job)).succeed(12);
    await job.settled;
    await arrived;
    const [post] = received;
    assert.ok(post);
    const { id, state, result } = JSON.parse(post.body) as {
      id: string;
      state: string;
      result: { bytes: number };
    };
    assert.deepEqual({ id, state, bytes: result.bytes }, { id: job.id, state: 'succeeded', bytes: 12 });
    assert.equal(post.headers['content-type'], 'application/json');
    const [, seconds, signature] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(post.headers['x-tessera-signature'])) ?? [];
    assert.equal(signature, createHmac('sha256', 'key').update(`${seconds}.${post.body}`).digest('hex'));
    assert.equal(received.length, 1);
  });

  it('is tried again, as the same delivery, until it is accepted', async (test) => {
    const { received, host, url } = await receiver(test, [500, 302, 404, 200]);
    const callbacks = new Callbacks(new CallbackHosts([`${host}=private`]), 'key', SILENT, [1, 1, 1, 1, 1]);
    assert.equal(await callbacks.deliver({ url, jobId: 'a', delivery: 'd', body: {} }), true);
    assert.equal(received.length, 4);
    for (const { headers } of received) assert.equal(headers['x-tessera-delivery'], 'd');
    assert.ok(
      received.every((post) => post.url === '/done'),
      'no redirect was followed',
    );
  });

  it('is given up after the last try', async (test) => {
    const { received, host, url } = await receiver(test, [500]);
    const callbacks = new Callbacks(new CallbackHosts([`${host}=private`]), 'key', SILENT, [1, 1]);
    assert.equal(await callbacks.deliver({ url, jobId: 'a', delivery: 'd', body: {} }), true);
    assert.equal(received.length, 3);
  });

  it('does not go to a private address unless the entry says so, by name or number', async (test) => {
    const { received, host, url } = await receiver(test);
    const port = host.split(':')[1];
    const callbacks = new Callbacks(new CallbackHosts([host, `localhost:${port}`]), 'key', SILENT, []);
    await callbacks.deliver({ url, jobId: 'a', delivery: 'd', body: {} });
    await callbacks.deliver({ url: `http://localhost:${port}/`, jobId: 'a', delivery: 'd', body: {} });
    assert.equal(received.length, 0);
  });

  it('that had not arrived when the service stopped is sent after the restart, as the same delivery', async (test) => {
    const { received, server, host, url } = await receiver(test, [0, 204]);
    const changes = { CALLBACK_HOSTS: [`${host}=private`], CALLBACK_SECRET: 'key' };
    const before = await rig(test, changes);
    const unanswered = once(server, 'received');
    const { job } = await before.submitDurable({ callbackUrl: url });
    await (await before.engine.runOf(job)).succeed();
    await job.settled;
    await unanswered;
    await before.jobs.close(0);
    const accepted = once(server, 'received');
    const after = await rig(test, changes, before.folder);
    await accepted;
    assert.equal(received.length, 2);
    const [first, second] = received.map(({ headers }) => headers['x-tessera-delivery']);
    assert.match(String(first), /^[0-9a-f-]{36}$/);
    assert.equal(second, first);
    assert.equal(after.engine.runs.length, 0);
    const other = once(server, 'received');
    const { job: another } = await after.submitDurable({ callbackUrl: url });
    await (await after.engine.runOf(another)).succeed();
    await other;
    assert.notEqual(received[2]?.headers['x-tessera-delivery'], first);
  });
});
