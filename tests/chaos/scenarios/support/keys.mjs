// Many keys at once: written straight into PostgreSQL, read through one node.

import { eventually } from '../../../e2e/support/wait.mjs';
import { literal } from '../../../e2e/support/postgres.mjs';

/** Inserts or changes `count` keys `{prefix}{0…}` of `type`, each to {"n": n}. */
export async function write_keys(env, type, count, n, prefix = 'key-') {
  await env.postgres.execute(`
    INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
    SELECT ${literal(type)}, ${literal(prefix)} || i, '{"n":${n}}', '{"n":${n}}'
      FROM generate_series(0, ${count - 1}) i
    ON CONFLICT (artifact_type, artifact_id)
    DO UPDATE SET content_raw = EXCLUDED.content_raw, content = EXCLUDED.content`);
}

/** Everything that is committed has been published. */
export function published(env, within = 60_000) {
  return eventually('the outbox to be empty', async () =>
    await env.postgres.query('SELECT count(*) FROM larder.outbox') === '0',
    { within, every: 100 });
}

/**
 * The replies of `node` to a get of each of `ids`, in order, `at_once` of them
 * in flight.
 */
export async function read_keys(client, node, type, ids, { at_once = 500, ...options } = {}) {
  const replies = new Array(ids.length);
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(at_once, ids.length) }, async () => {
    for (let i; (i = next++) < ids.length;)
      replies[i] = await client.get(type, ids[i], { node, timeout: 10_000, ...options });
  }));
  return replies;
}

export const ids_of = (count, prefix = 'key-') =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
