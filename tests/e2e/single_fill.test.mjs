// 1,000 concurrent gets of one cold key are one query on PostgreSQL, counted in
// the server's own log.

import assert from 'node:assert/strict';
import { statSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

suite('concurrent misses', { nodes: 2 }, (env) => {
  /** The log entries (statement and its parameters) written during `work`. */
  const statements_during = async (work) => {
    const log = env.postgres.child.log_file;
    const from = statSync(log).size;
    await work();
    const mark = `end-of-count-${Math.random()}`;
    await env.postgres.query(`SELECT '${mark}'`);
    await eventually('the end of the log', async () =>
      readFileSync(log, 'utf8').includes(mark));
    return readFileSync(log).subarray(from).toString('utf8')
      .split(/^(?=\d{4}-\d\d-\d\d .*(?:LOG|ERROR|STATEMENT): )/m);
  };

  /** Queries that read `id`; counting usage is no read. */
  const reads_of = (entries, id) => entries.filter((entry) =>
    entry.includes(id) && /LOG:\s+(statement|execute)/.test(entry)
    && !/\b(UPDATE|INSERT|DELETE)\b/i.test(entry.split('DETAIL')[0]));

  test('the server logs every statement', async () => {
    await env.postgres.execute(`ALTER SYSTEM SET log_statement = 'all'`);
    await env.postgres.execute('SELECT pg_reload_conf()');
    await eventually('the setting to hold in the sessions of the nodes', async () => {
      const id = `probe-${Math.random()}`;
      const entries = await statements_during(() =>
        Promise.all(['node-1', 'node-2'].map((node) => env.client.get('probe', id, { node }))));
      return reads_of(entries, id).length > 0;
    });
  });

  test('1,000 concurrent gets of one cold key on one node are one query', async () => {
    await env.settled_put('fill', 'cold-key-of-one-node', '{"n":1}');
    await env.clear_caches();
    let replies;
    const entries = await statements_during(async () => {
      replies = await Promise.all(Array.from({ length: 1_000 }, () =>
        env.client.must_get('fill', 'cold-key-of-one-node', { node: 'node-1' })));
    });
    for (const reply of replies) assert.equal(reply.text, '{"n":1}');
    const reads = reads_of(entries, 'cold-key-of-one-node');
    assert.equal(reads.length, 1, reads.join('\n'));
  });

  test('1,000 concurrent gets of a key that does not exist are few queries', async () => {
    const entries = await statements_during(async () => {
      const replies = await Promise.all(Array.from({ length: 1_000 }, () =>
        env.client.get('fill', 'absent-key-of-one-node', { node: 'node-1' })));
      for (const reply of replies) assert.equal(reply.status, 404);
    });
    const reads = reads_of(entries, 'absent-key-of-one-node');
    assert.ok(reads.length >= 1 && reads.length <= 20, `${reads.length} queries`);
  });

  test('concurrent gets through both nodes are one query in the whole cluster', async () => {
    await env.settled_put('fill', 'cold-key-of-both', '{"n":1}');
    await env.clear_caches();
    const entries = await statements_during(async () => {
      const replies = await Promise.all(Array.from({ length: 1_000 }, (_, i) =>
        env.client.must_get('fill', 'cold-key-of-both', { node: `node-${1 + i % 2}` })));
      for (const reply of replies) assert.equal(reply.text, '{"n":1}');
    });
    const reads = reads_of(entries, 'cold-key-of-both');
    assert.equal(reads.length, 1);
  });

  test('concurrent misses of 500 different keys become few queries', async () => {
    await env.postgres.execute(
      `INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
       SELECT 'batch', 'batched-' || i, '{}', '{}' FROM generate_series(1, 500) i`);
    await eventually('the rows to be published', async () =>
      (await env.client.stats('node-1')).log_lag === 0
      && (await env.client.get('batch', 'batched-500', { node: 'node-2' })).ok);
    await env.clear_caches();
    const entries = await statements_during(async () => {
      const replies = await Promise.all(Array.from({ length: 500 }, (_, i) =>
        env.client.must_get('batch', `batched-${i + 1}`, { node: 'node-1' })));
      for (const reply of replies) assert.equal(reply.text, '{}');
    });
    const reads = entries.filter((entry) => /batched-\d/.test(entry)
      && /LOG:\s+(statement|execute)/.test(entry)
      && !/\b(UPDATE|INSERT|DELETE)\b/i.test(entry.split('DETAIL')[0]));
    assert.ok(reads.length >= 1 && reads.length <= 100, `${reads.length} queries`);
  });

  test('a hit in memory asks PostgreSQL nothing', async () => {
    await env.settled_put('fill', 'hot-key', '{"n":1}');
    await eventually('memory to answer', async () =>
      (await env.client.must_get('fill', 'hot-key', { node: 'node-1' })).tier === 'memory');
    const entries = await statements_during(async () => {
      for (let i = 0; i < 500; ++i)
        await env.client.must_get('fill', 'hot-key', { node: 'node-1' });
    });
    assert.equal(reads_of(entries, 'hot-key').length, 0);
  });

  test('usage is counted in batches, not once a read', async () => {
    await env.settled_put('fill', 'counted-key', '{"n":1}');
    await env.client.must_get('fill', 'counted-key', { node: 'node-1' });
    const usage = async () => Number(await env.postgres.query(
      `SELECT usage_count FROM knowledge_artifacts WHERE artifact_id = 'counted-key'`));
    const entries = await statements_during(async () => {
      for (let i = 0; i < 300; ++i)
        await env.client.must_get('fill', 'counted-key', { node: 'node-1' });
      await eventually('usage to be counted', async () => await usage() >= 300,
                       { within: 40_000, every: 250 });
    });
    const updates = entries.filter((entry) =>
      /UPDATE/i.test(entry) && /usage_count/.test(entry) && !/SELECT usage_count/.test(entry));
    assert.ok(updates.length <= 60, `${updates.length} updates`);
  });
});
