// Packages on several nodes: what one accepts reaches the others, whatever is
// down meanwhile.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { jetstreamManager } from './support/nats.mjs';
import { document_of, packages_of } from './support/packages.mjs';
import { free_ports } from './support/ports.mjs';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

// Without PostgreSQL's copy a node has what the log told it, or nothing.
suite('packages on two nodes', { nodes: 2 }, (env) => {
  const packages = () => packages_of(env.client);
  const on = (node) => ({ node });

  /** Until the node has the package on its own disk at that revision. */
  const arrives = (node, ecosystem, name, revision) =>
    eventually(`${name} to reach ${node}`, async () => {
      const page = await packages().ask('revisions', {
        limit: 1, after: { ecosystem, name: before(name) } }, on(node));
      const item = page.json.items[0];
      return item?.name === name
        && (item.versions.some((v) => v.revision >= revision)
            || item.removed_at >= revision);
    }, { within: 10_000 });

  /** The greatest text that is less than `name`, nearly. */
  const before = (name) =>
    name.slice(0, -1) + String.fromCharCode(name.charCodeAt(name.length - 1) - 1) + '~';

  test('nodes that are ready hear of each other', async () => {
    await packages().must_store(document_of('npm', 'the-first'), on('node-1'));
    const started = performance.now();
    await eventually('the first', async () => {
      const found = await packages().ask('search', { query: 'the-first' }, on('node-2'));
      return found.json.results[0]?.name === 'the-first';
    });
    const took = performance.now() - started;
    assert.ok(took < 800, `${took} ms`);
  });

  test('what one node stores the other has on its disk', async () => {
    const stored = await packages().must_store(
      document_of('npm', '@two/nodes', { description: 'here' }), on('node-1'));
    await arrives('node-2', 'npm', '@two/nodes', stored.revision);
    const reply = await packages().get('npm', '@two/nodes', on('node-2'));
    assert.equal(reply.json.description, 'here');
    assert.equal(reply.revision, stored.revision);
    const found = await packages().ask('search', { query: '@two/nodes' }, on('node-2'));
    assert.equal(found.json.results[0].name, '@two/nodes');
  });

  test('what one node has stored is found through the other at once', async () => {
    for (let i = 0; i < 50; ++i) {
      const [writer, reader] = i % 2 ? ['node-1', 'node-2'] : ['node-2', 'node-1'];
      await packages().must_store(document_of('npm', `at-once-${i}`), on(writer));
      const reply = await packages().get('npm', `at-once-${i}`, on(reader));
      assert.equal(reply.status, 200, String(reply));
    }
  });

  test('what one node has accepted the other answers, finds and lists as of then', async () => {
    const asked = {
      get: async (name, text) =>
        (await packages().get('npm', name, on('node-2'))).json.description === text,
      list: async (name, text) => (await packages().ask('list', {
        ecosystem: 'npm', after: `npm/${before(name)}`, limit: 1 }, on('node-2')))
        .json.items[0]?.description === text,
      search: async (name, text) => (await packages().ask('search', {
        query: text }, on('node-2'))).json.results[0]?.name === name,
      search_by_tags: async (name, text) => (await packages().ask('search_by_tags', {
        tags: [text] }, on('node-2'))).json.items[0]?.name === name,
      snippets: async (name, text) => (await packages().ask('snippets', {
        ecosystem: 'npm', name }, on('node-2'))).json.snippets?.[0]?.code === text,
    };
    // A node hears of a change as fast as JetStream tells it: nearly always
    // before its writer could ask. Without waiting, a third of them fail.
    const late = [];
    for (let i = 0; i < 40; ++i)
      for (const [what, is_there] of Object.entries(asked)) {
        const text = `${what}${i}`;
        await packages().must_store(document_of('npm', `seen-${i % 5}`, {
          description: text, tags: [text], snippets: [{ kind: 'doc', code: text }],
        }), on('node-1'));
        if (!await is_there(`seen-${i % 5}`, text)) late.push(text);
      }
    assert.ok(late.length <= 20, `of 200 late: ${late}`);
  });

  test('a change is seen through the other node, memory included', async () => {
    for (let round = 0; round < 20; ++round) {
      const [writer, reader] = round % 2 ? ['node-1', 'node-2'] : ['node-2', 'node-1'];
      const stored = await packages().must_store(
        document_of('npm', 'changing', { description: `round ${round}` }), on(writer));
      await eventually('the change', async () => {
        const reply = await packages().get('npm', 'changing', on(reader));
        return reply.status === 200 && reply.revision >= stored.revision
          && reply.json.description === `round ${round}`;
      });
    }
  });

  test('a version that is not the newest arrives too', async () => {
    const newest = await packages().must_store(
      document_of('npm', 'old-version', { version: '2.0.0' }), on('node-1'));
    const old = await packages().must_store(
      document_of('npm', 'old-version', { version: '1.0.0' }), on('node-1'));
    await arrives('node-2', 'npm', 'old-version', newest.revision);
    await eventually('the old one', async () => (await packages().ask('get', {
      ecosystem: 'npm', name: 'old-version', version: '1.0.0' }, on('node-2')))
      .revision === old.revision);
    const reply = await packages().get('npm', 'old-version', on('node-2'));
    assert.equal(reply.json.version, '2.0.0');
  });

  test('a delete reaches the other node, and a late write of what was deleted brings nothing back', async () => {
    const stored = await packages().must_store(document_of('npm', 'deleted'), on('node-1'));
    await arrives('node-2', 'npm', 'deleted', stored.revision);
    await packages().get('npm', 'deleted', on('node-2'));
    const gone = await packages().remove('npm', 'deleted', on('node-2'));
    assert.equal(gone.status, 200, String(gone));
    await eventually('the delete to arrive', async () =>
      (await packages().get('npm', 'deleted', on('node-1'))).status === 404);
    // A slow fill: the document of before in the bucket, and its record again.
    const { headers } = await import('./support/nats.mjs');
    const header = headers();
    header.set('Larder-Revision', String(stored.revision));
    header.set('Larder-Epoch', 'packages');
    env.client.nc.publish('$KV.packages.npm.deleted', document_of('npm', 'deleted'),
                          { headers: header });
    env.client.nc.publish('packages.updated.npm.deleted', JSON.stringify({
      ecosystem: 'npm', name: 'deleted', op: 'store', version: '1.0.0',
      revision: stored.revision, node: 'node-1' }));
    // What is published later has been applied later.
    const marker = await packages().must_store(document_of('npm', 'marker'), on('node-1'));
    for (const node of ['node-1', 'node-2']) {
      await arrives(node, 'npm', 'marker', marker.revision);
      assert_error(await packages().get('npm', 'deleted', on(node)), 404, 'not_found');
    }
  });

  test('the record of a program that knows no revisions makes nodes look', async () => {
    env.client.nc.publish('packages.updated.npm.unheard-of', '');
    env.client.nc.publish('packages.updated.npm.unheard-of', 'nonsense');
    const stored = await packages().must_store(document_of('npm', 'after'), on('node-1'));
    await arrives('node-2', 'npm', 'after', stored.revision);
  });

  test('a record that claims the last word of all has none', async () => {
    await packages().must_store(document_of('npm', 'claimed'), on('node-1'));
    for (const op of ['delete', 'store'])
      env.client.nc.publish('packages.updated.npm.claimed', '{"ecosystem":"npm",'
        + `"name":"claimed","op":"${op}","version":"1.0.0","revision":9223372036854775807,"node":"x"}`);
    const stored = await packages().must_store(
      document_of('npm', 'claimed', { description: 'still ours' }), on('node-1'));
    await arrives('node-2', 'npm', 'claimed', stored.revision);
    for (const node of ['node-1', 'node-2'])
      assert.equal((await packages().get('npm', 'claimed', on(node))).json.description, 'still ours');
    assert.equal((await packages().stats('node-2')).awaited, 0);
  });

  test('a node that was away catches up, from other nodes that have changed too', async () => {
    await packages().must_store(document_of('npm', 'kept'), on('node-1'));
    await env.b.stop();
    const stored = await packages().must_store(document_of('npm', 'missed'), on('node-1'));
    await packages().remove('npm', 'kept', on('node-1'));
    await env.b.start();
    await arrives('node-2', 'npm', 'missed', stored.revision);
    assert_error(await packages().get('npm', 'kept', on('node-2')), 404, 'not_found');
    assert.equal((await packages().stats('node-2')).log_gaps, 0);
  });

  test('restart keeps everything', async () => {
    const stored = await packages().must_store(
      document_of('npm', 'kept-over', { description: 'still here' }), on('node-1'));
    const before_stop = await packages().stats('node-1');
    await env.a.stop('SIGKILL');
    await env.a.start();
    // Ready is ready: the store is open, too.
    const listed = await packages().ask('list', { limit: 1 }, on('node-1'));
    assert.equal(listed.status, 200, String(listed));
    const reply = await packages().get('npm', 'kept-over', on('node-1'));
    assert.equal(reply.json.description, 'still here');
    assert.equal(reply.revision, stored.revision);
    assert.equal(reply.tier, 'rocksdb');
    const after_start = await packages().stats('node-1');
    assert.deepEqual(after_start.ecosystems, before_stop.ecosystems);
  });

  test('PostgreSQL has what the nodes accepted, and gives it to a node that has nothing', async () => {
    const stored = await packages().must_store(document_of('npm', 'in-postgres'), on('node-1'));
    const row = () => env.postgres.query(
      "SELECT document FROM larder.packages WHERE name = 'in-postgres'");
    await eventually('the row', async () => await row() === document_of('npm', 'in-postgres'));
    await env.b.stop();
    rmSync(path.join(env.b.dir, 'data', 'packages'), { recursive: true });
    // What the log and the bucket could tell is gone too.
    const manager = await jetstreamManager(env.client.nc);
    await manager.streams.purge('LARDER_CHANGES');
    await manager.streams.delete('KV_packages');
    await env.b.start();
    const first = await eventually('an answer', async () => {
      const reply = await packages().get('npm', 'in-postgres', on('node-2'));
      return reply.status === 200 && reply;
    });
    assert.equal(first.text, document_of('npm', 'in-postgres'));
    await arrives('node-2', 'npm', 'in-postgres', stored.revision);
    await eventually('all the rest', async () => {
      const [a, b] = await Promise.all(['node-1', 'node-2'].map((n) => packages().stats(n)));
      return a.packages === b.packages;
    });
  });

  test('without PostgreSQL packages are stored and told all the same, and it gets them later', async () => {
    await env.postgres.stop('immediate');
    const stored = await packages().must_store(document_of('npm', 'meanwhile'), on('node-1'));
    await arrives('node-2', 'npm', 'meanwhile', stored.revision);
    assert.ok((await packages().stats('node-1')).unpublished >= 1);
    await env.postgres.start();
    await eventually('the row', async () => await env.postgres.query(
      "SELECT count(*) FROM larder.packages WHERE name = 'meanwhile'") === '1',
    { within: 20_000 });
    await eventually('nothing to be left', async () =>
      (await packages().stats('node-1')).unpublished === 0);
  });

  test('where PostgreSQL refuses and the log is gone, a node that has nothing takes all from the other', async () => {
    await env.client.request('packages.storage.store', document_of('npm', 'two-versions', {
      version: '1.0.0' }), on('node-1'));
    await packages().must_store(document_of('npm', 'two-versions', { version: '2.0.0' }),
                                on('node-1'));
    const kept = await packages().stats('node-1');
    await env.b.stop();
    rmSync(path.join(env.b.dir, 'data', 'packages'), { recursive: true });
    const manager = await jetstreamManager(env.client.nc);
    await manager.streams.purge('LARDER_CHANGES');
    await env.postgres.execute('REVOKE ALL ON larder.packages FROM larder');
    await env.b.start();
    await eventually('all of it', async () => {
      const stats = await packages().stats('node-2').catch(() => null);
      return JSON.stringify(stats?.ecosystems) === JSON.stringify(kept.ecosystems);
    }, { within: 20_000, every: 100 });
    await env.postgres.execute('GRANT ALL ON larder.packages TO larder');
  });

  test('without NATS for a while, what was accepted before is told after', async () => {
    // Accepted and not yet told: JetStream is away while the node stores.
    const documents = Array.from({ length: 200 }, (_, i) =>
      document_of('burst', `p${String(i).padStart(3, '0')}`)).join('\n');
    const reply = await packages().ask('store_many', documents, on('node-1'));
    assert.equal(reply.json.stored, 200);
    await env.nats.stop('SIGKILL');
    await env.nats.start();
    await eventually('all of them on the other node', async () => {
      const stats = await packages().stats('node-2').catch(() => null);
      return stats?.ecosystems.find((e) => e.ecosystem === 'burst')?.packages === 200;
    }, { within: 20_000 });
  });

  test('a store that cannot be opened is told, and templates are served', async () => {
    const [port] = await free_ports(1);
    const node = env.new_node('closed', port);
    const store = path.join(node.dir, 'data', 'packages');
    mkdirSync(path.dirname(store), { recursive: true });
    writeFileSync(store, 'not a directory');
    env.nodes.push(node);
    await node.start();
    await env.client.must_put('t', 'x', '{"a":1}', on('closed'));
    assert.equal((await env.client.get('t', 'x', on('closed'))).status, 200);
    const refused = await packages().ask('store', document_of('npm', 'x'), on('closed'));
    const body = assert_error(refused, 503, 'unavailable');
    assert.match(body.message, /rocksdb/);
    assert_error(await packages().get('npm', 'no-such', on('closed')), 503, 'unavailable');
    assert_error(await packages().ask('list', {}, on('closed')), 503, 'unavailable');
    // A lower tier that has a package answers.
    const found = await packages().get('npm', 'meanwhile', on('closed'));
    assert.equal(found.status, 200, String(found));
    assert.ok(['jetstream', 'postgres'].includes(found.tier), found.tier);
    // It is tried again.
    rmSync(store);
    await eventually('the store to be opened', async () =>
      (await packages().ask('list', {}, on('closed'))).status === 200, { within: 10_000 });
    await eventually('it to catch up', async () =>
      (await packages().stats('closed')).packages
      === (await packages().stats('node-1')).packages, { within: 20_000 });
    await node.stop();
  });
});
