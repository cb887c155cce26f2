// template.put and template.delete: replies, conditions, metadata, and reading
// one's own write through the other node.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { embedded, suite, without_postgres } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

/** Where a conflict says which revision is current. */
function current_revision(reply) {
  const body = reply.json;
  return reply.revision ?? body.revision ?? body.current_revision;
}

suite('template.put and template.delete', { nodes: 2 }, (env) => {
  const row = (type, id, columns) => env.postgres.query(
    `SELECT ${columns} FROM knowledge_artifacts
     WHERE artifact_type = '${type}' AND artifact_id = '${id}'`);

  test('put replies with revision, version and epoch as JSON', async () => {
    const reply = await env.client.put('put', 'reply', '{"a":1}');
    assert.equal(reply.status, 200, String(reply));
    const { revision, version, epoch } = reply.json;
    assert.ok(Number.isInteger(revision) && revision > 0);
    assert.equal(version, 1);
    assert.ok(epoch !== undefined && String(epoch).length > 0);
  });

  test('put has committed when it is acknowledged', async () => {
    await env.client.must_put('put', 'committed', '{"a": 1.50}');
    assert.equal(await env.stored('put', 'committed'), '{"a": 1.50}');
    if (!embedded)
      assert.equal(await row('put', 'committed', "content->>'a'"), '1.50');
  });

  test('a put through one node is read at once through the other with its revision', async () => {
    for (let i = 0; i < 50; ++i) {
      const value = `{"round":${i}}`;
      const [writer, reader] = i % 2 ? ['node-1', 'node-2'] : ['node-2', 'node-1'];
      const put = await env.client.must_put('put', 'own', value, { node: writer });
      const reply = await env.client.must_get('put', 'own', {
        node: reader, headers: { 'Larder-Min-Revision': put.revision },
      });
      assert.equal(reply.text, value);
      assert.ok(reply.revision >= put.revision);
    }
  });

  test('a put through a node is read through the same node without a header', async () => {
    for (let i = 0; i < 50; ++i) {
      await env.client.must_put('put', 'same', `{"round":${i}}`, { node: 'node-1' });
      const reply = await env.client.must_get('put', 'same', { node: 'node-1' });
      assert.equal(reply.text, `{"round":${i}}`);
    }
  });

  test('Larder-Min-Revision beyond every write is not answered with an older value', async () => {
    const put = await env.client.must_put('put', 'future', '{"a":1}');
    const reply = await env.client.get('put', 'future', { headers: {
      'Larder-Min-Revision': put.revision + 1_000_000, 'Larder-Deadline-Ms': 500 } });
    assert.equal(reply.ok, false, `an older value was answered: ${reply}`);
    assert.ok([404, 409, 503, 504].includes(reply.status), String(reply));
  });

  test('Larder-Expect-Revision lets a put through on the current revision alone', async () => {
    const first = await env.client.must_put('cas', 'put', '{"n":1}');
    const second = await env.client.must_put('cas', 'put', '{"n":2}', {
      headers: { 'Larder-Expect-Revision': first.revision } });
    assert.ok(second.revision > first.revision);
    const late = await env.client.put('cas', 'put', '{"n":3}', {
      headers: { 'Larder-Expect-Revision': first.revision } });
    assert_error(late, 409, 'revision_conflict');
    assert.equal(Number(current_revision(late)), second.revision);
    const reply = await env.client.must_get('cas', 'put', {
      headers: { 'Larder-Min-Revision': second.revision } });
    assert.equal(reply.text, '{"n":2}');
  });

  test('Larder-Expect-Revision: 0 creates, and refuses what exists', async () => {
    const headers = { 'Larder-Expect-Revision': 0 };
    const created = await env.client.must_put('cas', 'new', '{"n":1}', { headers });
    const again = await env.client.put('cas', 'new', '{"n":2}', { headers });
    assert_error(again, 409, 'revision_conflict');
    assert.equal(Number(current_revision(again)), created.revision);
    await env.client.delete('cas', 'new');
    const anew = await env.client.must_put('cas', 'new', '{"n":3}', { headers });
    assert.ok(anew.revision > created.revision, 'a revision never starts again');
  });

  test('of 20 puts at once on one revision exactly one wins', async () => {
    const first = await env.client.must_put('cas', 'race', '{"n":0}');
    const replies = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      env.client.put('cas', 'race', `{"n":${i + 1}}`, {
        node: i % 2 ? 'node-1' : 'node-2',
        headers: { 'Larder-Expect-Revision': first.revision } })));
    const won = replies.filter((reply) => reply.ok);
    assert.equal(won.length, 1, replies.map(String).join('\n'));
    for (const reply of replies)
      if (!reply.ok) assert_error(reply, 409, 'revision_conflict');
    const winner = replies.findIndex((reply) => reply.ok) + 1;
    assert.equal(await env.stored('cas', 'race'), `{"n":${winner}}`);
  });

  test('Larder-Metadata and Larder-Tags are kept', { skip: without_postgres }, async () => {
    const reply = await env.client.put('put', 'described', '{"a":1}', { headers: {
      'Larder-Metadata': '{"owner":"platform","level":3}',
      'Larder-Tags': 'web,elixir' } });
    assert.equal(reply.status, 200, String(reply));
    const metadata = JSON.parse(await row('put', 'described', 'metadata::text'));
    assert.equal(metadata.owner, 'platform');
    assert.equal(metadata.level, 3);
    const whole = await env.postgres.query(
      `SELECT row_to_json(k)::text FROM knowledge_artifacts k
       WHERE artifact_type = 'put' AND artifact_id = 'described'`);
    assert.match(whole, /web/);
    assert.match(whole, /elixir/);
  });

  test('Larder-Metadata that is not a JSON object is refused', async () => {
    for (const metadata of ['nonsense', '[1]', '3', '{"a":'])
      assert_error(await env.client.put('put', 'undescribed', '{}', {
        headers: { 'Larder-Metadata': metadata } }), 400, 'invalid_request');
    assert_error(await env.client.get('put', 'undescribed'), 404, 'not_found');
  });

  test('delete replies with revision and epoch, and the key is gone everywhere', async () => {
    const put = await env.client.must_put('delete', 'me', '{"a":1}');
    for (const node of ['node-1', 'node-2'])
      await env.client.must_get('delete', 'me', {
        node, headers: { 'Larder-Min-Revision': put.revision } });
    const reply = await env.client.delete('delete', 'me', { node: 'node-1' });
    assert.equal(reply.status, 200, String(reply));
    const { revision, epoch } = reply.json;
    assert.ok(revision > put.revision);
    assert.equal(String(epoch), String(put.epoch));
    assert_error(await env.client.get('delete', 'me', { node: 'node-1' }), 404, 'not_found');
    assert_error(await env.client.get('delete', 'me', {
      node: 'node-2', headers: { 'Larder-Min-Revision': revision } }), 404, 'not_found');
    if (!embedded) assert.equal(await row('delete', 'me', 'count(*)'), '0');
    await eventually('the other node to forget it without being told',
      async () => (await env.client.get('delete', 'me', { node: 'node-2' })).status === 404,
      { within: 2_000 });
  });

  test('delete of what does not exist says 404', async () => {
    assert_error(await env.client.delete('delete', 'nothing'), 404, 'not_found');
  });

  test('Larder-Expect-Revision guards a delete too', async () => {
    const first = await env.client.must_put('cas', 'delete', '{"n":1}');
    const second = await env.client.must_put('cas', 'delete', '{"n":2}');
    const refused = await env.client.delete('cas', 'delete', {
      headers: { 'Larder-Expect-Revision': first.revision } });
    assert_error(refused, 409, 'revision_conflict');
    assert.equal(Number(current_revision(refused)), second.revision);
    const done = await env.client.delete('cas', 'delete', {
      headers: { 'Larder-Expect-Revision': second.revision } });
    assert.equal(done.status, 200, String(done));
  });

  test('a key that was deleted and put again has a higher revision', async () => {
    const put = await env.client.must_put('delete', 'again', '{"n":1}');
    const gone = (await env.client.delete('delete', 'again')).json;
    const anew = await env.client.must_put('delete', 'again', '{"n":2}');
    assert.ok(gone.revision > put.revision);
    assert.ok(anew.revision > gone.revision);
    for (const node of ['node-1', 'node-2']) {
      const reply = await env.client.must_get('delete', 'again', {
        node, headers: { 'Larder-Min-Revision': anew.revision } });
      assert.equal(reply.text, '{"n":2}');
    }
  });

  test('100 puts at once on different keys all arrive', async () => {
    const puts = await Promise.all(Array.from({ length: 100 }, (_, i) =>
      env.client.must_put('many', `key-${i}`, `{"n":${i}}`)));
    assert.equal(new Set(puts.map((put) => put.revision)).size, 100);
    if (!embedded) assert.equal(await env.postgres.query(
      `SELECT count(*) FROM knowledge_artifacts WHERE artifact_type = 'many'`), '100');
    const replies = await Promise.all(puts.map((put, i) =>
      env.client.must_get('many', `key-${i}`, {
        headers: { 'Larder-Min-Revision': put.revision } })));
    replies.forEach((reply, i) => assert.equal(reply.text, `{"n":${i}}`));
  });

  test('50 puts at once on one key leave all tiers with the last revision', async () => {
    const puts = await Promise.all(Array.from({ length: 50 }, (_, i) =>
      env.client.must_put('many', 'one', `{"n":${i}}`, {
        node: i % 2 ? 'node-1' : 'node-2' })));
    const last = puts.reduce((a, b) => (a.revision > b.revision ? a : b));
    const expected = `{"n":${puts.indexOf(last)}}`;
    assert.equal(await env.stored('many', 'one'), expected);
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer the last put`, async () =>
        (await env.client.must_get('many', 'one', { node })).text === expected,
        { within: 2_000 });
  });
});
