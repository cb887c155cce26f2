// packages.storage.*: every request of the contract, what is answered, and what
// is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { Kvm } from './support/nats.mjs';
import { document_of, packages_of } from './support/packages.mjs';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

suite('packages.storage', { nodes: 1 }, (env) => {
  const ask = (op, body, options) =>
    env.client.request(`packages.storage.${op}`, body, options);
  const store = (document) => packages_of(env.client).must_store(document);

  test('what is stored is answered byte for byte, with its tier and revision', async () => {
    const text = '{ "name" : "@scope/a.b", "ecosystem":"npm","version":"1.0.0",'
      + '\n "extra": {"z": 1.50, "a": [ ]}, "description": "caf\\u00e9 – ☕" }';
    const stored = await ask('store', text);
    assert.equal(stored.status, 200, String(stored));
    assert.equal(stored.json.ecosystem, 'npm');
    assert.equal(stored.json.name, '@scope/a.b');
    assert.equal(stored.json.version, '1.0.0');
    assert.ok(Number.isSafeInteger(stored.json.revision) && stored.json.revision > 0);

    const first = await ask('get', { ecosystem: 'npm', name: '@scope/a.b' });
    assert.equal(first.status, 200, String(first));
    assert.equal(first.text, text);
    assert.equal(first.tier, 'rocksdb');
    assert.equal(first.revision, stored.json.revision);
    assert.equal(first.node, 'node-1');
    assert.ok(first.epoch);
    const second = await ask('get', { ecosystem: 'npm', name: '@scope/a.b' });
    assert.equal(second.tier, 'memory');
    assert.equal(second.text, text);
  });

  test('the highest release is answered, or the version asked for', async () => {
    for (const version of ['1.9.0', '1.10.0', '2.0.0-rc.1'])
      await store(document_of('npm', 'versions', { version }));
    const newest = await ask('get', { ecosystem: 'npm', name: 'versions' });
    assert.equal(newest.json.version, '1.10.0');
    for (const version of ['1.9.0', '2.0.0-rc.1']) {
      const one = await ask('get', { ecosystem: 'npm', name: 'versions', version });
      assert.equal(one.json.version, version);
    }
    const none = await ask('get', { ecosystem: 'npm', name: 'versions', version: '3' });
    assert_error(none, 404, 'not_found');
    const all = await ask('versions', { ecosystem: 'npm', name: 'versions' });
    assert.deepEqual([...all.json.versions].sort(), ['1.10.0', '1.9.0', '2.0.0-rc.1']);
  });

  test('a newer document replaces an older one in memory too', async () => {
    await store(document_of('npm', 'replaced', { description: 'first' }));
    await ask('get', { ecosystem: 'npm', name: 'replaced' });
    const written = await store(document_of('npm', 'replaced', { description: 'second' }));
    const reply = await ask('get', { ecosystem: 'npm', name: 'replaced' });
    assert.equal(reply.json.description, 'second');
    assert.equal(reply.revision, written.revision);
  });

  test('revisions grow, and one that nobody has yet is not answered with an older one', async () => {
    const a = await store(document_of('npm', 'growing', { description: 'a' }));
    const b = await store(document_of('npm', 'growing', { description: 'b' }));
    assert.ok(b.revision > a.revision);
    const at = (revision) => ask('get', { ecosystem: 'npm', name: 'growing' },
                                 { headers: { 'Larder-Min-Revision': revision } });
    assert.equal((await at(b.revision)).status, 200);
    assert_error(await at(b.revision + 1), 503, 'unavailable');
  });

  test('a write that expects another revision changes nothing, and is told the current one', async () => {
    const expecting = (revision) => ({ headers: { 'Larder-Expect-Revision': revision } });
    const text = document_of('npm', 'expected');
    const absent = await ask('store', text, expecting(5));
    assert.equal(assert_error(absent, 409, 'revision_conflict').revision, 0);
    assert.equal((await ask('get', { ecosystem: 'npm', name: 'expected' })).status, 404);
    const first = await ask('store', text, expecting(0));
    assert.equal(first.status, 200, String(first));
    const { revision } = first.json;
    const again = await ask('store', document_of('npm', 'expected', { readme: 'x' }), expecting(0));
    assert.equal(assert_error(again, 409, 'revision_conflict').revision, revision);
    const key = { ecosystem: 'npm', name: 'expected' };
    assert_error(await ask('delete', key, expecting(revision - 1)), 409, 'revision_conflict');
    assert.equal((await ask('get', key)).text, text);
    // Of many at once, one.
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => ask('store',
      document_of('npm', 'expected', { description: `writer ${i}` }), expecting(revision))));
    assert.equal(all.filter((reply) => reply.ok).length, 1);
    const [won] = all.filter((reply) => reply.ok);
    assert.equal((await ask('get', key)).revision, won.json.revision);
    assert.equal((await ask('delete', key, expecting(won.json.revision))).status, 200);
    assert_error(await ask('get', key), 404, 'not_found');
    assert_error(await ask('store_many', text, expecting(0)), 400, 'invalid_request');
    assert_error(await ask('store', text, expecting('x')), 400, 'invalid_request');
  });

  test('what is not stored is 404, and a removed package is gone', async () => {
    assert_error(await ask('get', { ecosystem: 'npm', name: 'nope' }), 404, 'not_found');
    const written = await store(document_of('npm', 'removed'));
    await ask('get', { ecosystem: 'npm', name: 'removed' });
    const gone = await ask('delete', { ecosystem: 'npm', name: 'removed' });
    assert.equal(gone.status, 200, String(gone));
    assert.ok(gone.json.revision > written.revision);
    assert_error(await ask('get', { ecosystem: 'npm', name: 'removed' }), 404, 'not_found');
    assert_error(await ask('delete', { ecosystem: 'npm', name: 'removed' }), 404, 'not_found');
    const again = await store(document_of('npm', 'removed'));
    assert.ok(again.revision > gone.json.revision);
    assert.equal((await ask('get', { ecosystem: 'npm', name: 'removed' })).status, 200);
  });

  test('the JetStream bucket shows the document under its escaped name', async () => {
    const text = document_of('npm', '@kv/x.y', { description: 'shared' });
    await store(text);
    const kv = await new Kvm(env.client.nc).open('packages');
    const entry = await eventually('the entry', () => kv.get('npm.=40kv/x.y'));
    assert.equal(entry.string(), text);
    await ask('delete', { ecosystem: 'npm', name: '@kv/x.y' });
    await eventually('the entry to be marked as deleted', async () =>
      (await kv.get('npm.=40kv/x.y')).operation === 'DEL');
    assert.equal((await kv.status()).ttl, 3_600_000);
  });

  test('what is only in the bucket is answered from there once, then from disk', async () => {
    // Another node's write, whose record this one has not seen.
    const text = document_of('npm', 'shared', { description: 'from elsewhere' });
    const header = (await import('./support/nats.mjs')).headers();
    header.set('Larder-Revision', String(Date.now() * 1_000));
    header.set('Larder-Epoch', 'packages');
    await eventually('the bucket to take it', async () => {
      env.client.nc.publish('$KV.packages.npm.shared', text, { headers: header });
      await env.client.nc.flush();
      const reply = await ask('get', { ecosystem: 'npm', name: 'shared' });
      return reply.status === 200 && reply.tier === 'jetstream' && reply.text === text;
    });
    const reply = await ask('get', { ecosystem: 'npm', name: 'shared', version: '1.0.0' });
    assert.ok(['memory', 'rocksdb'].includes(reply.tier), reply.tier);
    const stats = (await ask('stats')).json;
    assert.ok(stats.hits.jetstream >= 1);
  });

  test('list and get_all page through an ecosystem in order', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `p-${String(i).padStart(2, '0')}`);
    for (const name of names) await store(document_of('paged', name));
    for (const op of ['list', 'get_all']) {
      const seen = [];
      let after;
      let pages = 0;
      do {
        const page = (await ask(op, { ecosystem: 'paged', limit: 10, after })).json;
        seen.push(...page.items.map((item) => item.name));
        after = page.next;
        ++pages;
      } while (after !== null);
      assert.deepEqual(seen, names, op);
      assert.equal(pages, 3, op);
    }
    const by_name = (await ask('list', { ecosystem: 'paged', limit: 1, after: 'p-07' })).json;
    assert.equal(by_name.items[0].name, 'p-08');
    const item = (await ask('list', { ecosystem: 'paged', limit: 1 })).json.items[0];
    assert.equal(item.ecosystem, 'paged');
    assert.equal(item.version, '1.0.0');
    assert.ok(item.revision > 0);
  });

  test('get_all is never one giant reply', async () => {
    const readme = 'x'.repeat(400_000);
    for (const name of ['a', 'b', 'c', 'd'])
      await store(document_of('giant', name, { readme }));
    const seen = [];
    let after;
    do {
      const reply = await ask('get_all', { ecosystem: 'giant', limit: 1_000, after });
      assert.equal(reply.status, 200, String(reply));
      assert.ok(reply.bytes.length < 1_048_576);
      seen.push(...reply.json.items.map((item) => item.name));
      after = reply.json.next;
    } while (after !== null);
    assert.deepEqual(seen, ['a', 'b', 'c', 'd']);
  });

  test('the revisions of many versions come in as many replies as they need', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `v${String(i).padStart(2, '0')}`);
    const versions = Array.from({ length: 100 }, (_, i) => `1.${i}.${'0'.repeat(245)}`);
    for (const version of versions) {
      const stored = await ask('store_many', names.map((name) =>
        document_of('versioned', name, { version })).join('\n'), { timeout: 10_000 });
      assert.equal(stored.json.stored, names.length, String(stored));
    }
    const seen = [];
    let after = { ecosystem: 'versione', name: 'z' };
    do {
      const reply = await ask('revisions', { limit: 1_000, after });
      assert.equal(reply.status, 200, String(reply).slice(0, 200));
      for (const item of reply.json.items)
        if (item.ecosystem === 'versioned') seen.push([item.name, item.versions.length]);
      after = reply.json.next;
    } while (after !== null);
    assert.deepEqual(seen, names.map((name) => [name, versions.length]));
  });

  test('search finds by words, the name itself first, with the matching passage', async () => {
    await store(document_of('cargo', 'tokio', {
      description: 'An event-driven platform: an async runtime', keywords: ['async'] }));
    await store(document_of('cargo', 'tokio-util', { description: 'Helpers for tokio' }));
    await store(document_of('npm', 'async', { description: 'Utility functions' }));
    const found = (await ask('search', { query: 'async runtime', ecosystem: 'cargo' })).json;
    assert.equal(found.results[0].name, 'tokio');
    assert.equal(found.results[0].version, '1.0.0');
    assert.ok(found.results[0].score > 0);
    assert.match(found.results[0].snippet.text, /async runtime/);
    const exact = (await ask('search', { query: 'tokio', limit: 1 })).json;
    assert.equal(exact.results[0].name, 'tokio');
    const second = (await ask('search', { query: 'tokio', limit: 1, offset: 1 })).json;
    assert.equal(second.results[0].name, 'tokio-util');
    assert.deepEqual((await ask('search', { query: 'zzzqqq' })).json.results, []);
  });

  test('search_by_tags takes any or all of them', async () => {
    await store(document_of('tags', 'both', { tags: ['web', 'fast'] }));
    await store(document_of('tags', 'one', { tags: ['web'] }));
    const names = async (body) =>
      (await ask('search_by_tags', { ecosystem: 'tags', ...body })).json.items
        .map((item) => item.name);
    assert.deepEqual(await names({ tags: ['web', 'fast'] }), ['both', 'one']);
    assert.deepEqual(await names({ tags: ['web', 'fast'], match: 'all' }), ['both']);
  });

  test('snippets are those of the package, by kind when asked', async () => {
    const snippets = [
      { kind: 'readme', language: 'js', path: 'README.md', line: 3, title: 'Use', code: 'a()' },
      { kind: 'example', language: 'js', path: 'examples/x.js', line: 1, title: '', code: 'b()' },
    ];
    await store(document_of('npm', 'snippets', { snippets }));
    const all = (await ask('snippets', { ecosystem: 'npm', name: 'snippets' })).json;
    assert.deepEqual(all.snippets, snippets);
    assert.equal(all.next, null);
    const some = (await ask('snippets', {
      ecosystem: 'npm', name: 'snippets', kind: 'example' })).json;
    assert.deepEqual(some.snippets.map((s) => s.code), ['b()']);
    assert_error(await ask('snippets', { ecosystem: 'npm', name: 'nope' }), 404, 'not_found');
  });

  test('stats count packages and bytes of each ecosystem', async () => {
    await store(document_of('counted', 'a'));
    await store(document_of('counted', 'b'));
    const stats = (await ask('stats')).json;
    const counted = stats.ecosystems.find((e) => e.ecosystem === 'counted');
    assert.equal(counted.packages, 2);
    assert.ok(counted.bytes > 0);
    assert.ok(stats.disk_bytes > 0);
    const metrics = (await env.a.fetch('/metrics')).text;
    assert.match(metrics, /larder_package_hits_total\{tier="memory"\} \d+/);
    assert.match(metrics, /larder_packages_stored_total \d+/);
  });

  test('store_many takes one document a line, each for itself', async () => {
    const body = [document_of('many', 'a'), '', '{"ecosystem":"many"}',
                  document_of('many', 'b')].join('\n');
    const reply = await ask('store_many', body);
    assert.equal(reply.status, 200, String(reply));
    assert.equal(reply.json.stored, 2);
    assert.equal(reply.json.failed.length, 1);
    assert.equal(reply.json.failed[0].line, 3);
    assert.equal(reply.json.failed[0].error, 'invalid_request');
    assert.equal((await ask('get', { ecosystem: 'many', name: 'b' })).status, 200);
  });

  test('a request to one node is answered by it', async () => {
    const reply = await ask('stats', '', { node: 'node-1' });
    assert.equal(reply.node, 'node-1');
    assert.equal(reply.status, 200);
  });

  test('collecting without a registry says what to set', async () => {
    const reply = await env.client.request(
      'packages.registry.collect.npm', { name: 'express' }, { timeout: 10_000 });
    assert.notEqual(reply.status, 200);
    assert.match(reply.message, /registries\.npm/);
    const other = await env.client.request(
      'packages.registry.collect.debian', { name: 'curl' });
    assert_error(other, 501, 'not_supported');
  });

  const bad = {
    get: ['{', '[]', '7', '', { name: 'x' }, { ecosystem: 'npm' },
          { ecosystem: 'NPM', name: 'x' }, { ecosystem: 'a.b', name: 'x' },
          { ecosystem: 'npm', name: 'a\u0000b' }, { ecosystem: 'npm', name: '' },
          { ecosystem: 'npm', name: 'x'.repeat(513) },
          { ecosystem: 'npm', name: 'x', version: 7 },
          { ecosystem: 'npm', name: 'x', collect: 'yes' },
          '['.repeat(100_000), `{"ecosystem":${'{"a":'.repeat(2_000)}`,
          Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    delete: ['', '{}', { ecosystem: 'npm', name: 7 }],
    store: ['', '{}', '[]', 'x', { ecosystem: 'npm', name: 'x', snippets: 'no' },
            { ecosystem: 'npm', name: 'x', tags: [1] }, `${'['.repeat(100_000)}`,
            { ecosystem: 'no way', name: 'x' }],
    store_many: ['', '\n\n', '{}\n'.repeat(2_001)],
    list: [{ ecosystem: 'npm', limit: 0 }, { ecosystem: 'npm', limit: 1_001 },
           { ecosystem: 'npm', limit: -1 }, { ecosystem: 'npm', limit: 'ten' },
           { ecosystem: 7 }, { after: 'no-slash' }],
    get_all: [{ ecosystem: 'npm', limit: 1.5 }],
    search: ['', '{}', { query: '' }, { query: 7 }, { query: 'x', limit: 101 },
             { query: 'x'.repeat(1_025) }, { query: 'x', tags: 'web' }],
    search_by_tags: ['{}', { tags: [] }, { tags: ['x'], match: 'some' }, { tags: [7] }],
    snippets: ['{}', { ecosystem: 'npm' }],
    versions: ['{}'],
    revisions: [{ limit: 0 }, { limit: 1_001 }, { after: 'npm/x' }, { after: { ecosystem: 'npm' } }],
    'registry.collect.npm': ['', '{', { name: 7 }, { name: '' }, { name: 'x', version: 7 },
                             { name: 'x'.repeat(513) }],
    'registry.collect.NPM': [{ name: 'x' }],
    'registry.collect': [{ name: 'x' }],
  };
  for (const [op, bodies] of Object.entries(bad))
    test(`${op} refuses malformed bodies in a sentence, and the node goes on`, async () => {
      for (const body of bodies) {
        const reply = op.startsWith('registry.')
          ? await env.client.request(`packages.${op}`, body) : await ask(op, body);
        assert_error(reply, 400, 'invalid_request');
        assert.ok(reply.message.length > 15, reply.message);
      }
      assert.equal((await ask('stats')).status, 200);
    });

  test('every request refuses a deadline that is none', async () => {
    const body = { ecosystem: 'npm', name: 'x', query: 'x', tags: ['x'] };
    const subjects = [...Object.keys(bad).filter((op) => !op.includes('.'))
      .map((op) => `packages.storage.${op}`), 'packages.storage.stats', 'packages.registry.collect.npm'];
    for (const subject of subjects)
      assert_error(await env.client.request(subject, body, {
        headers: { 'Larder-Deadline-Ms': 'soon' } }), 400, 'invalid_request');
  });

  test('a document over the limit is 413', async () => {
    const reply = await ask('store', document_of('npm', 'huge', {
      readme: 'x'.repeat(1_000_000) }));
    assert_error(reply, 413, 'too_large');
  });
});
