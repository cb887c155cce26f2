// Starting a node where something is wrong: the process says what, and either
// ends with the right exit code or waits and recovers.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { binary, suite } from './support/suite.mjs';
import { free_ports } from './support/ports.mjs';
import { run } from './support/process.mjs';
import { eventually, in_time } from './support/wait.mjs';

suite('starting a node', { nodes: 1 }, (env) => {
  const ends_with = async (codes, node) => {
    node.spawn();
    const ended = await in_time('the end of the process', node.child.exited, 20_000);
    assert.ok(codes.includes(ended.code),
      `exit code ${ended.code}, signal ${ended.signal}:\n${node.child.tail()}`);
    return node.child.log();
  };

  /** Ends with one of `codes`, or stays, not ready, and says why in its log. */
  const ends_or_waits = async (codes, node, says) => {
    node.spawn();
    await eventually(`the log of ${node.id} to say ${says}`, async () => {
      assert.match(node.child.log(), says);
      return true;
    }, { within: 10_000, every: 100 });
    const ended = node.child.ended ?? await Promise.race([
      node.child.exited, new Promise((resolve) => setTimeout(() => resolve(null), 5_000))]);
    if (ended) {
      assert.ok(codes.includes(ended.code), `exit code ${ended.code}:\n${node.child.tail()}`);
    } else {
      assert.equal((await node.fetch('/healthz')).status, 200);
      assert.equal((await node.fetch('/readyz')).status, 503);
      assert.ok([0, ...codes].includes((await node.stop()).code), node.child.tail());
    }
    return node.child.log();
  };

  test('a wrong database password is named, and not shown', async () => {
    const node = await env.extra_node('wrong-password', {
      database_url: env.postgres.url_of('larder', 'not-the-right-one', 'larder') });
    const log = await ends_or_waits([69, 78], node, /password|authentication/i);
    assert.doesNotMatch(log, /not-the-right-one/);
  });

  test('a database that does not exist is named', async () => {
    const node = await env.extra_node('no-database', {
      database_url: env.postgres.url.replace(/\/larder$/, '/no_such_database') });
    await ends_or_waits([69, 78], node, /no_such_database/);
  });

  test('a database URL that is no URL is a configuration error', async () => {
    const node = await env.extra_node('bad-database-url', { database_url: 'what://is this' });
    const log = await ends_with([78], node);
    assert.match(log, /DATABASE_URL|postgres/i);
  });

  test('a NATS URL that is no URL is a configuration error', async () => {
    const node = await env.extra_node('bad-nats-url', { nats_url: 'http//:nonsense:nonsense' });
    const log = await ends_with([69, 78], node);
    assert.match(log, /NATS_URL|nats/i);
  });

  test('a port of NATS where nobody listens is named, and the node waits for it', async () => {
    const [port] = await free_ports(1);
    const node = await env.extra_node('no-nats', { nats_url: `nats://127.0.0.1:${port}` });
    await ends_or_waits([69], node, new RegExp(String(port)));
  });

  test('an HTTP port in use is named', async () => {
    const node = await env.extra_node('port-in-use', {
      env: { LARDER_HTTP__PORT: String(env.a.http_port) } });
    const log = await ends_with([69, 78], node);
    assert.match(log, new RegExp(String(env.a.http_port)));
    assert.equal((await env.client.control('ping', {}, { node: 'node-1' })).ok, true);
  });

  test('an unreadable configuration file is named', async () => {
    const node = await env.extra_node('no-file', { args: ['--config', '/no/such/larder.yaml'] });
    const log = await ends_with([78], node);
    assert.match(log, /\/no\/such\/larder\.yaml/);
  });

  test('a node id that is no token is a configuration error', async () => {
    for (const id of ['with space', 'a.b', '*', '>']) {
      const node = await env.extra_node('bad-id', { env: { LARDER_NODE__ID: id } });
      const log = await ends_with([78], node);
      assert.match(log, /node.{0,4}id|NODE__ID/i);
    }
  });

  test('a node with a read-only data directory serves, or says what it cannot write', async () => {
    // Root may write anywhere: try as somebody else.
    const dir = path.join(env.dir, 'read-only');
    mkdirSync(dir);
    chmodSync(dir, 0o555);
    const node = await env.extra_node('read-only', {
      env: { LARDER_NODE__DATA_DIR: path.join(dir, 'data') } });
    if (process.getuid() === 0) {
      const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
      chownSync(dir, uid, uid);
      const reachable = await run('setpriv', [
        '--reuid=nobody', '--clear-groups', 'test', '-x', binary]);
      // A checkout that others cannot read: nothing to learn here.
      if (reachable.code !== 0) return;
      const ran = await run('setpriv', ['--reuid=nobody', '--clear-groups', 'timeout',
        '--signal=TERM', '5', binary, 'node'], { env: node.env, cwd: '/' });
      if (ran.code === 0 || ran.code === 124) return;
      assert.ok([69, 78].includes(ran.code), `${ran.code} ${ran.stderr}`);
      assert.match(ran.stderr + ran.stdout, /read-only/);
    } else {
      await ends_or_waits([69, 78], node, /read-only|ready/);
    }
  });

  test('a node that starts before PostgreSQL serves when it comes', async () => {
    await env.postgres.stop();
    const node = await env.extra_node('early-for-postgres');
    node.spawn();
    try {
      await eventually('the process to live', async () =>
        (await node.fetch('/healthz')).status === 200, { within: 5_000 });
    } finally {
      await env.postgres.start();
    }
    await node.ready(10_000);
    await env.client.must_put('startup', 'early', '{"n":1}', { node: 'early-for-postgres' });
    assert.equal((await node.stop()).code, 0);
  });

  test('a node that starts before nats-server serves when it comes', async () => {
    await env.nats.stop();
    const node = await env.extra_node('early-for-nats');
    node.spawn();
    try {
      await eventually('the process to live', async () =>
        (await node.fetch('/healthz')).status === 200, { within: 5_000 });
      assert.equal((await node.fetch('/readyz')).status, 503);
    } finally {
      await env.nats.start();
    }
    await node.ready(10_000);
    await eventually('a put through it', async () =>
      (await env.client.put('startup', 'nats', '{"n":1}', {
        node: 'early-for-nats', timeout: 1_000 })).ok, { within: 5_000 });
    assert.equal((await node.stop()).code, 0);
  });

  test('synchronous_commit=off is refused unless the configuration allows it', async () => {
    await env.postgres.execute('ALTER ROLE larder SET synchronous_commit = off');
    const refused = await env.extra_node('asynchronous');
    const log = await ends_or_waits([69, 78], refused, /synchronous_commit/);
    assert.match(log, /synchronous_commit/);
    const allowed = await env.extra_node('asynchronous-allowed', {
      env: { LARDER_POSTGRES__ALLOW_ASYNCHRONOUS_COMMIT: 'true' } });
    await allowed.start();
    assert.equal((await allowed.stop()).code, 0);
    await env.postgres.execute('ALTER ROLE larder RESET synchronous_commit');
  });
});
