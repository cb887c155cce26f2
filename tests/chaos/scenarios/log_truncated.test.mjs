// A node is cut off from nats-server while keys that it holds change, and when
// it comes back the change log does not hold these changes any more. It has to
// see that, and to verify what it holds before it answers it: in batches, not
// one by one.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bar_slack } from '../../e2e/support/bars.mjs';
import { jetstreamManager } from '../../e2e/support/nats.mjs';
import { suite } from '../../e2e/support/suite.mjs';
import { ask_all, change_while_cut_off, changed, node_env, type, untouched,
         warm_cut_node } from './support/cut_off.mjs';
import { figure } from './support/figures.mjs';
import { proves } from './support/fresh.mjs';
import { log_statements, metric, queries_during } from './support/metrics.mjs';

suite('a node that was cut off', { nodes: 1, node_env }, (env) => describe('from a log that was truncated', () => {
  let link;

  before(async () => {
    link = await warm_cut_node(env);
    await log_statements(env);
  });
  after(() => link?.stop());

  test('verifies what it holds, in batches', async () => {
    const gaps = await metric(link.node, 'larder_log_gaps_total');
    const away = await change_while_cut_off(env, link, async () => {
      const manager = await jetstreamManager(env.client.nc);
      await manager.streams.purge('LARDER_CHANGES');
    });
    const entries = changed.length + untouched.length;
    let all;
    const queries = await queries_during(env, type, async () => {
      await proves(link.node, 30_000);
      all = await ask_all(env);
    });
    const again = await ask_all(env);

    figure('cut off', `${(away / 1_000).toFixed(1)} s; ${entries} entries, ${changed.length} of them changed`);
    figure('old answers', `${all.old + again.old}`, '0');
    figure('marked answers', `${all.marked + again.marked}`);
    const bar = entries / 100 + 10;
    figure('queries on PostgreSQL', `${queries.length}, ${(entries / queries.length).toFixed(0)} `
           + 'entries a query', `<= ${bar}`);
    figure('untouched keys answered from memory, then',
           `${(100 * again.memory).toFixed(2)} %`);
    assert.ok(await metric(link.node, 'larder_log_gaps_total') > gaps, 'the gap was seen');
    assert.equal(all.old + again.old, 0);
    assert.equal(again.marked, 0);
    assert.ok(queries.length <= bar * bar_slack, `${queries.length} queries`);
    assert.ok(queries.length > 0, 'nothing was verified');
    assert.ok(again.memory >= 0.99);
  });
}));
