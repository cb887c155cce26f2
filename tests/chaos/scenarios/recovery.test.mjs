// From kill -9 of a node, of nats-server, and of PostgreSQL to a fleet that is
// fully fresh again: every node answers the newest value of every key, unmarked,
// proves all that it holds, and takes writes. The clock starts with the process
// that comes back; PostgreSQL's, when it is through with its own crash recovery,
// which takes as long as the disk takes to sync.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { bar_slack } from '../../e2e/support/bars.mjs';
import { suite } from '../../e2e/support/suite.mjs';
import { figure, sized, spread } from './support/figures.mjs';
import { fully_fresh } from './support/fresh.mjs';
import { ids_of, published, read_keys, write_keys } from './support/keys.mjs';

suite('recovery to fully fresh', { nodes: 2 }, (env) => {
  const ids = ids_of(50);
  let n = 0;

  /** Every node holds every key in memory. */
  const settle = async () => {
    await write_keys(env, 'recovery', ids.length, ++n);
    await published(env);
    await fully_fresh(env, 'recovery', ids, n, performance.now());
    for (const node of env.nodes) {
      const replies = await read_keys(env.client, node.id, 'recovery', ids);
      assert.ok(replies.every((reply) => reply.ok));
    }
  };

  const change_all = () => write_keys(env, 'recovery', ids.length, ++n);

  /** The node whose relay publishes. */
  const holder = async () => {
    const name = await env.postgres.query('SELECT holder FROM larder.lease');
    return env.nodes.find((node) => name.startsWith(`${node.id}:`)) ?? env.a;
  };

  const rounds = async (what, count, bar_ms, round) => {
    const times = [];
    for (let i = 0; i < count; ++i) {
      await settle();
      const begin = await round();
      times.push(await fully_fresh(env, 'recovery', ids, n, begin));
    }
    figure(`${what}, killed, to fully fresh`, spread(times), `${bar_ms} ms`);
    assert.ok(Math.max(...times) <= bar_ms * bar_slack, `${Math.max(...times)} ms`);
  };

  test('a node that was killed is back within 2 s', () =>
    rounds('the node that publishes', sized(3, 25), 2_000, async () => {
      const node = await holder();
      await node.stop('SIGKILL');
      await change_all();
      node.spawn();
      return performance.now();
    }));

  test('all is fresh within 3 s when nats-server was killed', () =>
    rounds('nats-server', sized(2, 25), 3_000, async () => {
      await env.nats.stop('SIGKILL');
      await change_all();
      const begin = performance.now();
      await env.nats.start();
      return begin;
    }));

  test('all is fresh within 5 s when PostgreSQL was killed', async () => {
    const own = [];
    await rounds('PostgreSQL', sized(2, 25), 5_000, async () => {
      await change_all();
      await env.postgres.stop('immediate');
      const begin = performance.now();
      await env.postgres.start();
      own.push(performance.now() - begin);
      return performance.now();
    });
    figure('PostgreSQL, until it answers a query at all', spread(own));
  });

  after(() => figure('nodes, servers', '2, 1 nats-server, 1 PostgreSQL'));
});
