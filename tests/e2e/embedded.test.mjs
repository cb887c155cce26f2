// A node without DATABASE_URL: on its embedded store, alone in its cluster, and
// sure of what it has acknowledged.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, assert_error } from './support/client.mjs';
import { Events } from './support/events.mjs';
import { LarderNode, clean_environment, larder } from './support/larder.mjs';
import { NatsServer } from './support/nats_server.mjs';
import { free_ports } from './support/ports.mjs';
import { eventually } from './support/wait.mjs';

describe('an embedded node', () => {
  let dir, nats, node, client, ports;
  const new_node = (id, more = {}) => new LarderNode(dir, {
    id, http_port: ports.shift(), nats_url: nats.url, ...more });
  const ended = (what) => eventually(`${what.id} to end`, () => what.child.ended,
    { within: 10_000 });

  before(async () => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'larder-e2e-'));
    let nats_port;
    [nats_port, ...ports] = await free_ports(8);
    nats = new NatsServer(dir, nats_port);
    await nats.start();
    client = await Client.connect(nats.url);
    node = new_node('alone');
    await node.start();
  });

  after(async () => {
    await client?.close();
    await node?.stop();
    await nats?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('names its store wherever the source of truth is named', async () => {
    // Published: so the value is in JetStream before that is cleared.
    const published = await Events.on(client, 'template.updated.t.tier');
    await client.must_put('t', 'tier', '{"n":1}');
    await published.wait(() => true);
    published.stop();
    const replies = await client.control('clear', { tiers: ['memory', 'jetstream'] }, { max: 1 });
    assert.equal(replies[0].ok, true);
    assert.equal((await client.must_get('t', 'tier')).tier, 'embedded');
    const ready = JSON.parse((await node.fetch('/readyz')).text);
    assert.deepEqual(Object.keys(ready.tiers).sort(), ['embedded', 'jetstream', 'memory']);
    assert.equal(ready.tiers.embedded.state, 'up');
    const stats = await client.stats('alone');
    assert.equal(stats.hits.embedded, 1);
    assert.equal(stats.db_hits, 1);
    const [info] = await client.control('info', {}, { max: 1 });
    assert.equal(info.source_of_truth, 'embedded');
  });

  test('a change reaches subscribers, JetStream and memory as with PostgreSQL', async () => {
    const put = await client.must_put('t', 'changed', '{"n":1}');
    await eventually('the change to be in JetStream', async () => {
      await client.control('clear', { tiers: ['memory'] }, { max: 1 });
      const reply = await client.must_get('t', 'changed');
      return reply.tier === 'jetstream' && reply.revision === put.revision;
    });
  });

  test('everything acknowledged is there after kill -9 and a restart', async () => {
    const revisions = new Map();
    let stop = false;
    const writer = async (w) => {
      for (let i = 0; !stop; ++i) {
        const id = `k${w}-${i % 5}`;
        const put = await client.put('kept', id, `{"w":${w},"i":${i}}`).catch(() => null);
        if (put?.ok) revisions.set(id, put.json.revision);
      }
    };
    const writers = [0, 1, 2].map(writer);
    await eventually('some writes', () => revisions.size === 15);
    await node.child.stop('SIGKILL');
    stop = true;
    await Promise.all(writers);
    await node.start();
    for (const [id, revision] of revisions)
      assert.ok((await client.must_get('kept', id)).revision >= revision, id);
    const found = await client.request('template.search', { query: 'kept', type: 'kept' });
    assert.equal(found.status, 200);
    const list = await client.request('template.list.kept', '');
    assert.equal(list.json.items.length, revisions.size);
  });

  test('a second node of its cluster leaves with 78, and names the first', async () => {
    const second = new_node('second');
    second.spawn();
    assert.equal((await ended(second)).code, 78);
    assert.match(second.child.tail(), /alone.*embedded|embedded.*alone/);
    const with_database = new_node('third', {
      database_url: 'postgresql://larder@127.0.0.1:1/larder' });
    with_database.spawn();
    // It waits for PostgreSQL first, and would be refused after that.
    await with_database.stop();
    assert.equal((await client.must_get('t', 'tier')).status, 200);
  });

  test('a second process on its directory leaves with 69, and names it', async () => {
    const second = new_node('same-directory', { env: {
      LARDER_NODE__DATA_DIR: node.env.LARDER_NODE__DATA_DIR } });
    second.spawn();
    assert.equal((await ended(second)).code, 69);
    assert.match(second.child.tail(), /alone\/data\/embedded/);
  });

  test('there is nothing to migrate', async () => {
    const ran = await larder(['migrate'], { env: clean_environment(dir, {}) });
    assert.equal(ran.code, 78);
    assert.match(ran.stderr, /embedded store/);
  });

  test('a conditional put and a delete keep their promises', async () => {
    const first = await client.must_put('t', 'cas', '{"n":1}');
    assert_error(await client.put('t', 'cas', '{"n":2}',
      { headers: { 'Larder-Expect-Revision': String(first.revision + 1) } }), 409, 'revision_conflict');
    assert.ok((await client.delete('t', 'cas')).ok);
    assert_error(await client.get('t', 'cas'), 404, 'not_found');
  });
});
