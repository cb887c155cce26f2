// nats-server goes and comes back, in order and by force.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Kvm, jetstreamManager } from './support/nats.mjs';
import { suite } from './support/suite.mjs';
import { eventually, sleep } from './support/wait.mjs';

suite('an outage of nats-server', { nodes: 2 }, (env) => {
  /** Every key is answered with its value through both nodes again. */
  const normal_again = async (expected, within) => {
    const begin = performance.now();
    for (const node of ['node-1', 'node-2'])
      for (const [id, value] of Object.entries(expected))
        await eventually(`${node} to answer ${id}`, async () => {
          const reply = await env.client.get('outage', id, { node, timeout: 1_000 });
          return reply.ok && reply.text === value && !reply.stale;
        }, { within: within - (performance.now() - begin) });
    return performance.now() - begin;
  };

  for (const [how, signal] of [['stopped', 'SIGTERM'], ['killed', 'SIGKILL']])
    test(`nodes come back within 3 s after it was ${how} and started again`, async () => {
      await env.settled_put('outage', how, '{"n":1}');
      for (const node of ['node-1', 'node-2'])
        await env.client.must_get('outage', how, { node });
      await env.nats.stop(signal);
      for (const node of env.nodes) {
        assert.equal(node.child.ended, null, `${node.id} lives`);
        assert.equal((await node.fetch('/healthz')).status, 200);
      }
      await env.postgres.execute(
        `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}'
         WHERE artifact_type = 'outage' AND artifact_id = '${how}'`);
      await env.nats.start();
      const ms = await normal_again({ [how]: '{"n":2}' }, 3_000);
      assert.ok(ms <= 3_000, `${ms} ms`);
      const put = await env.client.must_put('outage', `${how}-after`, '{"n":3}', { node: 'node-1' });
      const reply = await env.client.must_get('outage', `${how}-after`, {
        node: 'node-2', headers: { 'Larder-Min-Revision': put.revision } });
      assert.equal(reply.text, '{"n":3}');
      await eventually('the memory bucket to be made again', async () =>
        (await (await new Kvm(env.client.nc).open('templates')).get(`outage.${how}-after`))
          ?.string() === '{"n":3}', { within: 5_000, every: 100 });
    });

  test('changes made in PostgreSQL while it was away are seen and published', async () => {
    for (let i = 0; i < 20; ++i) await env.client.must_put('outage', `while-${i}`, '{"n":1}');
    for (const node of ['node-1', 'node-2'])
      for (let i = 0; i < 20; ++i) await env.client.must_get('outage', `while-${i}`, { node });
    await env.nats.stop('SIGKILL');
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}'
       WHERE artifact_type = 'outage' AND artifact_id LIKE 'while-%'`);
    await env.postgres.execute(
      `DELETE FROM knowledge_artifacts WHERE artifact_id = 'while-19'`);
    await env.nats.start();
    const expected = {};
    for (let i = 0; i < 19; ++i) expected[`while-${i}`] = '{"n":2}';
    await normal_again(expected, 3_000);
    for (const node of ['node-1', 'node-2'])
      await eventually('the deleted key to be gone', async () =>
        (await env.client.get('outage', 'while-19', { node })).status === 404,
        { within: 1_000 });
    // The log has them too, for nodes that are still away.
    await eventually('the change log to hold the change', async () => {
      const manager = await jetstreamManager(env.client.nc);
      const stream = await manager.streams.find('template.updated.outage.while-0');
      const message = await manager.streams.getMessage(
        stream, { last_by_subj: 'template.updated.outage.while-0' });
      return JSON.parse(Buffer.from(message.data).toString()).version === 2;
    }, { within: 5_000, every: 100 });
  });

  test('the loss of all that JetStream stored is survived', async () => {
    await env.settled_put('outage', 'store', '{"n":1}');
    for (const node of ['node-1', 'node-2'])
      await env.client.must_get('outage', 'store', { node });
    await env.nats.stop('SIGKILL');
    rmSync(path.join(env.nats.dir, 'store'), { recursive: true, force: true });
    await env.postgres.execute(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}'
       WHERE artifact_type = 'outage' AND artifact_id = 'store'`);
    await env.nats.start();
    await normal_again({ store: '{"n":2}' }, 3_000);
    await env.settled_put('outage', 'store', '{"n":3}');
    await normal_again({ store: '{"n":3}' }, 2_000);
  });

  test('five restarts in a row leave the nodes well', async () => {
    await env.settled_put('outage', 'flapping', '{"n":1}');
    for (let i = 0; i < 5; ++i) {
      await env.nats.stop(i % 2 ? 'SIGTERM' : 'SIGKILL');
      await env.nats.start();
      if (i % 2) await sleep(300);
    }
    await normal_again({ flapping: '{"n":1}' }, 3_000);
    await env.settled_put('outage', 'flapping', '{"n":2}');
    await normal_again({ flapping: '{"n":2}' }, 2_000);
  });

  test('a put that could not be acknowledged is not lost by halves', async () => {
    await env.settled_put('outage', 'cut', '{"n":0}');
    const writer = (async () => {
      const acknowledged = [];
      for (let n = 1; n <= 400; ++n) {
        const reply = await env.client.put('outage', 'cut', `{"n":${n}}`, { timeout: 500 })
          .catch(() => null);
        if (reply?.ok) acknowledged.push(n);
      }
      return acknowledged;
    })();
    await sleep(200);
    await env.nats.stop('SIGKILL');
    await env.nats.start();
    const acknowledged = await writer;
    assert.ok(acknowledged.length > 50, `${acknowledged.length} acknowledged`);
    const last = acknowledged.at(-1);
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer the last put`, async () => {
        const reply = await env.client.get('outage', 'cut', { node });
        return reply.ok && reply.json.n >= last;
      }, { within: 3_000 });
  });

  test('the fence is young again and the log has no backlog', async () => {
    await eventually('statistics of a healthy node', async () => {
      const all = await Promise.all(['node-1', 'node-2'].map((node) => env.client.stats(node)));
      return all.every((stats) => stats.fence_age_ms < 2_000 && stats.log_lag === 0);
    }, { within: 5_000, every: 100 });
  });
});
