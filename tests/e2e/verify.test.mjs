// The checker in the product: the sampler that runs in the nodes, and
// `larder verify`, against entries that somebody planted.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { jetstream, jetstreamManager, headers as new_headers } from './support/nats.mjs';
import { suite } from './support/suite.mjs';
import { eventually, sleep } from './support/wait.mjs';

/** The samples of one metric over all nodes, as [labels, value]. */
async function samples(env, name) {
  const all = [];
  for (const node of env.nodes) {
    const { text } = await node.fetch('/metrics');
    for (const line of text.split('\n')) {
      const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match?.[1] === name) all.push([match[2] ?? '', Number(match[3])]);
    }
  }
  return all;
}

async function sum(env, name) {
  return (await samples(env, name)).reduce((total, [, value]) => total + value, 0);
}

/** The least ratio of one window; 1 where nothing was sampled yet. */
async function ratio(env, within) {
  const values = (await samples(env, 'larder_consistent_reads_ratio'))
    .filter(([labels]) => labels === `within="${within}"`);
  return Math.min(1, ...values.map(([, value]) => value));
}

async function verify(env, ...args) {
  const done = await env.larder(['verify', '--json', ...args]);
  return { code: done.code, stderr: done.stderr, ...JSON.parse(done.stdout || '{}') };
}

/** The value of a key behind the triggers' back: its revision stays. */
async function change_past_triggers(env, id, value) {
  await env.postgres.execute(`
    BEGIN;
    ALTER TABLE knowledge_artifacts DISABLE TRIGGER USER;
    UPDATE knowledge_artifacts SET content_raw = '${value}', content = '${value}'
     WHERE artifact_type = 'verify' AND artifact_id = '${id}';
    ALTER TABLE knowledge_artifacts ENABLE TRIGGER USER;
    ALTER TABLE knowledge_artifacts
      ENABLE ALWAYS TRIGGER larder_before_insert,
      ENABLE ALWAYS TRIGGER larder_before_update_1_version,
      ENABLE ALWAYS TRIGGER larder_before_update_2_content,
      ENABLE ALWAYS TRIGGER larder_after_change,
      ENABLE ALWAYS TRIGGER larder_after_truncate;
    COMMIT;`);
}

