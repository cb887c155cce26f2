// A node's own counters, and the queries that PostgreSQL counts.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { eventually } from '../../../e2e/support/wait.mjs';

/** One sample of /metrics: `name` with its labels, if it has any. */
export async function metric(node, name) {
  const { text } = await node.fetch('/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  assert.ok(line, `/metrics of ${node.id} has ${name}`);
  return Number(line.slice(name.length + 1));
}

/** PostgreSQL logs every statement from now on, in sessions that are open too. */
export async function log_statements(env) {
  await env.postgres.execute(`ALTER SYSTEM SET log_statement = 'all'`);
  await env.postgres.execute('SELECT pg_reload_conf()');
  await eventually('PostgreSQL to log statements', async () => {
    const mark = `logged-${Math.random()}`;
    await env.postgres.query(`SELECT '${mark}'`);
    return readFileSync(env.postgres.child.log_file, 'utf8').includes(mark);
  });
}

/**
 * The statements that PostgreSQL logged during `work` and that read keys of
 * `type`, each with its parameters.
 */
export async function queries_during(env, type, work) {
  const log = env.postgres.child.log_file;
  const from = statSync(log).size;
  await work();
  const mark = `end-of-count-${Math.random()}`;
  await env.postgres.query(`SELECT '${mark}'`);
  const all = await eventually('the end of the log', async () => {
    const text = readFileSync(log).subarray(from).toString('utf8');
    return text.includes(mark) && text;
  });
  return all.split(/^(?=\d{4}-\d\d-\d\d .*(?:LOG|ERROR|STATEMENT): )/m).filter((entry) =>
    /LOG:\s+(statement|execute)/.test(entry) && entry.includes(type)
    && !/\b(UPDATE|INSERT|DELETE)\b/i.test(entry.split('DETAIL')[0]));
}
