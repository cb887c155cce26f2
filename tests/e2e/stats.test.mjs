// template.stats: the seeds' names beside clear ones, and that they count.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kvm } from './support/nats.mjs';
import { embedded, suite, truth_tier } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

suite('template.stats', { nodes: 2 }, (env) => {
  test('holds every name of the contract', async () => {
    const stats = await env.client.stats();
    for (const name of ['ets_hits', 'nats_hits', 'db_hits', 'misses',
                        'ets_cache_size', 'coalesced', 'stale_served', 'evictions',
                        'invalidations', 'rejected_fills', 'fence_age_ms', 'log_lag'])
      assert.equal(typeof stats[name], 'number', `${name} is ${stats[name]}`);
    assert.ok(!Number.isNaN(Date.parse(stats.timestamp)), stats.timestamp);
    assert.ok(String(stats.epoch).length > 0);
    assert.equal(stats.ets_hits, stats.hits.memory);
    assert.equal(stats.nats_hits, stats.hits.jetstream);
    assert.equal(stats.db_hits, stats.hits.postgres);
  });

  test('counts each tier that answers, on the node that answered', async () => {
    await env.settled_put('stats', 'counted', '{"a":1}');
    await env.clear_caches();
    const before = await env.client.stats('node-1');
    const other = await env.client.stats('node-2');
    const tiers = [];
    for (let i = 0; i < 4; ++i)
      tiers.push((await env.client.must_get('stats', 'counted', { node: 'node-1' })).tier);
    assert.deepEqual(tiers, [truth_tier, 'memory', 'memory', 'memory']);
    const after = await eventually('the counters to show three memory hits', async () => {
      const stats = await env.client.stats('node-1');
      return stats.ets_hits >= before.ets_hits + 3 ? stats : null;
    });
    assert.equal(after.ets_hits - before.ets_hits, 3);
    assert.equal(after.db_hits - before.db_hits, 1);
    assert.equal(after.nats_hits - before.nats_hits, 0);
    if (!embedded)
      assert.equal((await env.client.stats('node-2')).ets_hits, other.ets_hits);
  });

  test('counts a hit in JetStream', async () => {
    await env.settled_put('stats', 'shared', '{"a":1}');
    await env.clear_caches();
    await env.client.must_get('stats', 'shared', { node: 'node-1' });
    const kv = await new Kvm(env.client.nc).open('templates');
    await eventually('the fill to be in JetStream', async () =>
      await kv.get('stats.shared') !== null);
    if (embedded) await env.clear_caches(['memory']);
    const before = await env.client.stats('node-2');
    const reply = await env.client.must_get('stats', 'shared', { node: 'node-2' });
    assert.equal(reply.tier, 'jetstream');
    await eventually('nats_hits to grow by one', async () =>
      (await env.client.stats('node-2')).nats_hits === before.nats_hits + 1);
  });

  test('counts a key that is nowhere as a miss', async () => {
    const before = await env.client.stats('node-1');
    await env.client.get('stats', 'nowhere', { node: 'node-1' });
    await eventually('misses to grow', async () =>
      (await env.client.stats('node-1')).misses > before.misses);
  });

  test('counts invalidations', async () => {
    await env.client.must_put('stats', 'dropped', '{"a":1}');
    await env.client.must_get('stats', 'dropped', { node: 'node-1' });
    const before = await env.client.stats('node-1');
    await env.client.request('template.invalidate.stats.dropped');
    await eventually('invalidations to grow', async () =>
      (await env.client.stats('node-1')).invalidations > before.invalidations);
  });

  test('shows how many entries memory holds, never more than the configuration allows', async () => {
    await env.clear_caches();
    assert.equal((await env.client.stats('node-1')).ets_cache_size, 0);
    for (let i = 0; i < 10; ++i) {
      await env.client.must_put('stats', `size-${i}`, '{}');
      await env.client.must_get('stats', `size-${i}`, { node: 'node-1' });
    }
    const { ets_cache_size } = await env.client.stats('node-1');
    assert.ok(ets_cache_size >= 10 && ets_cache_size <= 1_000, String(ets_cache_size));
  });

  test('shows a fence that is young while all is well', async () => {
    await eventually('a young fence', async () => {
      const { fence_age_ms } = await env.client.stats('node-1');
      return fence_age_ms >= 0 && fence_age_ms < 2_000;
    });
  });

  test('node counts add up to one answer a request', async () => {
    await env.client.must_put('stats', 'shared-load', '{}');
    const total = async () => {
      const all = await Promise.all(env.nodes.map((node) => env.client.stats(node.id)));
      return all.reduce((sum, s) => sum + s.ets_hits + s.nats_hits + s.db_hits, 0);
    };
    const before = await total();
    for (let i = 0; i < 100; ++i) await env.client.must_get('stats', 'shared-load');
    await eventually('exactly 100 answers to be counted', async () =>
      await total() === before + 100);
  });
});