suite('the sampler', { nodes: 2 }, (env) => {
  test('samples reads of every node and finds them consistent', async () => {
    for (let i = 0; i < 20; ++i) {
      await env.client.must_put('verify', `calm-${i}`, `{"n":${i}}`);
      for (const node of ['node-1', 'node-2'])
        await env.client.must_get('verify', `calm-${i}`, { node });
    }
    await eventually('reads to be sampled 2 s after a change', async () =>
      (await samples(env, 'larder_sampled_reads_total'))
        .some(([labels, value]) => labels === 'within="2s"' && value >= 40),
      { within: 15_000, every: 200 });
    assert.equal(await ratio(env, '2s'), 1);
    assert.equal(await sum(env, 'larder_inconsistent_reads_total'), 0);
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const named = [...readme.matchAll(/`(larder_\w+)(?:\{within="(\w+)"\})?`/g)];
    assert.ok(named.length >= 4);
    for (const [, name, within] of named) {
      const shown = await samples(env, name);
      assert.ok(shown.some(([labels]) => labels === (within ? `within="${within}"` : '')),
                `${name} ${within ?? ''}`);
    }
  });

  test('counts nothing as read, and fills nothing', async () => {
    await env.client.must_put('verify', 'untouched', '{}');
    await env.clear_caches();
    const before = await Promise.all(['node-1', 'node-2'].map((n) => env.client.stats(n)));
    const sampled = await sum(env, 'larder_sampled_reads_total');
    await env.client.must_get('verify', 'calm-0', { node: 'node-1' });
    await eventually('more reads to be sampled', async () =>
      await sum(env, 'larder_sampled_reads_total') > sampled,
      { within: 15_000, every: 200 });
    const after = await Promise.all(['node-1', 'node-2'].map((n) => env.client.stats(n)));
    for (const i of [0, 1]) assert.equal(after[i].ets_hits, before[i].ets_hits);
    assert.equal(after[1].ets_cache_size, 0);
  });

  test('raises no alarm while two nodes take puts', async () => {
    const found = await sum(env, 'larder_inconsistent_reads_total');
    const end = performance.now() + 8_000;
    let puts = 0;
    const writer = async (node, from) => {
      for (let i = from; performance.now() < end; i += 2, ++puts) {
        const id = `busy-${i % 30}`;
        await env.client.must_put('verify', id, `{"n":${i}}`, { node });
        await env.client.must_get('verify', id, { node: i % 4 < 2 ? 'node-1' : 'node-2' });
      }
    };
    await Promise.all([writer('node-1', 0), writer('node-2', 1)]);
    const checked = await verify(env, '--sample', '100');
    assert.equal(checked.code, 0, JSON.stringify(checked));
    await sleep(5_000);
    console.log(`${puts} puts`);
    assert.equal(await sum(env, 'larder_inconsistent_reads_total') - found, 0);
    assert.equal(await sum(env, 'larder_repaired_keys_total'), 0);
  });

  test('finds within 10 s what was changed past the triggers, and heals it', async () => {
    await env.client.must_put('verify', 'planted', '{"n":1}');
    for (const node of ['node-1', 'node-2'])
      await env.client.must_get('verify', 'planted', { node });
    const found = await sum(env, 'larder_inconsistent_reads_total');
    const planted = performance.now();
    await change_past_triggers(env, 'planted', '{"n":2}');
    await eventually('the metric to show it', async () =>
      await sum(env, 'larder_inconsistent_reads_total') > found
        && await ratio(env, '2s') < 1, { within: 10_000, every: 100 });
    console.log(`found after ${((performance.now() - planted) / 1_000).toFixed(1)} s`);
    for (const node of ['node-1', 'node-2'])
      await eventually(`${node} to answer what PostgreSQL has`, async () =>
        (await env.client.must_get('verify', 'planted', { node })).text === '{"n":2}');
    const log = env.nodes.map((node) => node.child.log()).join('');
    const line = log.split('\n').find((text) =>
      text.includes('verify/planted') && text.includes('has other bytes'));
    assert.ok(line && /node-[12]/.test(line) && /revision \d+/.test(line), line);
  });

  test('finds an old entry that was put back into JetStream, and heals it', async () => {
    const old = await env.settled_put('verify', 'jetstream', '{"n":1}');
    const current = await env.settled_put('verify', 'jetstream', '{"n":2}');
    const repaired = await sum(env, 'larder_repaired_keys_total');
    // As Larder itself wrote it, but for the version.
    const manager = await jetstreamManager(env.client.nc);
    const entry = await manager.streams.getMessage(
      'KV_templates', { last_by_subj: '$KV.templates.verify.jetstream' });
    const header = new_headers();
    for (const name of entry.header.keys())
      if (name.startsWith('Larder-')) header.set(name, entry.header.get(name));
    header.set('Larder-Revision', String(old.revision));
    header.set('Larder-Version', String(old.version));
    await jetstream(env.client.nc).publish(
      '$KV.templates.verify.jetstream', '{"n":1}', { headers: header });
    await eventually('the sampler to heal it', async () =>
      await sum(env, 'larder_repaired_keys_total') > repaired,
      { within: 10_000, every: 100 });
    await env.clear_caches();
    for (const node of ['node-1', 'node-2']) {
      const reply = await env.client.must_get('verify', 'jetstream', { node });
      assert.equal(reply.revision, current.revision);
      assert.equal(reply.text, '{"n":2}');
    }
  });
});

