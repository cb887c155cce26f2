// Nodes that leave in order, die, freeze and come back, and what readers see of
// it: never an old value that is not marked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suite } from './support/suite.mjs';
import { eventually, sleep } from './support/wait.mjs';

suite('the life of a node', { nodes: 2 }, (env) => {
  test('SIGTERM drains and leaves with exit code 0 within shutdown_timeout', async () => {
    const node = await env.extra_node('leaver');
    await node.start();
    await env.client.must_put('life', 'leaver', '{"n":1}', { node: 'leaver' });
    const begin = performance.now();
    const ended = await node.stop('SIGTERM');
    assert.deepEqual(ended, { code: 0, signal: null });
    assert.ok(performance.now() - begin < 10_000);
    await assert.rejects(env.client.control('ping', {}, { node: 'leaver', timeout: 500 }));
    assert.equal((await env.client.must_get('life', 'leaver')).text, '{"n":1}');
  });

  test('SIGINT leaves in order too', async () => {
    const node = await env.extra_node('interrupted');
    await node.start();
    assert.deepEqual(await node.stop('SIGINT'), { code: 0, signal: null });
  });

  test('SIGTERM during the start leaves in order', async () => {
    const node = await env.extra_node('hasty');
    node.spawn();
    await eventually('the process to answer', () => node.fetch('/healthz'), { every: 1 });
    const ended = await node.stop('SIGTERM');
    assert.ok(ended.code === 0 || ended.signal === 'SIGTERM', JSON.stringify(ended));
  });

  test('/readyz says 503 while the node drains, if it still answers', async () => {
    const node = await env.extra_node('draining');
    await node.start();
    node.child.kill('SIGTERM');
    while (!node.child.ended) {
      const answer = await node.fetch('/readyz').catch(() => null);
      if (!answer) break;
      if (answer.status === 503) break;
    }
    assert.equal((await node.child.exited).code, 0);
  });

  test('a node that is killed takes no request with it for longer than its links live', async () => {
    const node = await env.extra_node('victim');
    await node.start();
    await env.client.must_put('life', 'victim', '{"n":1}');
    await node.stop('SIGKILL');
    await eventually('every request to be answered by the others', async () => {
      const replies = await Promise.all(Array.from({ length: 30 }, () =>
        env.client.get('life', 'victim', { timeout: 500 })));
      return replies.every((reply) => reply.ok && reply.node !== 'victim');
    }, { within: 3_000 });
  });

  test('puts go on when the node that relays them is killed', async () => {
    const nodes = [];
    for (const id of ['relay-1', 'relay-2']) {
      const node = await env.extra_node(id);
      await node.start();
      nodes.push(node);
    }
    await env.settled_put('life', 'relayed', '{"n":0}');
    // One after the other: one of them held the lease.
    for (const [n, node] of [env.a, env.b, ...nodes].slice(0, 3).entries()) {
      await node.stop('SIGKILL');
      const begin = performance.now();
      await env.settled_put('life', 'relayed', `{"n":${n + 1}}`, { node: 'relay-2' });
      const ms = performance.now() - begin;
      assert.ok(ms < 4_000, `published after ${ms} ms`);
    }
    for (const node of [env.a, env.b, nodes[0]]) await node.start();
    for (const node of [env.a, env.b])
      assert.equal((await env.client.must_get('life', 'relayed', { node: node.id })).text,
                   '{"n":3}');
    for (const node of nodes) assert.equal((await node.stop()).code, 0);
  });

  test('a node that was frozen answers no old value without marking it', async () => {
    for (const seconds of [1, 4]) {
      await env.settled_put('life', 'frozen', '{"n":1}');
      await eventually('memory to answer', async () =>
        (await env.client.must_get('life', 'frozen', { node: 'node-2' })).tier === 'memory');
      env.b.child.kill('SIGSTOP');
      const waiting = [];
      let put;
      try {
        put = await env.client.must_put('life', 'frozen', `{"n":"after ${seconds} s"}`,
                                        { node: 'node-1' });
        const acknowledged = performance.now();
        await sleep(seconds * 1_000);
        // These wait in its socket and are the first that it reads.
        if (performance.now() - acknowledged > 2_000)
          for (let i = 0; i < 20; ++i)
            waiting.push(env.client.get('life', 'frozen', { node: 'node-2', timeout: 10_000 }));
        await env.client.nc.flush();
      } finally {
        env.b.child.kill('SIGCONT');
      }
      for (const reply of await Promise.all(waiting)) {
        if (!reply.ok) continue;
        assert.ok(reply.stale || reply.revision >= put.revision,
                  `an old value, not marked: ${reply} of ${reply.tier}`);
      }
      await eventually('the new value from the thawed node', async () => {
        const reply = await env.client.get('life', 'frozen', { node: 'node-2' });
        return reply.ok && !reply.stale && reply.revision >= put.revision;
      }, { within: 3_000 });
    }
  });

  test('no read that is not marked is older than a write acknowledged 2 s before', async () => {
    // Two writers (one is psql), readers on both nodes, and a node that is
    // frozen for a while; every answer is judged against what was acknowledged.
    const session = env.psql();
    await env.settled_put('life', 'judged', '{"n":0}');
    const acknowledged = [];  // {at, n}: n only grows
    let stop = false;
    let n = 0;
    const writer = (async () => {
      while (!stop) {
        const mine = ++n;
        if (mine % 3 === 0) {
          await session.query(
            `UPDATE knowledge_artifacts SET content_raw = '{"n":${mine}}', content = '{"n":${mine}}'
             WHERE artifact_type = 'life' AND artifact_id = 'judged';`);
          acknowledged.push({ at: performance.now(), n: mine });
        } else {
          const reply = await env.client.put('life', 'judged', `{"n":${mine}}`, { node: 'node-1' });
          if (reply.ok) acknowledged.push({ at: performance.now(), n: mine });
        }
        await sleep(20);
      }
    })();
    let reads = 0;
    const wrong = [];
    const reader = (node) => (async () => {
      while (!stop) {
        const begin = performance.now();
        const due = acknowledged.filter((entry) => entry.at <= begin - 2_000).at(-1)?.n ?? 0;
        const reply = await env.client.get('life', 'judged', { node, timeout: 10_000 })
          .catch(() => null);
        if (!reply?.ok || reply.stale) continue;
        ++reads;
        if (reply.json.n < due)
          wrong.push(`${node}: ${reply.json.n} of ${reply.tier} where ${due} was due`);
      }
    })();
    const readers = ['node-1', 'node-2', 'node-2'].map(reader);
    for (const pause of [500, 2_500, 3_500]) {
      await sleep(1_000);
      env.b.child.kill('SIGSTOP');
      await sleep(pause);
      env.b.child.kill('SIGCONT');
    }
    await sleep(2_500);
    stop = true;
    await Promise.all([writer, ...readers]);
    assert.ok(reads > 500, `${reads} reads`);
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${reads} reads`);
  });

  test('a node that comes back under its old id is fresh', async () => {
    await env.settled_put('life', 'returned', '{"n":1}');
    await env.client.must_get('life', 'returned', { node: 'node-2' });
    await env.b.stop('SIGKILL');
    const put = await env.client.must_put('life', 'returned', '{"n":2}', { node: 'node-1' });
    await env.b.start();
    const reply = await env.client.must_get('life', 'returned', { node: 'node-2' });
    assert.equal(reply.text, '{"n":2}');
    assert.equal(reply.revision, put.revision);
  });
});
