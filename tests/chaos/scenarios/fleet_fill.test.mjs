// One key that nobody holds, asked for through every node of a fleet at once, is
// one query on PostgreSQL; and when the node that asks it is killed while its
// query hangs, another one takes over.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bar_slack } from '../../e2e/support/bars.mjs';
import { suite } from '../../e2e/support/suite.mjs';
import { eventually, sleep } from '../../e2e/support/wait.mjs';
import { CutNode } from './support/cut_node.mjs';
import { figure, sized, spread } from './support/figures.mjs';
import { proves } from './support/fresh.mjs';
import { published } from './support/keys.mjs';
import { log_statements, queries_during } from './support/metrics.mjs';

const fleet = sized(4, 8);
const gets = sized(4_000, 10_000);
const patient = { timeout: 20_000, headers: { 'Larder-Deadline-Ms': '10000' } };

// The sampler asks PostgreSQL for what has just changed: not what is counted here.
const node_env = { LARDER_SAMPLER__INTERVAL: '0' };

suite('a cold key', { nodes: fleet - 1, node_env }, (env) => describe('asked for through a whole fleet', () => {
  let link;
  let n = 0;

  before(async () => {
    link = await CutNode.start(env);
    await log_statements(env);
  });
  after(() => link?.stop());

  /** A key of its own type that is in PostgreSQL and nowhere else. */
  const cold_key = async () => {
    const type = `fill-${++n}`;
    await env.client.must_put(type, 'cold', '{"n":1}', { node: 'node-1' });
    await published(env);
    await env.clear_caches();
    await Promise.all(env.nodes.map((node) => proves(node, 20_000)));
    return type;
  };

  const ask_through = async (nodes, type) => {
    const replies = await Promise.all(Array.from({ length: gets }, (_, i) =>
      env.client.get(type, 'cold', { node: nodes[i % nodes.length].id, ...patient })));
    for (const reply of replies) assert.equal(reply.text, '{"n":1}', String(reply));
  };

  test('is one query', async () => {
    const counts = [];
    for (let round = 0; round < sized(3, 20); ++round) {
      const type = await cold_key();
      counts.push((await queries_during(env, type, () => ask_through(env.nodes, type))).length);
    }
    figure(`queries on PostgreSQL for ${gets} gets at once through ${fleet} nodes`,
           spread(counts, ''), '1');
    assert.ok(counts.every((count) => count === 1), `${counts} queries`);
  });

  test('is answered when the node that asks PostgreSQL is killed', async () => {
    const others = env.nodes.filter((node) => node !== link.node);
    const times = [];
    const counts = [];
    for (let round = 0; round < sized(2, 10); ++round) {
      const type = await cold_key();
      // It has a session, so that it is the query that hangs.
      await env.client.get('fill-no', `absent-${n}`, { node: 'cut', ...patient });
      const queries = await queries_during(env, type, async () => {
        // Its query leaves the node and reaches nobody.
        link.postgres.black_hole();
        env.client.get(type, 'cold', { node: 'cut', ...patient }).catch(() => {});
        await env.client.nc.flush();
        // The relay's session hangs too; the other one is the reader's.
        await eventually('its query to hang', () =>
          [...link.postgres.links].filter((one) => one.up?.held.length > 0).length >= 2);
        const all = ask_through(others, type);
        await sleep(200);
        link.node.child.kill('SIGKILL');
        const killed = performance.now();
        await all;
        times.push(performance.now() - killed);
      });
      counts.push(queries.length);
      link.postgres.heal();
      await link.node.child.exited;
      await link.node.start();
    }
    figure('everybody is answered after the kill of the node that filled', spread(times), '2000 ms');
    figure('queries on PostgreSQL', spread(counts, ''), '1');
    assert.ok(Math.max(...times) <= 2_000 * bar_slack, `${times} ms`);
    assert.ok(counts.every((count) => count === 1), `${counts} queries`);
  });
}));
