// When a fleet is well again: every node proves what it answers, answers the
// newest values, and takes writes.

import assert from 'node:assert/strict';
import { eventually } from '../../../e2e/support/wait.mjs';

/** Returns when `node` answers every one of `ids` with {"n": n}, unmarked. */
export function answers_fresh(env, node, type, ids, n, within) {
  return eventually(`${node.id} to answer what is new, unmarked`, async () => {
    const replies = await Promise.all(ids.map((id) =>
      env.client.get(type, id, { node: node.id, timeout: 500 })));
    const bad = replies.find((reply) => !reply.ok || reply.stale || reply.json.n !== n);
    assert.ok(!bad, `${bad} of ${bad?.tier}${bad?.stale ? ', marked' : ''}`);
    return true;
  }, { within, every: 5 });
}

/**
 * Returns when /readyz of `node` says that all tiers are up and proved. `ask`
 * is done before each look: a tier that has failed counts as down until somebody
 * needs it again.
 */
export function proves(node, within, ask = async () => {}) {
  return eventually(`${node.id} to prove what it holds`, async () => {
    await ask();
    const answer = await node.fetch('/readyz');
    const { tiers } = JSON.parse(answer.text);
    assert.ok(answer.status === 200 && tiers.memory.state === 'up'
              && tiers.jetstream.state === 'up' && tiers.jetstream.log === 'reading'
              && tiers.jetstream.log_lag === 0 && tiers.postgres.state === 'up',
              answer.text);
    return true;
  }, { within, every: 5 });
}

/** Returns when a put through `node` is acknowledged. */
export function takes_puts(env, node, within) {
  return eventually(`${node.id} to take a put`, async () =>
    (await env.client.put('fresh', `put-${node.id}`, '{}', { node: node.id, timeout: 500 })).ok,
    { within, every: 5 });
}

/** All of it, for every node: the milliseconds since `begin`. */
export async function fully_fresh(env, type, ids, n, begin, within = 20_000) {
  await Promise.all(env.nodes.flatMap((node) => [
    answers_fresh(env, node, type, ids, n, within),
    proves(node, within, () => env.client.get(
      'fresh', `absent-${Math.random()}`, { node: node.id, timeout: 500 }).catch(() => {})),
    takes_puts(env, node, within),
  ]));
  return performance.now() - begin;
}
