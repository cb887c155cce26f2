// Changes that other programs make in PostgreSQL have the same effect as a put
// through Larder.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Events } from './support/events.mjs';
import { suite } from './support/suite.mjs';
import { literal } from './support/postgres.mjs';
import { eventually } from './support/wait.mjs';

suite('changes made with psql', { nodes: 2 }, (env) => {
  const insert = (id, value) => env.postgres.execute(
    `INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
     VALUES ('psql', ${literal(id)}, ${literal(value)}, ${literal(value)})`);
  const where = (id) =>
    `WHERE artifact_type = 'psql' AND artifact_id = ${literal(id)}`;
  const both_answer = async (id, value, within = 2_000) => {
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer ${value ?? '404'} for ${id}`, async () => {
        const reply = await env.client.get('psql', id, { node });
        return value === null ? reply.status === 404
                              : reply.ok && reply.text === value;
      }, { within });
  };

  test('an INSERT is read through both nodes', async () => {
    await insert('inserted', '{ "by": "psql" }');
    await both_answer('inserted', '{ "by": "psql" }');
  });

  test('an INSERT of a key that was asked for before is read through both nodes', async () => {
    await both_answer('asked-before', null);
    await insert('asked-before', '{"now":"here"}');
    await both_answer('asked-before', '{"now":"here"}');
  });

  test('an UPDATE of a template that both nodes hold in memory is read through both', async () => {
    await env.client.must_put('psql', 'updated', '{"n":1}');
    await both_answer('updated', '{"n":1}');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content_raw = '{"n": 2}', content = '{"n": 2}' ${where('updated')}`);
    await both_answer('updated', '{"n": 2}');
  });

  test('an UPDATE publishes the same event as a put, and counts the version up', async () => {
    const put = await env.settled_put('psql', 'event', '{"n":1}');
    const events = await Events.on(env.client, 'template.updated.psql.event');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}' ${where('event')}`);
    const event = await events.wait(() => true);
    events.stop();
    assert.equal(event.op, 'put');
    assert.equal(event.type, 'psql');
    assert.equal(event.id, 'event');
    assert.ok(event.revision > put.revision);
    assert.equal(event.version, put.version + 1);
    assert.equal(event.epoch, put.epoch);
  });

  test('an UPDATE of the column content alone is what readers get', async () => {
    await env.client.must_put('psql', 'json-only', '{"n":1}');
    await both_answer('json-only', '{"n":1}');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content = '{"n": 2, "by": "an ORM"}' ${where('json-only')}`);
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer the new content`, async () => {
        const reply = await env.client.must_get('psql', 'json-only', { node });
        return reply.json.n === 2 && reply.json.by === 'an ORM';
      }, { within: 2_000 });
  });

  test('an UPDATE of the column content_raw alone is what readers get, byte for byte', async () => {
    await env.client.must_put('psql', 'raw-only', '{"n":1}');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":   2.50}' ${where('raw-only')}`);
    await both_answer('raw-only', '{"n":   2.50}');
    assert.equal(await env.postgres.query(
      `SELECT content->>'n' FROM knowledge_artifacts ${where('raw-only')}`), '2.50');
  });

  test('a DELETE is seen through both nodes', async () => {
    await env.client.must_put('psql', 'deleted', '{"n":1}');
    await both_answer('deleted', '{"n":1}');
    await env.postgres.execute(`DELETE FROM knowledge_artifacts ${where('deleted')}`);
    await both_answer('deleted', null);
  });

  test('an upsert is seen through both nodes, new and again', async () => {
    const upsert = (value) => env.postgres.execute(
      `INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
       VALUES ('psql', 'upserted', '${value}', '${value}')
       ON CONFLICT (artifact_type, artifact_id) DO UPDATE
       SET content_raw = EXCLUDED.content_raw, content = EXCLUDED.content`);
    await upsert('{"n":1}');
    await both_answer('upserted', '{"n":1}');
    await upsert('{"n":2}');
    await both_answer('upserted', '{"n":2}');
  });

  test('a change of the key moves the template', async () => {
    await env.client.must_put('psql', 'old-name', '{"n":1}');
    await both_answer('old-name', '{"n":1}');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET artifact_id = 'new-name' ${where('old-name')}`);
    await both_answer('old-name', null);
    await both_answer('new-name', '{"n":1}');
  });

  test('the database assigns the version: a client cannot set it back', async () => {
    const put = await env.client.must_put('psql', 'version', '{"n":1}');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}', version = 1 ${where('version')}`);
    await both_answer('version', '{"n":2}');
    const reply = await env.client.must_get('psql', 'version');
    assert.equal(reply.version, put.version + 1);
    assert.ok(reply.revision > put.revision);
  });

  test('a change of 500 rows in one transaction is seen whole', async () => {
    await env.postgres.execute(
      `INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
       SELECT 'psql', 'row-' || i, '{"n":0}', '{"n":0}' FROM generate_series(1, 500) i`);
    await both_answer('row-1', '{"n":0}');
    await both_answer('row-500', '{"n":0}');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":1}', content = '{"n":1}'
       WHERE artifact_type = 'psql' AND artifact_id LIKE 'row-%'`);
    for (let i = 1; i <= 500; i += 7) await both_answer(`row-${i}`, '{"n":1}');
  });

  test('a transaction that is rolled back is never seen and publishes nothing', async () => {
    const put = await env.settled_put('psql', 'rolled-back', '{"n":1}');
    const events = await Events.on(env.client, 'template.*.psql.rolled-back');
    const session = env.psql();
    await session.query('BEGIN;');
    await session.query(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}' ${where('rolled-back')};`);
    for (const node of ['node-1', 'node-2'])
      assert.equal((await env.client.must_get('psql', 'rolled-back', { node })).text, '{"n":1}');
    await session.query('ROLLBACK;');
    await env.settled_put('psql', 'after-rollback', '{}');
    events.stop();
    assert.deepEqual(events.seen, []);
    assert.equal((await env.client.must_get('psql', 'rolled-back')).revision, put.revision);
  });

  test('a transaction that commits late is seen although later ones were seen before', async () => {
    await env.settled_put('psql', 'late', '{"n":1}');
    await both_answer('late', '{"n":1}');
    const session = env.psql();
    await session.query('BEGIN;');
    await session.query(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}' ${where('late')};`);
    await env.settled_put('psql', 'early', '{"n":1}');
    await env.settled_put('psql', 'early', '{"n":2}');
    await session.query('COMMIT;');
    await both_answer('late', '{"n":2}');
  });

  test('a change of usage columns is no change of content', async () => {
    const put = await env.settled_put('psql', 'used', '{"n":1}');
    const events = await Events.on(env.client, 'template.*.psql.used');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET usage_count = usage_count + 10, last_used_at = now() ${where('used')}`);
    await env.settled_put('psql', 'after-use', '{}');
    events.stop();
    assert.deepEqual(events.seen, []);
    assert.equal((await env.client.must_get('psql', 'used')).revision, put.revision);
  });

  test('a writer that is no superuser and knows nothing of Larder can write', async () => {
    await env.postgres.execute(
      `CREATE ROLE app LOGIN PASSWORD 'app';
       GRANT USAGE ON SCHEMA public TO app;
       GRANT SELECT, INSERT, UPDATE, DELETE ON knowledge_artifacts TO app;
       GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;`);
    await env.postgres.execute(
      `SET ROLE app;
       INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
       VALUES ('psql', 'by-app', '{"n":1}', '{"n":1}');
       UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}' ${where('by-app')};`);
    await both_answer('by-app', '{"n":2}');
  });

  test('TRUNCATE empties all tiers and begins a new epoch', async () => {
    const put = await env.settled_put('psql', 'truncated', '{"n":1}');
    await both_answer('truncated', '{"n":1}');
    await env.postgres.execute('TRUNCATE knowledge_artifacts');
    await both_answer('truncated', null, 4_000);
    const anew = await env.client.must_put('psql', 'truncated', '{"n":2}');
    assert.notEqual(anew.epoch, put.epoch);
    await both_answer('truncated', '{"n":2}');
    assert.equal((await env.client.must_get('psql', 'truncated')).epoch, String(anew.epoch));
  });
});
