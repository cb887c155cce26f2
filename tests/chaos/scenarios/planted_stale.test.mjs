// Old values are planted where Larder cannot know of it: PostgreSQL is changed
// past the triggers, so that memory is old; and a former entry is put back into
// JetStream. The product's own checkers have to find them: the sampler that runs
// in the nodes, shown by its metrics, and `larder verify`.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { bar_slack } from '../../e2e/support/bars.mjs';
import { headers as new_headers, jetstream, jetstreamManager } from '../../e2e/support/nats.mjs';
import { suite } from '../../e2e/support/suite.mjs';
import { eventually } from '../../e2e/support/wait.mjs';
import { figure, sized, spread } from './support/figures.mjs';
import { ids_of, published, read_keys, write_keys } from './support/keys.mjs';

const bar_ms = 10_000;
const type = 'planted';
// A round of the sampler takes 128 keys, so among more it takes several.
const ids = ids_of(100);

/** The sum over all nodes of the samples of `name` whose labels hold `label`. */
async function sum(env, name, label = '') {
  let total = 0;
  for (const node of env.nodes) {
    const { text } = await node.fetch('/metrics');
    for (const line of text.split('\n'))
      if (line.startsWith(name) && /^[ {]/.test(line.slice(name.length)) && line.includes(label))
        total += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return total;
}

/** Every node holds every key in memory. */
async function fill(env) {
  await write_keys(env, type, ids.length, 1);
  await published(env);
  for (const node of env.nodes) await read_keys(env.client, node.id, type, ids);
}

/** The value of a key, without a revision and without an event. */
async function change_past_triggers(env, id, value) {
  const triggers = (await env.postgres.query(
    `SELECT tgname FROM pg_trigger
      WHERE tgrelid = 'knowledge_artifacts'::regclass AND tgenabled = 'A'`)).split('\n');
  await env.postgres.execute(`
    BEGIN;
    ALTER TABLE knowledge_artifacts DISABLE TRIGGER USER;
    UPDATE knowledge_artifacts SET content_raw = '${value}', content = '${value}'
     WHERE artifact_type = '${type}' AND artifact_id = '${id}';
    ALTER TABLE knowledge_artifacts
      ${triggers.map((name) => `ENABLE ALWAYS TRIGGER ${name}`).join(', ')};
    COMMIT;`);
}

const any_id = () => ids[Math.floor(Math.random() * ids.length)];

suite('planted old values', { nodes: 2 }, (env) => {
  before(() => fill(env));

  const found_after = async (metric, plant) => {
    const before_it = await sum(env, metric);
    const begin = performance.now();
    await plant();
    await eventually(`${metric} to grow`, async () => await sum(env, metric) > before_it,
                     { within: 30_000, every: 50 });
    return performance.now() - begin;
  };

  test('in memory: the sampler finds them within 10 s', async () => {
    assert.equal(await sum(env, 'larder_inconsistent_reads_total'), 0);
    const times = [];
    for (let round = 0; round < sized(2, 20); ++round)
      times.push(await found_after('larder_inconsistent_reads_total', () =>
        change_past_triggers(env, any_id(), `{"n":"planted ${round}"}`)));
    figure(`an old value among ${ids.length} keys in memory, found by the sampler`,
           spread(times), `${bar_ms} ms`);
    const ratio = await sum(env, 'larder_consistent_reads_ratio', 'within="2s"');
    figure('larder_consistent_reads_ratio{within="2s"}', ratio.toFixed(5), '< 1');
    assert.ok(ratio < 1);
    assert.ok(Math.max(...times) <= bar_ms * bar_slack, `${times} ms`);
  });

  test('in JetStream: the sampler finds them within 10 s', async () => {
    const manager = await jetstreamManager(env.client.nc);
    const times = [];
    for (let round = 0; round < sized(1, 20); ++round) {
      const id = `shared-${round}`;
      const old = await env.settled_put(type, id, '{"n":1}');
      await env.settled_put(type, id, '{"n":2}');
      // All that the entry of today says, but with a former revision.
      const entry = await manager.streams.getMessage(
        'KV_templates', { last_by_subj: `$KV.templates.${type}.${id}` });
      const header = new_headers();
      for (const name of entry.header.keys())
        if (name.startsWith('Larder-')) header.set(name, entry.header.get(name));
      header.set('Larder-Revision', String(old.revision));
      header.set('Larder-Version', String(old.version));
      times.push(await found_after('larder_repaired_keys_total', () =>
        jetstream(env.client.nc).publish(
          `$KV.templates.${type}.${id}`, '{"n":1}', { headers: header })));
    }
    figure('a former entry put back into JetStream, found by the sampler', spread(times),
           `${bar_ms} ms`);
    assert.ok(Math.max(...times) <= bar_ms * bar_slack, `${times} ms`);
  });
});

// The sampler would be there first, and heal what it finds.
const node_env = { LARDER_SAMPLER__INTERVAL: '0' };
suite('planted old values, without a sampler', { nodes: 2, node_env }, (env) => {
  before(() => fill(env));

  test('larder verify finds them within 10 s', async () => {
    const times = [];
    for (let round = 0; round < sized(1, 10); ++round) {
      const id = any_id();
      const begin = performance.now();
      await change_past_triggers(env, id, `{"n":"planted ${round}"}`);
      const done = await env.larder(['verify', '--all', '--json']);
      times.push(performance.now() - begin);
      assert.equal(done.code, 1, done.stderr);
      const found = JSON.parse(done.stdout).inconsistent;
      for (const node of env.nodes)
        assert.ok(found.some((one) => one.node === node.id && one.id === id), done.stdout);
    }
    figure(`larder verify --all of ${ids.length} keys finds an old value`, spread(times),
           `${bar_ms} ms`);
    assert.ok(Math.max(...times) <= bar_ms * bar_slack, `${times} ms`);
  });
});
