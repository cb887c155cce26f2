// template.mget and template.list.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { suite } from './support/suite.mjs';

/** The value of one result, parsed; the contract leaves string or JSON open. */
function content_of(result) {
  return typeof result.content === 'string'
    ? JSON.parse(result.content) : result.content;
}

const succeeded = (result) => [200, '200', 'ok'].includes(result.status);
const failed_with = (result, code, name) =>
  result.status === code || result.status === name;

suite('template.mget, template.list', { nodes: 2 }, (env) => {
  test('mget answers in the order of the request', async () => {
    const ids = ['delta', 'alpha', 'charlie', 'bravo'];
    const puts = {};
    for (const id of ids)
      puts[id] = await env.client.must_put('mget', id, JSON.stringify({ id }));
    const keys = [...ids, 'alpha'].map((id) => ({ type: 'mget', id }));
    const reply = await env.client.request('template.mget', { keys });
    assert.equal(reply.status, 200, String(reply));
    const { results } = reply.json;
    assert.deepEqual(results.map(({ type, id }) => ({ type, id })), keys);
    for (const result of results) {
      assert.ok(succeeded(result), JSON.stringify(result));
      assert.equal(content_of(result).id, result.id);
      assert.equal(result.revision, puts[result.id].revision);
      assert.equal(result.version, puts[result.id].version);
      assert.match(result.tier, /^(memory|jetstream|postgres)$/);
    }
  });

  test('mget keeps values byte for byte', async () => {
    const value = '{"z":0.10, "a":1e400, "é":"🦀"}';
    await env.client.must_put('mget', 'bytes', value);
    const reply = await env.client.request(
      'template.mget', { keys: [{ type: 'mget', id: 'bytes' }] });
    assert.equal(reply.status, 200, String(reply));
    const as_string = typeof reply.json.results[0].content === 'string';
    if (as_string) assert.equal(reply.json.results[0].content, value);
    else assert.ok(reply.text.includes(value), reply.text);
  });

  test('one key that fails does not fail the others', async () => {
    await env.client.must_put('mget', 'good', '{"good":true}');
    const keys = [
      { type: 'mget', id: 'good' },
      { type: 'mget', id: 'missing' },
      { type: '', id: 'no-type' },
      { type: 'mget', id: 'x'.repeat(600) },
      { type: 'mget' },
      { type: 'mget', id: 'good' },
    ];
    const reply = await env.client.request('template.mget', { keys });
    assert.equal(reply.status, 200, String(reply));
    const { results } = reply.json;
    assert.equal(results.length, keys.length);
    assert.ok(succeeded(results[0]) && succeeded(results[5]), reply.text);
    assert.ok(failed_with(results[1], 404, 'not_found'), JSON.stringify(results[1]));
    for (const index of [2, 3, 4])
      assert.ok(failed_with(results[index], 400, 'invalid_request'),
                JSON.stringify(results[index]));
    assert.deepEqual(content_of(results[0]), { good: true });
  });

  test('1,024 keys are answered, cold and warm', async () => {
    const ids = Array.from({ length: 1_024 }, (_, i) => `bulk-${i}`);
    await Promise.all(ids.map((id, n) => env.client.must_put('mget', id, `{"n":${n}}`)));
    await env.clear_caches();
    const keys = ids.map((id) => ({ type: 'mget', id }));
    for (const round of ['cold', 'warm']) {
      const reply = await env.client.request('template.mget', { keys });
      assert.equal(reply.status, 200, `${round}: ${reply}`);
      const { results } = reply.json;
      assert.equal(results.length, 1_024);
      results.forEach((result, i) => {
        assert.ok(succeeded(result), JSON.stringify(result));
        assert.equal(result.id, `bulk-${i}`);
        assert.equal(content_of(result).n, i);
      });
    }
  });

  test('1,025 keys are refused', async () => {
    const keys = Array.from({ length: 1_025 }, (_, i) => ({ type: 'mget', id: `k${i}` }));
    assert_error(await env.client.request('template.mget', { keys }),
                 400, 'invalid_request');
  });

  test('no key at all is answered with no result', async () => {
    const reply = await env.client.request('template.mget', { keys: [] });
    assert.equal(reply.status, 200, String(reply));
    assert.deepEqual(reply.json.results, []);
  });

  test('values that together exceed one message are still answered', async () => {
    const value = JSON.stringify({ text: 'x'.repeat(400_000) });
    const keys = [];
    for (let i = 0; i < 4; ++i) {
      await env.client.must_put('mget', `large-${i}`, value);
      keys.push({ type: 'mget', id: `large-${i}` });
    }
    const reply = await env.client.request('template.mget', { keys });
    if (reply.ok) {
      const { results } = reply.json;
      assert.equal(results.length, 4);
      assert.ok(results.some(succeeded), 'what fits is answered');
      for (const result of results)
        assert.ok(succeeded(result) || failed_with(result, 413, 'too_large'),
                  JSON.stringify(result).slice(0, 200));
    } else {
      assert_error(reply, 413, 'too_large');
    }
  });

  test('list shows every key of a type once, page by page', async () => {
    const ids = Array.from({ length: 25 }, (_, i) => `item.${i}`);
    const puts = await Promise.all(ids.map((id) =>
      env.client.must_put('listed', id, JSON.stringify({ id }))));
    await env.client.must_put('unlisted', 'other', '{}');
    const seen = [];
    let after;
    for (let page = 0; page < 10; ++page) {
      const reply = await env.client.request(
        'template.list.listed', { limit: 10, ...(after ? { after } : {}) });
      assert.equal(reply.status, 200, String(reply));
      const { items, next } = reply.json;
      assert.ok(items.length <= 10);
      seen.push(...items);
      if (!next) break;
      after = next;
    }
    assert.equal(seen.length, 25);
    assert.deepEqual(seen.map((item) => item.id).sort(), [...ids].sort());
    for (const item of seen) {
      const put = puts[ids.indexOf(item.id)];
      assert.equal(item.type, 'listed');
      assert.equal(item.revision, put.revision);
      assert.equal(item.version, put.version);
      assert.ok(!Number.isNaN(Date.parse(item.updated_at)), item.updated_at);
    }
  });

  test('list takes an empty body', async () => {
    await env.client.must_put('defaults', 'one', '{}');
    const reply = await env.client.request('template.list.defaults');
    assert.equal(reply.status, 200, String(reply));
    assert.deepEqual(reply.json.items.map((item) => item.id), ['one']);
    assert.ok(!reply.json.next);
  });

  test('list of a type that has nothing is empty', async () => {
    const reply = await env.client.request('template.list.nothing-here', {});
    assert.equal(reply.status, 200, String(reply));
    assert.deepEqual(reply.json.items, []);
    assert.ok(!reply.json.next);
  });

  test('list pages do not skip or repeat keys that are written meanwhile', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) =>
      env.client.must_put('moving', `k${String(i).padStart(2, '0')}`, '{}')));
    const first = (await env.client.request('template.list.moving', { limit: 10 })).json;
    await env.client.must_put('moving', 'k05', '{"changed":true}');
    await env.client.must_put('moving', 'k15', '{"changed":true}');
    const second = (await env.client.request(
      'template.list.moving', { limit: 100, after: first.next })).json;
    const ids = [...first.items, ...second.items].map((item) => item.id);
    assert.equal(new Set(ids).size, ids.length, 'no key twice');
    assert.equal(ids.length, 20);
  });

  for (const body of ['{"limit":-1}', '{"limit":"ten"}', '{"limit":1e99}', '[]', 'nonsense'])
    test(`list refuses ${body}`, async () => {
      assert_error(await env.client.request('template.list.listed', body),
                   400, 'invalid_request');
    });

  test('list without a type is refused', async () => {
    const reply = await env.client.request('template.list').catch((error) => error);
    if (!(reply instanceof Error)) assert_error(reply, 400, 'invalid_request');
    else assert.match(`${reply.name} ${reply.message}`, /no ?responders|503/i);
  });
});
