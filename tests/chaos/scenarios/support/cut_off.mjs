// A node that holds many keys in memory is cut off from nats-server while some
// of them change. What `cut_off` and `log_truncated` have in common.

import assert from 'node:assert/strict';
import { eventually, sleep } from '../../../e2e/support/wait.mjs';
import { CutNode } from './cut_node.mjs';
import { sized } from './figures.mjs';
import { ids_of, published, read_keys, write_keys } from './keys.mjs';

export const type = 'cut-off';
export const changed = ids_of(sized(2_000, 10_000), 'changed-');
export const untouched = ids_of(sized(2_000, 10_000), 'untouched-');
export const cut_off_for_ms = sized(8_000, 60_000);

/** What every node of the suite is to hold. */
// The sampler's own queries are not among those that are counted.
export const node_env = {
  LARDER_MEMORY__MAX_ENTRIES: '100000', LARDER_SAMPLER__INTERVAL: '0',
};

/** A cut node that answers every key from memory. */
export async function warm_cut_node(env) {
  const link = await CutNode.start(env);
  await write_keys(env, type, changed.length, 1, 'changed-');
  await write_keys(env, type, untouched.length, 1, 'untouched-');
  await published(env);
  await read_keys(env.client, 'cut', type, [...changed, ...untouched]);
  await eventually('memory to hold every key', async () =>
    share_of_memory(await read_keys(env.client, 'cut', type, [...changed, ...untouched])) === 1);
  return link;
}

export const share_of_memory = (replies) =>
  replies.filter((reply) => reply.ok && !reply.stale && reply.tier === 'memory').length
  / replies.length;

/**
 * Silence between the node and nats-server for `cut_off_for_ms`, while every
 * key of `changed` gets the value 2: half of them by psql, a hundred at a time,
 * half by puts through the other node. `meanwhile` runs when all that is
 * published. The silence goes on for 3 s at least after the last change, so that
 * every answer that comes later has to be new, or marked.
 */
export async function change_while_cut_off(env, link, meanwhile = async () => {}) {
  const begin = performance.now();
  link.nats.black_hole();
  const by_psql = changed.length / 2;
  const session = env.psql();
  const pause = (cut_off_for_ms - 6_000) / (by_psql / 100);
  for (let from = 0; from < by_psql; from += 100) {
    await session.query(
      `UPDATE knowledge_artifacts SET content_raw = '{"n":2}', content = '{"n":2}'
        WHERE artifact_type = '${type}' AND artifact_id IN (
          SELECT 'changed-' || i FROM generate_series(${from}, ${from + 99}) i);`);
    await Promise.all(changed.slice(by_psql + from, by_psql + from + 100).map((id) =>
      env.client.must_put(type, id, '{"n":2}', { node: 'node-1' })));
    await sleep(Math.max(0, pause / 2));
  }
  await published(env);
  await meanwhile();
  await sleep(Math.max(3_000, cut_off_for_ms - (performance.now() - begin)));
  link.nats.heal();
  return performance.now() - begin;
}

/**
 * Asks the node for what has changed until it answers all of it, unmarked:
 * `{old, marked, ms}`; `old` counts old values that were not marked.
 */
export async function ask_until_new(env, begin) {
  let old = 0;
  let marked = 0;
  let left = [...changed];
  await eventually('every changed key to be answered, new and unmarked', async () => {
    const again = [];
    await Promise.all(Array.from({ length: 50 }, async () => {
      for (let id; (id = left.pop());) {
        const reply = await env.client.get(type, id, { node: 'cut', timeout: 1_000 })
          .catch(() => null);
        if (reply?.ok && !reply.stale && reply.json.n !== 2) ++old;
        if (reply?.ok && reply.stale) ++marked;
        if (!reply?.ok || reply.stale) again.push(id);
      }
    }));
    left = again;
    return left.length === 0;
  }, { within: 30_000, every: 10 });
  return { old, marked, ms: performance.now() - begin };
}

/** Every key once more: how many are old, and how many of the rest memory has. */
export async function ask_all(env) {
  const new_ones = await read_keys(env.client, 'cut', type, changed, { at_once: 1_000 });
  const old_ones = await read_keys(env.client, 'cut', type, untouched, { at_once: 1_000 });
  for (const reply of [...new_ones, ...old_ones]) assert.ok(reply.ok, String(reply));
  return {
    old: new_ones.filter((reply) => !reply.stale && reply.json.n !== 2).length,
    marked: [...new_ones, ...old_ones].filter((reply) => reply.stale).length,
    memory: share_of_memory(old_ones),
  };
}
