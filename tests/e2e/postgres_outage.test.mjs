// PostgreSQL goes and comes back: reads go on, puts are refused, nothing is
// lost silently.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

suite('an outage of PostgreSQL', { nodes: 2 }, (env) => {
  const back_to_normal = async (within = 5_000) => {
    const begin = performance.now();
    const left = () => Math.max(1, within - (performance.now() - begin));
    for (const node of ['node-1', 'node-2']) {
      await eventually(`${node} to take puts`, async () =>
        (await env.client.put('outage', `back-${node}`, '{}', { node })).ok, { within: left() });
      await eventually(`${node} to read what is cold`, async () =>
        (await env.client.get('outage', `never-${Math.random()}`, { node })).status === 404,
        { within: left() });
      await eventually(`${node} to answer what is not stale`, async () => {
        const reply = await env.client.get('outage', 'in-memory', { node });
        return reply.ok && !reply.stale;
      }, { within: left() });
    }
  };

  for (const mode of ['fast', 'immediate'])
    test(`stopped (${mode}): what memory and JetStream hold is answered, puts get 503`, async () => {
      await env.settled_put('outage', 'in-memory', '{"where":"memory"}');
      await env.settled_put('outage', 'in-jetstream', '{"where":"jetstream"}');
      for (const node of ['node-1', 'node-2'])
        await eventually('memory to answer', async () =>
          (await env.client.must_get('outage', 'in-memory', { node })).tier === 'memory');
      await env.client.control('clear', { tiers: ['memory'] }, { node: 'node-2' });
      await env.client.must_get('outage', 'in-memory', { node: 'node-2' });
      await env.postgres.stop(mode);

      // Well past the point where the fence has grown old.
      const end = performance.now() + 4_000;
      let rounds = 0;
      while (performance.now() < end) {
        for (const node of ['node-1', 'node-2']) {
          const begin = performance.now();
          const reply = await env.client.must_get('outage', 'in-memory', { node });
          assert.equal(reply.text, '{"where":"memory"}');
          assert.ok(performance.now() - begin < 2_500, 'answered within the deadline');
        }
        ++rounds;
      }
      assert.ok(rounds >= 3, `${rounds} rounds`);
      const shared = await env.client.must_get('outage', 'in-jetstream', { node: 'node-2' });
      assert.equal(shared.text, '{"where":"jetstream"}');

      const begin = performance.now();
      const refused = await env.client.put('outage', 'in-memory', '{"where":"nowhere"}');
      const ms = performance.now() - begin;
      const { message } = assert_error(refused, 503, 'unavailable');
      assert.match(message, /postgres/i);
      assert.ok(ms <= 2_000, `put was refused after ${ms} ms`);
      const removed = await env.client.delete('outage', 'in-memory');
      assert_error(removed, 503, 'unavailable');
      const cold = await env.client.get('outage', 'never-read-before');
      assert_error(cold, 503, 'unavailable');

      await env.postgres.start();
      await back_to_normal();
      // What was refused has not happened.
      for (const node of ['node-1', 'node-2'])
        assert.equal((await env.client.must_get('outage', 'in-memory', { node })).text,
                     '{"where":"memory"}');
    });

  test('Larder-Allow-Stale: false is rather an error than a value that may be old', async () => {
    await env.settled_put('outage', 'strict', '{"n":1}');
    for (const node of ['node-1', 'node-2'])
      await env.client.must_get('outage', 'strict', { node });
    await env.postgres.stop();
    const refused = await eventually('the value to be unproven', async () => {
      const reply = await env.client.get('outage', 'strict', {
        headers: { 'Larder-Allow-Stale': 'false' } });
      if (reply.ok) assert.equal(reply.stale, false);
      return reply.ok ? null : reply;
    }, { within: 6_000, every: 100 });
    assert_error(refused, 503, 'unavailable');
    // The same node: another one's proof may hold a moment longer.
    const marked = await env.client.must_get('outage', 'strict', { node: refused.node });
    assert.equal(marked.stale, true);
    assert.ok(marked.stale_ms >= 0, 'Larder-Stale-Ms says how old the proof is');
    assert.equal(marked.text, '{"n":1}');
    const stats = await env.client.stats(marked.node);
    assert.ok(stats.stale_served > 0);
    await env.postgres.start();
    await back_to_normal();
  });

  test('100 cold reads at once get their 503 in time and do not exhaust the node', async () => {
    await env.postgres.stop();
    const begin = performance.now();
    const replies = await Promise.all(Array.from({ length: 100 }, (_, i) =>
      env.client.get('outage', `cold-${i}`, { timeout: 10_000 })));
    const ms = performance.now() - begin;
    for (const reply of replies) {
      assert.ok([503, 504, 429].includes(reply.status), String(reply));
    }
    assert.ok(ms < 5_000, `all were answered after ${ms} ms`);
    await env.postgres.start();
    await back_to_normal();
  });

  test('a put during the stop is acknowledged and kept, or refused', async () => {
    const replies = [];
    let stopped = false;
    const writer = (async () => {
      for (let n = 1; !stopped; ++n)
        replies.push([n, await env.client.put('outage', `during-${n}`, `{"n":${n}}`)]);
    })();
    await eventually('50 puts', async () => replies.length >= 50);
    await env.postgres.stop('immediate');
    await eventually('a put that is refused', async () => !replies.at(-1)[1].ok);
    stopped = true;
    await writer;
    await env.postgres.start();
    await back_to_normal();
    for (const [n, reply] of replies) {
      const row = await env.client.get('outage', `during-${n}`);
      if (reply.ok) assert.equal(row.text, `{"n":${n}}`, 'acknowledged means kept');
      else assert.ok([503, 504].includes(reply.status), String(reply));
    }
  });

  test('sessions that are cut by the server are made anew', async () => {
    await env.client.must_put('outage', 'cut-sessions', '{"n":1}');
    await env.postgres.execute(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE usename = 'larder' AND pid <> pg_backend_pid()`);
    await back_to_normal();
    const put = await env.client.must_put('outage', 'cut-sessions', '{"n":2}');
    const reply = await env.client.must_get('outage', 'cut-sessions', {
      headers: { 'Larder-Min-Revision': put.revision } });
    assert.equal(reply.text, '{"n":2}');
  });

  test('a server that hangs is treated like one that is gone', async () => {
    await env.settled_put('outage', 'hung', '{"n":1}');
    for (const node of ['node-1', 'node-2'])
      await env.client.must_get('outage', 'hung', { node });
    const backends = (await env.postgres.query(
      `SELECT pid FROM pg_stat_activity WHERE usename = 'larder'`)).split('\n').map(Number);
    for (const pid of backends) process.kill(pid, 'SIGSTOP');
    env.postgres.child.kill('SIGSTOP');
    try {
      const begin = performance.now();
      const reply = await env.client.put('outage', 'hung', '{"n":2}', { timeout: 10_000 });
      const ms = performance.now() - begin;
      assert.ok([503, 504].includes(reply.status), String(reply));
      assert.ok(ms < 3_500, `answered after ${ms} ms`);
      for (const node of ['node-1', 'node-2'])
        assert.equal((await env.client.must_get('outage', 'hung', { node, timeout: 10_000 })).text,
                     '{"n":1}');
    } finally {
      env.postgres.child.kill('SIGCONT');
      for (const pid of backends) process.kill(pid, 'SIGCONT');
    }
    await back_to_normal();
  });
});
