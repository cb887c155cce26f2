// The proxy itself, between a client and an echo server of ours.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { eventually, in_time } from '../e2e/support/wait.mjs';
import { Proxy } from './proxy.mjs';

describe('the proxy', () => {
  let echo;
  let proxy;
  const accepted = [];
  const clients = [];

  before(async () => {
    echo = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.seen = '';
      accepted.push(socket);
      socket.on('data', (chunk) => { socket.seen += chunk; socket.write(chunk); });
      socket.on('end', () => { socket.ended = true; socket.end(); });
      socket.on('error', (error) => { socket.failed = error.code; });
    });
    await new Promise((done) => echo.listen(0, '127.0.0.1', done));
    proxy = await Proxy.start({ to_port: echo.address().port });
  });

  after(async () => {
    for (const client of clients) client.destroy();
    await proxy.stop();
    for (const socket of accepted) socket.destroy();
    await new Promise((done) => echo.close(done));
  });

  const connect = async () => {
    const client = net.connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
    clients.push(client);
    client.got = '';
    client.setEncoding('utf8');
    client.on('data', (text) => { client.got += text; });
    client.on('end', () => { client.ended = true; });
    client.on('error', (error) => { client.failed = error.code; });
    await new Promise((done) => client.once('connect', done));
    return client;
  };

  const says = async (client, text) => {
    const before_it = client.got.length;
    client.write(text);
    await eventually('the echo', () => client.got.slice(before_it) === text);
  };

  /** A link that has carried something, and the server's end of it. */
  const link = async () => {
    const client = await connect();
    await says(client, 'begin ');
    return [client, accepted.at(-1)];
  };

  test('passes on what is sent, both ways, unchanged', async () => {
    const [client, server] = await link();
    const big = 'x'.repeat(3_000_000);
    await says(client, big);
    assert.equal(server.seen, `begin ${big}`);
    client.end();
    await eventually('the end to go there and back', () => server.ended && client.ended);
  });

  test('delays both ways, and keeps the order whatever the jitter', async () => {
    const [client] = await link();
    proxy.delay(40, 30);
    const begin = performance.now();
    for (let i = 0; i < 50; ++i) client.write(`${i},`);
    const all = `begin ${Array.from({ length: 50 }, (_, i) => `${i},`).join('')}`;
    await eventually('all of it', () => client.got === all);
    assert.ok(performance.now() - begin >= 79);
    proxy.heal();
  });

  test('a black hole can take the links that began in one way, and leave the others', async () => {
    const [client] = await link();
    const other = await connect();
    await says(other, 'named other ');
    proxy.black_hole(true, (one) => one.opening.startsWith('begin '));
    client.write('held');
    await says(other, 'passes');
    assert.equal(client.got, 'begin ');
    // One that is opened now passes until it says what it is.
    const late = await connect();
    late.write('begin ');
    await says(other, 'again');
    assert.equal(late.got, '');
    proxy.heal();
    await eventually('what was held', () =>
      client.got === 'begin held' && late.got === 'begin ');
  });

  test('a black hole closes nothing and loses nothing: it all comes late', async () => {
    const [client, server] = await link();
    const [other] = await link();
    proxy.black_hole(true);
    client.write('into the dark');
    const late = await connect();
    late.write('who is there');
    // Another link of another proxy works meanwhile: so time has passed.
    const open = await Proxy.start({ to_port: echo.address().port });
    const witness = net.connect({ port: open.port, host: '127.0.0.1' });
    witness.write('x');
    await in_time('the witness', new Promise((done) => witness.once('data', done)), 5_000);
    witness.destroy();
    await open.stop();
    assert.equal(server.seen, 'begin ');
    assert.equal(client.got, 'begin ');
    assert.equal(late.got, '');
    other.destroy();
    proxy.black_hole(false);
    await eventually('what was held', () =>
      client.got === 'begin into the dark' && late.got === 'who is there');
    assert.equal(client.ended, undefined);
  });

  test('a half-open link carries one way', async () => {
    const [client, server] = await link();
    proxy.black_hole('down');
    client.write('heard');
    await eventually('the server to hear it', () => server.seen === 'begin heard');
    assert.equal(client.got, 'begin ');
    proxy.black_hole('up');
    await eventually('what was held on the way down', () => client.got === 'begin heard');
    server.write('pushed');
    client.write('unheard');
    await eventually('what the server says', () => client.got === 'begin heardpushed');
    assert.equal(server.seen, 'begin heard');
    proxy.heal();
    await eventually('all of it', () => server.seen === 'begin heardunheard');
  });

  test('an end in a black hole is not told', async () => {
    const [client, server] = await link();
    proxy.black_hole(true);
    server.destroy();
    client.write('x');
    const [ended] = await Promise.all([
      Promise.race([new Promise((done) => client.once('close', () => done(true))),
                    new Promise((done) => setTimeout(() => done(false), 100))]),
    ]);
    assert.equal(ended, false);
    proxy.heal();
    await eventually('the end', () => client.destroyed || client.ended);
  });

  test('a reset ends every link at both ends, and new ones are taken', async () => {
    const [client, server] = await link();
    proxy.reset();
    await eventually('ECONNRESET', () =>
      client.failed === 'ECONNRESET' && server.failed === 'ECONNRESET');
    await link();
  });

  test('a server that refuses ends the link', async () => {
    const [port] = [await new Promise((done) => {
      const s = net.createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = s.address();
        s.close(() => done(free));
      });
    })];
    const nowhere = await Proxy.start({ to_port: port });
    const client = net.connect({ port: nowhere.port, host: '127.0.0.1' });
    clients.push(client);
    await in_time('the end', new Promise((done) => {
      client.once('error', done);
      client.once('close', done);
    }), 5_000);
    await nowhere.stop();
  });
});
