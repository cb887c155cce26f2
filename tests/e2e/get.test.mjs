// template.get: both forms, its headers, the tiers, and values byte for byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { embedded, suite, truth_tier } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';
import { Kvm } from './support/nats.mjs';
import { key_tokens } from './support/subjects.mjs';

suite('template.get', { nodes: 2 }, (env) => {
  test('answers with the stored bytes and says where they come from', async () => {
    const value = '{"name":"Phoenix","version":"1.7"}';
    const put = await env.client.must_put('framework', 'phoenix', value);
    const reply = await env.client.must_get('framework', 'phoenix');
    assert.equal(reply.text, value);
    assert.match(reply.tier, /^(memory|jetstream|postgres)$/);
    assert.equal(reply.revision, put.revision);
    assert.equal(reply.version, put.version);
    assert.equal(reply.epoch, String(put.epoch));
    assert.match(reply.node, /^node-[12]$/);
    assert.equal(reply.stale, false);
    assert.equal(reply.header.has('Larder-Stale'), false);
  });

  test('answers the literal subject with the key in the body', async () => {
    const value = '{ "by": "body" }';
    await env.client.must_put('framework', 'by-body', value);
    const reply = await env.client.request(
      'template.get', { type: 'framework', id: 'by-body' });
    assert.equal(reply.status, 200, String(reply));
    assert.equal(reply.text, value);
    assert.ok(reply.revision > 0);
    assert.ok(reply.tier);
  });

  test('falls from the source of truth to JetStream to memory', async () => {
    await env.settled_put('tiers', 'journey', '{"stop":1}');
    await env.clear_caches();
    const first = await env.client.must_get('tiers', 'journey', { node: 'node-1' });
    assert.equal(first.tier, truth_tier);
    assert.equal(first.node, 'node-1');
    const kv = await new Kvm(env.client.nc).open('templates');
    await eventually('the fill to be in JetStream', async () =>
      (await kv.get('tiers.journey'))?.string() === '{"stop":1}');
    if (embedded) await env.clear_caches(['memory']);
    const second = await env.client.must_get('tiers', 'journey', { node: 'node-2' });
    assert.equal(second.tier, 'jetstream');
    if (!embedded) assert.equal(second.node, 'node-2');
    const third = await env.client.must_get('tiers', 'journey', { node: 'node-2' });
    assert.equal(third.tier, 'memory');
    for (const reply of [first, second, third]) {
      assert.equal(reply.text, '{"stop":1}');
      assert.equal(reply.revision, first.revision);
      assert.equal(reply.version, first.version);
      assert.equal(reply.epoch, first.epoch);
    }
  });

  test('says 404 not_found for a key that does not exist', async () => {
    assert_error(await env.client.get('framework', 'nowhere'), 404, 'not_found');
    assert_error(await env.client.request(
      'template.get', { type: 'framework', id: 'nowhere' }), 404, 'not_found');
  });

  test('finds a key that did not exist a moment ago', async () => {
    for (const node of ['node-1', 'node-2'])
      assert_error(await env.client.get('late', 'comer', { node }), 404, 'not_found');
    const put = await env.client.must_put('late', 'comer', '{"here":true}', { node: 'node-1' });
    for (const node of ['node-1', 'node-2']) {
      const reply = await env.client.must_get('late', 'comer', {
        node, headers: { 'Larder-Min-Revision': put.revision },
      });
      assert.equal(reply.text, '{"here":true}');
    }
  });

  // What JSON libraries would change if they touched the value.
  const values = {
    'the order of keys': '{"z":1,"a":2,"m":{"y":1,"b":2}}',
    'spaces and line ends': '{ "a" :\t1 ,\r\n  "b":[ 1,2 , 3 ]\n}\n',
    'numbers beyond a double': '{"big":1e400,"small":1e-400,"long":123456789012345678901234567890}',
    'trailing zeros and signs': '{"price":0.10,"one":1.0,"zero":-0,"exp":1E+02}',
    'keys given twice': '{"a":1,"a":2}',
    'Unicode as it is written': '{"é":"日本語 — Ünïcode 🦀","esc":"\\u00e9\\ud83e\\udd80","slash":"\\/"}',
    'composed and decomposed letters': '{"nfc":"\u00e9","nfd":"e\u0301","zwj":"👩‍💻","bidi":"שלום"}',
    'an escaped NUL': '{"nul":"a\\u0000b"}',
    'control escapes': '{"text":"\\b\\f\\n\\r\\t\\"\\\\"}',
    'nesting up to 60 levels': `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`,
    'the empty object': '{}',
    'SQL in a value': `{"sql":"'; DROP TABLE knowledge_artifacts; --"}`,
  };
  for (const [what, value] of Object.entries(values)) {
    test(`keeps ${what} byte for byte in every tier`, async () => {
      const id = what.replaceAll(' ', '-');
      await env.settled_put('bytes', id, value);
      await env.clear_caches();
      const kv = await new Kvm(env.client.nc).open('templates');
      const from_postgres = await env.client.must_get('bytes', id, { node: 'node-1' });
      assert.equal(from_postgres.tier, truth_tier);
      assert.deepEqual(from_postgres.text, value);
      await eventually('the fill to be in JetStream', async () =>
        await kv.get(key_tokens('bytes', id)) !== null);
      if (embedded) await env.clear_caches(['memory']);
      const from_jetstream = await env.client.must_get('bytes', id, { node: 'node-2' });
      const from_memory = await env.client.must_get('bytes', id, { node: 'node-2' });
      assert.equal(from_memory.tier, 'memory');
      for (const reply of [from_jetstream, from_memory])
        assert.deepEqual(reply.bytes, Buffer.from(value));
    });
  }

  test('keeps 512 KiB byte for byte', async () => {
    const limit = 512 * 1024;
    const frame = '{"text":""}';
    let text = '';
    for (let i = 0; text.length < limit; ++i) text += `${i} é🦀 \\n`;
    let bytes = Buffer.from(text);
    // Cut between characters, then fill with ASCII to the exact size.
    let cut = limit - frame.length - 16;
    while ((bytes[cut] & 0xc0) === 0x80) --cut;
    text = bytes.subarray(0, cut).toString('utf8').replace(/\\$/, 'x');
    bytes = Buffer.from(`{"text":"${text}"}`);
    const value = Buffer.from(
      `{"text":"${text}${'x'.repeat(limit - bytes.length)}"}`);
    assert.equal(value.length, limit);
    JSON.parse(value);
    await env.settled_put('bytes', 'half-a-mebibyte', value);
    await env.clear_caches();
    for (const node of ['node-1', 'node-2', 'node-2']) {
      const reply = await env.client.must_get('bytes', 'half-a-mebibyte', { node });
      assert.ok(reply.bytes.equals(value), `${node} (${reply.tier}) answers the same bytes`);
    }
  });

  const ids = ['socket.io', '@nats-io/kv', 'with space', 'a=b', 'star*', 'gt>',
               'ünï/cödé', '日本', '.dots.', 'a..b', 'percent%2E', 'x'.repeat(512)];
  for (const id of ids) {
    test(`keeps the id ${id.length > 40 ? `of ${id.length} bytes` : `"${id}"`} apart from every other`, async () => {
      const value = JSON.stringify({ id });
      await env.client.must_put('ids', id, value);
      const by_subject = await env.client.must_get('ids', id);
      const by_body = await env.client.request('template.get', { type: 'ids', id });
      assert.equal(by_subject.text, value);
      assert.equal(by_body.text, value);
      assert.equal(await env.stored('ids', id), value);
    });
  }

  test('takes a dot of an id as it is or escaped: the same key', async () => {
    await env.client.must_put('framework', 'socket.io', '{"dot":true}');
    for (const spelling of ['socket.io', 'socket=2Eio']) {
      const reply = await env.client.request(`template.get.framework.${spelling}`);
      assert.equal(reply.text, '{"dot":true}', spelling);
    }
  });

  test('waits for nothing and answers 404 when the id is right and the type is not', async () => {
    await env.client.must_put('typed', 'same-id', '{"type":"typed"}');
    assert_error(await env.client.get('other', 'same-id'), 404, 'not_found');
  });

  test('reads the version that a header names, if it is the current one', async () => {
    await env.client.must_put('versions', 'v', '{"n":1}');
    const second = await env.client.must_put('versions', 'v', '{"n":2}');
    const options = (version) => ({ headers: {
      'Larder-Version': version, 'Larder-Min-Revision': second.revision } });
    const current = await env.client.get('versions', 'v', options(second.version));
    assert.equal(current.status, 200, String(current));
    assert.equal(current.text, '{"n":2}');
    const older = await env.client.get('versions', 'v', options(second.version - 1));
    if (older.ok) assert.equal(older.text, '{"n":1}');
    else assert_error(older, 501, 'not_supported');
  });

  test('counts versions 1, 2, 3 and lets revisions only grow', async () => {
    let last = 0;
    for (const version of [1, 2, 3]) {
      const put = await env.client.must_put('versions', 'counted', `{"n":${version}}`);
      assert.equal(put.version, version);
      assert.ok(put.revision > last);
      last = put.revision;
    }
  });
});
