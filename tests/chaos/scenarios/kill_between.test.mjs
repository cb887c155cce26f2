// A node is killed after a change is committed and before it is published. The
// change is in the outbox, committed with it: whoever relays next publishes it.
//
// psql commits, or a put is acknowledged, and the node gets SIGKILL at once; a
// round counts only if the change was neither published nor marked by then. Many rounds in
// little time need a short lease, since the killed node's has to run out.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bar_slack } from '../../e2e/support/bars.mjs';
import { Events } from '../../e2e/support/events.mjs';
import { suite } from '../../e2e/support/suite.mjs';
import { eventually } from '../../e2e/support/wait.mjs';
import { figure, sized, spread } from './support/figures.mjs';

const node_env = { LARDER_COHERENCE__LEASE_TTL: '300ms' };

suite('kills between commit and publish', { nodes: 1, node_env }, (env) => describe('of nodes', () => {
  let session;
  let events;
  let n = 0;

  before(async () => {
    session = env.psql();
    events = await Events.on(env.client, 'template.updated.killed.>');
  });
  after(() => events?.stop());

  const update = (id) => session.query(
    `INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
     VALUES ('killed', '${id}', '{"n":${n}}', '{"n":${n}}')
     ON CONFLICT (artifact_type, artifact_id)
     DO UPDATE SET content_raw = EXCLUDED.content_raw, content = EXCLUDED.content;`);
  const unpublished = (id) => session.query(
    `SELECT count(*) FROM larder.outbox WHERE artifact_id = '${id}';`);
  const revision_of = async (id) => Number(await session.query(
    `SELECT revision FROM larder.revisions WHERE artifact_type = 'killed' AND artifact_id = '${id}';`));

  /** Kills `node` with a change of `id` on its way: whether it was in time. */
  const kill_at_commit = async (node, id, by_put) => {
    if (by_put)
      await env.client.must_put('killed', id, `{"n":${n}}`, { node: node.id });
    else
      await update(id);
    node.child.kill('SIGKILL');
    await node.child.exited;
    const revision = await revision_of(id);
    await env.client.nc.flush();
    // Neither marked nor, which may come before it, published.
    return await unpublished(id) !== '0'
      && !events.seen.some((event) => event.revision === revision);
  };

  /** The event of the last change of `id`: when it came, or null. */
  const delivered = async (id, within) => {
    const revision = await revision_of(id);
    const event = await events.wait((one) =>
      one.subject === `template.updated.killed.${id}` && one.revision === revision, within)
      .catch(() => null);
    events.seen.length = 0;
    return event?.at ?? null;
  };

  test('one node: the change is delivered within 1 s after it is back', async () => {
    const wanted = sized(25, 1_000);
    const times = [];
    const since_start = [];
    let missed = 0;
    let tried = 0;
    let old = 0;
    await env.client.must_put('killed', 'one', '{"n":0}');
    for (let hit = 0; hit < wanted;) {
      ++n;
      assert.ok(++tried <= 4 * wanted, 'the kill comes in time');
      const in_time = await kill_at_commit(env.a, 'one', tried % 4 === 0);
      const started = performance.now();
      env.a.spawn();
      await eventually('the node to be ready', async () =>
        (await env.a.fetch('/readyz')).status === 200, { within: 20_000, every: 5 });
      if (!in_time) {
        events.seen.length = 0;
        continue;
      }
      ++hit;
      const ready = performance.now();
      const reply = await env.client.get('killed', 'one', { timeout: 2_000 });
      if (!reply.ok || (!reply.stale && reply.json.n !== n)) ++old;
      const at = await delivered('one', 5_000);
      if (at === null) ++missed;
      else {
        times.push(Math.max(0, at - ready));
        since_start.push(at - started);
      }
    }
    figure('kills between commit and publish', `${wanted} (of ${tried} kills)`);
    figure('invalidations missed', missed, '0');
    figure('delivered after the node was ready', spread(times), '1000 ms');
    figure('delivered after its process was started', spread(since_start));
    figure('old answers of the node that came back', old, '0');
    assert.equal(missed, 0);
    assert.equal(old, 0);
    assert.ok(Math.max(...times) <= 1_000 * bar_slack);
  });

  test('two nodes: the other one takes over, and answers nothing old', async () => {
    const wanted = sized(5, 50);
    const b = await env.extra_node('other');
    await b.start();
    const nodes = [env.a, b];
    const times = [];
    let missed = 0;
    let old = 0;
    let tried = 0;
    for (let hit = 0; hit < wanted;) {
      ++n;
      assert.ok(++tried <= 4 * wanted, 'the kill comes in time');
      for (const node of nodes) await node.ready();
      const holder = await session.query('SELECT holder FROM larder.lease;');
      const victim = nodes.find((node) => holder.startsWith(`${node.id}:`));
      const other = nodes.find((node) => node !== victim);
      if (!victim) continue;
      const in_time = await kill_at_commit(victim, 'two', false);
      const killed = performance.now();
      if (in_time) {
        ++hit;
        const at = await delivered('two', 5_000);
        if (at === null) ++missed;
        else times.push(at - killed);
        const reply = await eventually('the new value in the other node', async () => {
          const got = await env.client.get('killed', 'two', { node: other.id });
          return got.ok && got.json.n === n && got;
        }, { within: 2_000 }).catch(() => null);
        if (!reply) ++old;
      }
      victim.spawn();
    }
    figure('kills of the node that publishes', `${wanted} (of ${tried} kills)`);
    figure('invalidations missed', missed, '0');
    figure('delivered by the other node after the kill', spread(times), '2000 ms');
    assert.equal(missed, 0);
    assert.equal(old, 0);
    assert.ok(Math.max(...times) <= 2_000 * bar_slack);
    for (const node of nodes) await node.ready();
  });
}));
