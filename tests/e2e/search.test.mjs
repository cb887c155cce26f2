// template.search: found by words, ranked, as soon as it is written; the same
// on every source of truth.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { suite } from './support/suite.mjs';

const samples = {
  'framework/phoenix': { name: 'Phoenix', description: 'A web framework for Elixir' },
  'framework/live-view': { description: 'Rich pages rendered on the server',
                           text: 'Built on Phoenix channels.' },
  'framework/socket.io': { description: 'Events between browsers and servers' },
  'language/elixir': { description: 'A functional language', keywords: ['beam', 'erlang'] },
  'language/phoenix': { text: 'Nobody has written it yet.' },
};

suite('template.search', { nodes: 2 }, (env) => {
  async function search(body, subject = 'template.search') {
    const reply = await env.client.request(subject, body);
    assert.ok(reply.ok, JSON.stringify(reply));
    return reply.json;
  }
  const ids = (reply) => reply.results.map(({ id }) => id);

  test('finds what was acknowledged a moment ago, through every node', async () => {
    for (const [key, value] of Object.entries(samples)) {
      const [type, id] = key.split('/');
      const put = await env.client.must_put(type, id, JSON.stringify(value));
      const found = await search({ query: id, type });
      assert.equal(found.results[0].id, id);
      assert.equal(found.results[0].revision, put.revision);
      assert.equal(found.results[0].version, put.version);
    }
    for (let i = 0; i < 20; ++i)
      assert.deepEqual(ids(await search({ query: 'erlang' })), ['elixir']);
  });

  test('replies with ranked results', async () => {
    const found = await search({ query: 'phoenix' });
    assert.deepEqual(ids(found), ['phoenix', 'phoenix', 'live-view']);
    const [first, second, third] = found.results;
    assert.deepEqual(Object.keys(first).sort(),
      ['highlight', 'id', 'revision', 'score', 'type', 'version']);
    assert.ok(first.score >= 1 && second.score >= 1 && third.score < 1);
    assert.match(third.highlight, /<b>Phoenix<\/b> channels/);
    assert.equal(found.next, null);
    assert.equal(found.unindexed, 0);
  });

  test('pages, and keeps to a type', async () => {
    const first = await search({ query: 'phoenix', limit: 2 });
    assert.equal(first.results.length, 2);
    assert.equal(first.next, 2);
    const second = await search({ query: 'phoenix', limit: 2, offset: first.next });
    assert.deepEqual(ids(second), ['live-view']);
    assert.equal(second.next, null);
    assert.deepEqual(ids(await search({ query: 'phoenix', type: 'language' })), ['phoenix']);
  });

  test('stems words, and takes phrases, or, and exclusions', async () => {
    assert.deepEqual(ids(await search({ query: 'browser event' })), ['socket.io']);
    assert.deepEqual(ids(await search({ query: '"web framework"' })), ['phoenix']);
    assert.deepEqual(ids(await search({ query: 'erlang or browsers' })).sort(),
      ['elixir', 'socket.io']);
    assert.deepEqual(ids(await search({ query: 'phoenix -channels -nobody' })), ['phoenix']);
    assert.deepEqual(ids(await search({ query: 'quetzalcoatlus' })), []);
  });

  test('the type is one of the words', async () => {
    assert.deepEqual(ids(await search({ query: 'browsers framework' })), ['socket.io']);
  });

  test('no query is too strange to be answered', async () => {
    const parts = ['-', '"', ' ', '.', '(', 'or', "'", '\\', '!', ':', 'a', '|', '&', 'ü'];
    let at = 7;
    const next = (n) => { at = (at * 48271) % 2147483647; return at % n; };
    for (let i = 0; i < 300; ++i) {
      // Mostly two of them: so many in a row that they nest.
      const two = [parts[next(parts.length)], parts[next(parts.length)]];
      const query = 'x' + Array.from({ length: 100 },
        () => next(10) ? two[next(2)] : parts[next(parts.length)]).join('');
      const reply = await env.client.request('template.search', { query });
      assert.ok(reply.ok, `${query}: ${reply}`);
    }
  });

  for (const subject of ['template.search.live-view', 'template.search.live_view',
                         'template.search.live.view'])
    test(`${subject} searches for "live view"`, async () => {
      assert.deepEqual(ids(await search('', subject)), ['live-view']);
    });

  test('a delete and a change are seen at once', async () => {
    await env.client.must_put('t', 'changing', '{"text":"marmalade"}');
    assert.deepEqual(ids(await search({ query: 'marmalade' })), ['changing']);
    await env.client.must_put('t', 'changing', '{"text":"honey"}');
    assert.deepEqual(ids(await search({ query: 'marmalade' })), []);
    await env.client.request('template.delete.t.changing');
    assert.deepEqual(ids(await search({ query: 'honey' })), []);
  });

  for (const [what, body] of Object.entries({
    'no query': {}, 'an empty query': { query: ' ' }, 'a query that is no text': { query: 7 },
    'a limit of nothing': { query: 'x', limit: 0 },
    'a limit beyond 100': { query: 'x', limit: 101 } }))
    test(`${what} is refused`, async () => {
      assert_error(await env.client.request('template.search', body), 400, 'invalid_request');
    });

  test('the command prints a table, JSON, or nothing with exit code 1', async () => {
    const table = await env.larder(['search', 'web framework']);
    assert.equal(table.code, 0, table.stderr);
    assert.match(table.stdout, /framework +phoenix/);
    const json = await env.larder(['search', 'phoenix', '--type', 'language', '--json']);
    assert.deepEqual(ids(JSON.parse(json.stdout)), ['phoenix']);
    const none = await env.larder(['search', 'quetzalcoatlus']);
    assert.equal(none.code, 1);
  });
});