// The sampler would be there first.
suite('larder verify', { nodes: 2, node_env: { LARDER_SAMPLER__INTERVAL: '0' } }, (env) => {
  test('finds everything consistent, and says so a node', async () => {
    for (let i = 0; i < 10; ++i) {
      await env.client.must_put('verify', `k-${i}`, `{"n":${i}}`);
      for (const node of ['node-1', 'node-2'])
        await env.client.must_get('verify', `k-${i}`, { node });
    }
    const all = await verify(env, '--all');
    assert.equal(all.code, 0, all.stderr);
    assert.deepEqual(all.nodes.map((node) => node.node), ['node-1', 'node-2', 'JetStream']);
    for (const node of all.nodes) {
      assert.equal(node.checked, 10);
      assert.equal(node.inconsistent, 0);
    }
    assert.equal(all.nodes[0].fresh, 10);
    assert.deepEqual(all.inconsistent, []);
    const table = await env.larder(['verify', '--all']);
    assert.equal(table.code, 0);
    assert.match(table.stdout, /^NODE +CHECKED +HELD +FRESH +MARKED STALE +INCONSISTENT\n/);
    assert.match(table.stdout, /node-1 +10 +10 +10 +0 +0\n/);
  });

  test('finds what was planted, lists it, and exits with 1', async () => {
    await change_past_triggers(env, 'k-3', '{"n":"new"}');
    for (const args of [['--all'], ['--sample', '50'], ['--node', 'node-2', '--type', 'verify']]) {
      const found = await verify(env, ...args);
      assert.equal(found.code, 1, args.join(' '));
      const one = found.inconsistent.find((each) => each.node === 'node-2');
      assert.equal(one.type, 'verify');
      assert.equal(one.id, 'k-3');
      assert.match(one.why, /has other bytes/);
      assert.ok(one.answered.revision > 0 && one.truth.revision > 0);
    }
    const shown = await env.larder(['verify']);
    assert.equal(shown.code, 1);
    assert.match(shown.stdout, /node-1 +verify\/k-3 +has other bytes/);
  });

  test('checks the node that it is told to, with reads of its own if told so', async () => {
    const found = await verify(env, '--node', 'node-1', '--all', '--read');
    assert.equal(found.code, 1);
    assert.deepEqual(found.nodes.map((node) => node.node), ['node-1']);
    assert.equal(found.nodes[0].checked, 10);
    assert.equal(found.nodes[0].held, 10);
  });

  test('does what the README says', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const section = readme.split(/^## /m).find((text) => text.startsWith('Is it true?'));
    const commands = [...section.matchAll(/^larder (verify[^#\n]*)/gm)]
      .map(([, text]) => text.trim().split(/ +/));
    assert.ok(commands.length >= 3);
    await env.client.must_put('framework', 'readme', '{}');
    await env.client.must_get('framework', 'readme', { node: 'node-2' });
    for (const args of commands) {
      const done = await env.larder(args);
      const wrong = args.includes('framework') ? 0 : 1;
      assert.equal(done.code, wrong, `${args.join(' ')}: ${done.stderr}`);
    }
    const settings = readFileSync(new URL('../../config/larder.yaml', import.meta.url), 'utf8');
    assert.match(settings, /^sampler:/m);
    assert.match(section, /`sampler\.interval: 0`/);
  });

  test('says that a node does not answer, and what it cannot be asked', async () => {
    const gone = await env.larder(['verify', '--node', 'nobody', '--timeout', '1s']);
    assert.equal(gone.code, 69);
    assert.match(gone.stderr, /nobody/);
    assert.equal((await env.larder(['verify', '--all', '--sample', '3'])).code, 2);
    assert.equal((await env.larder(['verify', '--node', 'a b'])).code, 2);
  });

  test('does not call wrong what it cannot compare', async () => {
    await env.postgres.stop();
    const done = await env.larder(['verify', '--timeout', '3s']);
    assert.equal(done.code, 69);
    assert.match(done.stderr, /postgres|PostgreSQL|source of truth/);
    await env.postgres.start();
    await eventually('verify to work again', async () =>
      [0, 1].includes((await env.larder(['verify'])).code), { within: 15_000, every: 200 });
  });
});
