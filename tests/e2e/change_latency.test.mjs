// How soon a change is read through the other node, without a revision to ask
// for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suite } from './support/suite.mjs';
import { eventually, quantile } from './support/wait.mjs';
import { bar_slack } from './support/bars.mjs';

suite('the latency of changes', { nodes: 2 }, (env) => {
  const seen_after = async (id, node, value, begin) => {
    for (;;) {
      const reply = await env.client.must_get('latency', id, { node });
      const now = performance.now();
      if (reply.text === value) return now - begin;
      assert.ok(now - begin < 5_000, `${node} still answers ${reply.text} of ${reply.tier}`);
    }
  };
  const report = (what, values) => {
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(values, share));
    console.log(`${what}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`);
    return p99;
  };

  test('a put through one node is read through the other within 100 ms, p99 of 1,000', async () => {
    const values = [];
    await env.client.must_put('latency', 'put', '{"n":-1}');
    await env.client.must_get('latency', 'put', { node: 'node-2' });
    for (let i = 0; i < 1_000; ++i) {
      const value = `{"n":${i}}`;
      const [writer, reader] = i % 2 ? ['node-1', 'node-2'] : ['node-2', 'node-1'];
      await env.client.must_put('latency', 'put', value, { node: writer });
      values.push(await seen_after('put', reader, value, performance.now()));
    }
    const p99 = report('put to read through the other node', values);
    assert.ok(p99 <= 100 * bar_slack, `p99 ${p99} ms`);
  });

  // On one nats-server: what a node tells the others goes out before its answer.
  test('what was put through one node is what the other one answers next, 500 times', async () => {
    for (let i = 0; i < 500; ++i) {
      const value = `{"next":${i}}`;
      const [writer, reader] = i % 2 ? ['node-1', 'node-2'] : ['node-2', 'node-1'];
      await env.client.must_get('latency', 'put', { node: reader });
      await env.client.must_put('latency', 'put', value, { node: writer });
      const reply = await env.client.must_get('latency', 'put', { node: reader });
      assert.equal(reply.text, value, `${reader} answered out of ${reply.tier}`);
    }
  });

  test('what is asked for behind an invalidation comes from no memory, 500 times', async () => {
    await env.settled_put('latency', 'dropped', '{}');
    for (let i = 0; i < 500; ++i) {
      const node = i % 2 ? 'node-1' : 'node-2';
      await eventually('the value to be in memory', async () =>
        (await env.client.must_get('latency', 'dropped', { node })).tier === 'memory');
      env.client.nc.publish('template.invalidate.latency.dropped');
      const { tier } = await env.client.must_get('latency', 'dropped', { node });
      assert.notEqual(tier, 'memory', `time ${i}`);
    }
  });

  test('an UPDATE with psql is read through both nodes within 250 ms, p99 of 200', async () => {
    const values = [];
    const session = env.psql();
    await env.client.must_put('latency', 'psql', '{"n":-1}');
    for (let i = 0; i < 200; ++i) {
      const value = `{"n":${i}}`;
      await session.query(
        `UPDATE knowledge_artifacts SET content_raw = '${value}', content = '${value}'
         WHERE artifact_type = 'latency' AND artifact_id = 'psql';`);
      const begin = performance.now();
      values.push(...await Promise.all(['node-1', 'node-2'].map((node) =>
        seen_after('psql', node, value, begin))));
    }
    const p99 = report('psql to read', values);
    assert.ok(p99 <= 250 * bar_slack, `p99 ${p99} ms`);
  });
});
