// A node is cut off from nats-server while keys that it holds change, by psql
// and through another node. Afterwards it replays exactly what it missed: no old
// answer, and what has not changed is still in memory, unquestioned.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { suite } from '../../e2e/support/suite.mjs';
import { ask_all, ask_until_new, change_while_cut_off, changed, node_env, type, untouched,
         warm_cut_node } from './support/cut_off.mjs';
import { figure } from './support/figures.mjs';
import { proves } from './support/fresh.mjs';
import { read_keys } from './support/keys.mjs';
import { metric } from './support/metrics.mjs';

suite('a node that was cut off', { nodes: 1, node_env }, (env) => describe('from nats-server', () => {
  let link;

  before(async () => { link = await warm_cut_node(env); });
  after(() => link?.stop());

  test('replays what it missed, and keeps the rest', async () => {
    const gaps = await metric(link.node, 'larder_log_gaps_total');
    const away = await change_while_cut_off(env, link);
    const healed = performance.now();
    const [first, proved] = await Promise.all([
      ask_until_new(env, healed),
      proves(link.node, 30_000).then(() => performance.now() - healed),
    ]);
    const asked = await metric(link.node, 'larder_truth_keys_total');
    const untouched_again = await read_keys(env.client, 'cut', type, untouched);
    const questions = await metric(link.node, 'larder_truth_keys_total') - asked;
    const all = await ask_all(env);
    const kept = untouched_again.filter((reply) =>
      reply.ok && !reply.stale && reply.tier === 'memory').length;

    figure('cut off', `${(away / 1_000).toFixed(1)} s; ${changed.length} keys changed, `
           + `${untouched.length} did not`);
    figure('old answers from the moment the link was back', `${first.old + all.old}`, '0');
    figure('marked answers', `${first.marked + all.marked}`);
    figure('log replayed and everything proved', `${proved.toFixed(0)} ms after the link was back`);
    figure('untouched keys answered from memory',
           `${(100 * kept / untouched.length).toFixed(2)} %, `
           + `${questions} of them asked for in PostgreSQL`, '>= 99 %');
    figure('gaps in the log', await metric(link.node, 'larder_log_gaps_total') - gaps, '0');
    assert.equal(first.old + all.old, 0);
    assert.equal(all.marked, 0);
    assert.equal(await metric(link.node, 'larder_log_gaps_total'), gaps);
    assert.ok(kept >= 0.99 * untouched.length, `${kept} of ${untouched.length}`);
    assert.ok(questions <= 0.01 * untouched.length, `${questions} were not answered unquestioned`);
    assert.ok(all.memory >= 0.99);
  });
}));
