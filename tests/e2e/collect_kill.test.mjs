// kill -9 while packages are collected: what was acknowledged is there, whole;
// what was not is there whole or not at all; records, words, tags and snippets
// agree.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FakeRegistry } from './support/fake_registry.mjs';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

const kills = process.env.LARDER_LONG ? 50 : 5;
const packages_per_kill = 50;

const registry = new FakeRegistry();
const node_env = {};
async function before_nodes() {
  await registry.start();
  Object.assign(node_env, registry.settings);
}

suite(`kill -9 during ${packages_per_kill} collects`, { nodes: 1, node_env, before_nodes }, (env) => {
  const open = () => eventually('the package store to be open', async () => {
    const reply = await env.client.request('packages.storage.stats');
    if (!reply.ok) throw new Error(`${reply}`);
    return true;
  });

  test(`${kills} times: no half package, nothing acknowledged lost`, async () => {
    const acknowledged = new Map();
    const begun = new Map();
    let in_flight = 0;
    let half_way = 0;
    for (let round = 0; round < kills; ++round) {
      await open();
      const names = Array.from({ length: packages_per_kill }, (_, i) => `p-${round}-${i}`);
      let dead = false;
      const answers = names.map((name, i) => {
        const version = `1.${round}.${i}`;
        registry.npm(name, {
          version,
          manifest: { description: `Number ${i} of round ${round}`, keywords: ['killed', name] },
          files: { 'package/examples/run.js': `run(${i})\n` },
        });
        begun.set(name, version);
        return env.client.request('packages.registry.collect.npm', { name }, { timeout: 60_000 })
          .then((reply) => {
            // An answer that came before the kill is a promise.
            if (reply.ok) acknowledged.set(name, reply.json.version);
            else if (!dead) throw new Error(`${reply}`);
          }, (error) => {
            if (!dead) throw error;
          });
      });
      // At another point of the work each time, from the first answer on.
      const until = acknowledged.size + 1 + ((round * 13) % (packages_per_kill - 15));
      await eventually('some answers', async () => {
        if (acknowledged.size < until) throw new Error(`${acknowledged.size} of ${until}`);
        return true;
      }, { every: 1 });
      dead = true;
      await env.a.stop('SIGKILL');
      in_flight += names.filter((name) => !acknowledged.has(name)).length;
      await env.a.start();
      await open();
      for (const [name, version] of begun) {
        const reply = await env.client.request('packages.storage.get', { ecosystem: 'npm', name });
        if (acknowledged.has(name))
          assert.ok(reply.ok, `${name} was acknowledged and is lost: ${reply}`);
        if (reply.status === 404) continue;
        assert.ok(reply.ok, `${reply}`);
        half_way += acknowledged.has(name) ? 0 : 1;
        const document = reply.json;
        assert.equal(document.version, version);
        assert.equal(document.archive.verified, true);
        assert.equal(document.snippets.length, 2);
        const snippets = await env.client.request('packages.storage.snippets',
                                                  { ecosystem: 'npm', name });
        assert.match(snippets.text, /examples\/run\.js/);
      }
      // What was in flight has no one to wait for it: the answers of a node
      // that is dead do not come.
      void Promise.allSettled(answers);
      begun.clear();
    }
    console.log(`${kills} kills: ${acknowledged.size} acknowledged, ${in_flight} in flight, `
                + `${half_way} of these stored`);
    assert.ok(in_flight > 0, 'the kills came too late');
    for (const [name, version] of acknowledged) {
      const reply = await env.client.request('packages.storage.get', { ecosystem: 'npm', name });
      assert.ok(reply.ok, `${name}: ${reply}`);
      assert.equal(reply.json.version, version);
    }
    const found = await env.larder(['packages', 'check', '--json'], { timeout_ms: 60_000 });
    assert.equal(found.code, 0, found.stdout + found.stderr);
    console.log(found.stdout.trim());
    assert.match(found.stdout, /"problem_count":0,/);
  });

  test('a run of the command goes on where the kill ended it', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `again-${i}`);
    for (const name of names) registry.npm(name);
    registry.disturb('again-', 1, (response) => setTimeout(() => response.destroy(), 300));
    const input = names.map((name) => `${name}@1.0.0\n`).join('');
    const collect = () => env.larder(
      ['packages', 'collect', '--from', '-', '--ecosystem', 'npm', '--json', '--timeout', '5s'],
      { input, timeout_ms: 60_000 });
    const first = collect();
    await eventually('some of them', async () => {
      if (registry.asked('again-') < 20) throw new Error('not yet');
      return true;
    }, { every: 1 });
    await env.a.stop('SIGKILL');
    await env.a.start();
    await open();
    // The first run has tried again by itself, or has given up what failed.
    await first;
    const second = await collect();
    assert.equal(second.code, 0, second.stderr + second.stdout);
    const summary = JSON.parse(second.stdout);
    assert.equal(summary.collected + summary.present + summary.unchanged, names.length,
                 second.stdout);
    assert.ok(summary.present > 0, second.stdout);
    assert.equal(summary.verified, names.length);
  });

  after(() => registry.stop());
});
