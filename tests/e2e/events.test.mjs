// template.updated and template.invalidate: published by Larder after a change
// is visible, and honoured when anybody else publishes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { Events } from './support/events.mjs';
import { Kvm } from './support/nats.mjs';
import { suite, without_postgres } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

suite('template.updated and template.invalidate', { nodes: 2 }, (env) => {
  let psql;

  /** Changes the row behind Larder's back: no trigger fires. */
  const change_silently = async (type, id, value) => {
    psql ??= env.psql();
    await psql.query('SET session_replication_role = replica;');
    await psql.query(
      `UPDATE knowledge_artifacts SET content_raw = '${value}', content = '${value}'
       WHERE artifact_type = '${type}' AND artifact_id = '${id}';`);
    await psql.query('SET session_replication_role = origin;');
  };

  /** Both nodes hold the key in memory. */
  const warm_both = async (type, id) => {
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer from memory`, async () =>
        (await env.client.must_get(type, id, { node })).tier === 'memory');
  };

  test('a put publishes template.updated with type, id, op, revision, version and epoch', async () => {
    const events = await Events.on(env.client, 'template.>');
    const put = await env.client.must_put('events', 'put', '{"a":1}');
    const event = await events.wait((e) => e.subject === 'template.updated.events.put');
    events.stop();
    assert.equal(event.type, 'events');
    assert.equal(event.id, 'put');
    assert.equal(event.op, 'put');
    assert.equal(event.revision, put.revision);
    assert.equal(event.version, put.version);
    assert.equal(event.epoch, put.epoch);
  });

  test('a delete publishes template.invalidate', async () => {
    await env.settled_put('events', 'delete', '{"a":1}');
    const events = await Events.on(env.client, 'template.invalidate.>');
    const { revision, epoch } = (await env.client.delete('events', 'delete')).json;
    const event = await events.wait((e) => e.subject === 'template.invalidate.events.delete');
    events.stop();
    assert.equal(event.op, 'delete');
    assert.equal(event.type, 'events');
    assert.equal(event.id, 'delete');
    assert.equal(event.revision, revision);
    assert.equal(event.epoch, epoch);
  });

  test('when the event comes, PostgreSQL and JetStream show the change', { skip: without_postgres }, async () => {
    const kv = await new Kvm(env.client.nc).open('templates');
    psql ??= env.psql();
    for (let i = 0; i < 20; ++i) {
      const value = `{"round":${i}}`;
      const events = await Events.on(env.client, 'template.updated.events.order');
      const looked = events.wait(() => true).then(async () => Promise.all([
        kv.get('events.order'),
        psql.query(`SELECT content_raw FROM knowledge_artifacts
                    WHERE artifact_type = 'events' AND artifact_id = 'order';`),
      ]));
      const put = env.client.must_put('events', 'order', value);
      const [entry, row] = await looked;
      await put;
      events.stop();
      assert.equal(row, value);
      assert.equal(entry?.string(), value);
    }
  });

  test('when the event of a delete comes, neither shows the key', async () => {
    const kv = await new Kvm(env.client.nc).open('templates');
    await env.settled_put('events', 'gone', '{"a":1}');
    const events = await Events.on(env.client, 'template.invalidate.events.gone');
    const looked = events.wait(() => true).then(() => kv.get('events.gone'));
    await env.client.delete('events', 'gone');
    const entry = await looked;
    events.stop();
    assert.ok(entry === null || entry.operation !== 'PUT', JSON.stringify(entry));
  });

  test('the events of one key come in the order of its revisions', async () => {
    const events = await Events.on(env.client, 'template.updated.events.sequence');
    let last;
    for (let i = 0; i < 30; ++i)
      last = await env.client.must_put('events', 'sequence', `{"n":${i}}`);
    await events.wait((event) => event.revision === last.revision);
    events.stop();
    const revisions = events.seen.map((event) => event.revision);
    assert.deepEqual(revisions, [...revisions].sort((a, b) => a - b));
  });

  test('an event of an id with dots and signs has its subject escaped', { skip: without_postgres }, async () => {
    const events = await Events.on(env.client, 'template.updated.events.>');
    await env.client.must_put('events', '@nats-io/kv.js', '{}');
    const event = await events.wait((e) => e.id === '@nats-io/kv.js');
    events.stop();
    assert.equal(event.subject, 'template.updated.events.=40nats-io/kv.js');
  });

  for (const kind of ['updated', 'invalidate'])
    test(`template.${kind} with an empty body from anybody makes the next read fresh`, { skip: without_postgres }, async () => {
      const id = `third-party-${kind}`;
      await env.settled_put('events', id, '{"n":1}');
      await warm_both('events', id);
      await change_silently('events', id, '{"n":2}');
      // Nobody told Larder yet: this shows that what follows tests something.
      assert.equal((await env.client.must_get('events', id, { node: 'node-2' })).text,
                   '{"n":1}');
      env.client.nc.publish(`template.${kind}.events.${id}`);
      for (const node of ['node-1', 'node-2'])
        await eventually(`${node} to read anew`, async () =>
          (await env.client.must_get('events', id, { node })).text === '{"n":2}',
          { within: 2_000 });
    });

  test('template.invalidate for a row that is gone drops the value everywhere', { skip: without_postgres }, async () => {
    await env.settled_put('events', 'silently-deleted', '{"n":1}');
    await warm_both('events', 'silently-deleted');
    psql ??= env.psql();
    await psql.query('SET session_replication_role = replica;');
    await psql.query(`DELETE FROM knowledge_artifacts
      WHERE artifact_type = 'events' AND artifact_id = 'silently-deleted';`);
    await psql.query('SET session_replication_role = origin;');
    env.client.nc.publish('template.invalidate.events.silently-deleted');
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to say not found`, async () =>
        (await env.client.get('events', 'silently-deleted', { node })).status === 404,
        { within: 2_000 });
  });

  test('a request to template.invalidate is answered by JetStream and then durable', { skip: without_postgres }, async () => {
    await env.settled_put('events', 'acknowledged', '{"n":1}');
    await warm_both('events', 'acknowledged');
    await change_silently('events', 'acknowledged', '{"n":2}');
    const reply = await env.client.request('template.invalidate.events.acknowledged');
    const ack = reply.json;
    assert.equal(typeof ack.stream, 'string');
    assert.ok(Number.isInteger(ack.seq) && ack.seq > 0, reply.text);
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to read anew`, async () =>
        (await env.client.must_get('events', 'acknowledged', { node })).text === '{"n":2}',
        { within: 2_000 });
  });

  test('an event of a third party drops the key from JetStream or replaces it', { skip: without_postgres }, async () => {
    const kv = await new Kvm(env.client.nc).open('templates');
    await env.settled_put('events', 'kv', '{"n":1}');
    await change_silently('events', 'kv', '{"n":2}');
    await env.client.request('template.invalidate.events.kv');
    await eventually('the old value to leave JetStream', async () => {
      const entry = await kv.get('events.kv');
      return entry === null || entry.operation !== 'PUT' || entry.string() === '{"n":2}';
    }, { within: 2_000 });
  });

  test('larder invalidate returns when every node has applied it', { skip: without_postgres }, async () => {
    await env.settled_put('events', 'command', '{"n":1}');
    await warm_both('events', 'command');
    await change_silently('events', 'command', '{"n":2}');
    const done = await env.larder(['invalidate', 'events', 'command']);
    assert.equal(done.code, 0, done.stderr);
    for (const node of ['node-1', 'node-2'])
      assert.equal((await env.client.must_get('events', 'command', { node })).text, '{"n":2}');
  });

  test('events with nonsense in them harm nothing', async () => {
    const put = await env.settled_put('events', 'victim', '{"n":1}');
    const bodies = ['nonsense', '[]', '{"revision":-5}', '{"revision":1e400}',
                    '{"op":"explode"}', '{"type":"other","id":"other","op":"delete"}',
                    `{"revision":${put.revision + 1_000_000_000},"epoch":"made-up"}`,
                    '{"revision":"9223372036854775807"}', '['.repeat(100_000),
                    Buffer.from([0xff, 0xfe, 0x00])];
    for (const body of bodies) {
      env.client.nc.publish('template.updated.events.victim', body);
      env.client.nc.publish('template.invalidate.events.victim', body);
    }
    for (const subject of ['template.updated.events', 'template.invalidate.events',
                           'template.updated.events.=ZZ', 'template.updated.x.=FF'])
      env.client.nc.publish(subject, 'x');
    await env.client.nc.flush();
    for (const node of ['node-1', 'node-2']) {
      const reply = await env.client.must_get('events', 'victim', { node });
      assert.equal(reply.text, '{"n":1}');
      assert.equal(reply.revision, put.revision);
    }
    const next = await env.settled_put('events', 'victim', '{"n":2}');
    for (const node of ['node-1', 'node-2'])
      assert.equal((await env.client.must_get('events', 'victim', {
        node, headers: { 'Larder-Min-Revision': next.revision } })).text, '{"n":2}');
  });

  test('a forged event of a delete does not hide a value that exists', async () => {
    const put = await env.settled_put('events', 'forged', '{"n":1}');
    env.client.nc.publish('template.invalidate.events.forged', JSON.stringify({
      type: 'events', id: 'forged', op: 'delete',
      revision: put.revision + 5, version: 9, epoch: put.epoch }));
    await env.client.nc.flush();
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer the value`, async () => {
        const reply = await env.client.get('events', 'forged', { node });
        return reply.ok && reply.text === '{"n":1}';
      }, { within: 3_000 });
    const again = await env.client.must_put('events', 'forged', '{"n":2}');
    assert.ok(again.revision > put.revision);
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer the new value`, async () => {
        const reply = await env.client.get('events', 'forged', { node });
        return reply.ok && reply.text === '{"n":2}';
      }, { within: 3_000 });
  });

  test('reading a template is no change: no event, no new revision', { skip: without_postgres }, async () => {
    const put = await env.settled_put('events', 'read', '{"n":1}');
    const updates = await Events.on(
      env.client, 'template.updated.events.read');
    const invalidations = await Events.on(
      env.client, 'template.invalidate.events.read');
    for (let i = 0; i < 50; ++i) await env.client.must_get('events', 'read');
    // Usage is counted in batches; wait until it is, then look.
    await eventually('usage to be counted in PostgreSQL', async () =>
      Number(await env.postgres.query(
        `SELECT usage_count FROM knowledge_artifacts
         WHERE artifact_type = 'events' AND artifact_id = 'read'`)) >= 50,
      { within: 40_000, every: 250 });
    await env.settled_put('events', 'read-after', '{}');
    updates.stop();
    invalidations.stop();
    assert.deepEqual([...updates.seen, ...invalidations.seen], []);
    const reply = await env.client.must_get('events', 'read');
    assert.equal(reply.revision, put.revision);
    assert.equal(reply.version, put.version);
  });

  test('deleted keys stay deleted when their old events are published again', async () => {
    const put = await env.settled_put('events', 'replayed', '{"n":1}');
    await env.client.delete('events', 'replayed');
    env.client.nc.publish('template.updated.events.replayed', JSON.stringify({
      type: 'events', id: 'replayed', op: 'put', ...put }));
    await env.client.nc.flush();
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to say not found`, async () => {
        const reply = await env.client.get('events', 'replayed', { node });
        if (reply.status === 404) assert_error(reply, 404, 'not_found');
        return reply.status === 404;
      }, { within: 2_000 });
  });
});
