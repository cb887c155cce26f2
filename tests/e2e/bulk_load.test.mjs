// 10,000 templates of 4 KiB: loaded by `larder load`, read through two nodes,
// with no more memory than the configuration allows.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { jetstreamManager } from './support/nats.mjs';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';
import { bar_slack } from './support/bars.mjs';

const count = 10_000;
const size = 4_096;

/** Different for every key, and exactly 4 KiB. */
function value_of(i) {
  const head = `{"n":${i},"text":"`;
  let text = '';
  for (let word = i; text.length < size; word = (word * 48_271) % 2_147_483_647)
    text += word.toString(36);
  return `${head}${text.slice(0, size - head.length - 2)}"}`;
}

suite('10,000 templates of 4 KiB', { nodes: 2 }, (env) => {
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

  test('larder load of a file of lines puts at least 2,000 a second', async () => {
    const file = path.join(env.dir, 'bulk.jsonl');
    writeFileSync(file, Array.from({ length: count }, (_, i) =>
      `{"type":"bulk","id":"t-${i}","content":${value_of(i)}}\n`).join(''));
    const ran = await env.larder(['load', file], { timeout_ms: 120_000 });
    assert.equal(ran.code, 0, ran.stderr);
    const rate = count / (ran.ms / 1_000);
    console.log(`larder load of lines: ${rate.toFixed(0)} templates/s\n${ran.stderr.slice(-300)}`);
    assert.match(ran.stderr + ran.stdout, /10[,.']?000/);
    assert.match(ran.stderr + ran.stdout, /\/s/);
    assert.equal(await env.postgres.query(
      `SELECT count(*) FROM knowledge_artifacts WHERE artifact_type = 'bulk'`), String(count));
    assert.ok(rate >= 2_000 / bar_slack, `${rate} templates/s`);
  });

  test('larder load of a directory of files puts at least 2,000 a second', async () => {
    const dir = path.join(env.dir, 'files');
    mkdirSync(path.join(dir, 'files'), { recursive: true });
    for (let i = 0; i < count; ++i)
      writeFileSync(path.join(dir, 'files', `t-${i}.json`), value_of(i));
    // The change of the last line has been published: the nodes are at rest.
    const manager = await jetstreamManager(env.client.nc);
    await eventually('the changes to be published', async () => {
      const subject = `template.updated.bulk.t-${count - 1}`;
      const stream = await manager.streams.find(subject);
      return manager.streams.getMessage(stream, { last_by_subj: subject });
    }, { within: 30_000, every: 200 });
    const ran = await env.larder(['load', dir], { timeout_ms: 120_000 });
    assert.equal(ran.code, 0, ran.stderr);
    const rate = count / (ran.ms / 1_000);
    console.log(`larder load of files: ${rate.toFixed(0)} templates/s`);
    assert.ok(rate >= 2_000 / bar_slack, `${rate} templates/s`);
  });

  test('all are read through both nodes, byte for byte', async () => {
    for (const node of ['node-1', 'node-2']) {
      const begin = performance.now();
      let next = 0;
      const reader = async () => {
        while (next < count) {
          const i = next++;
          const reply = await env.client.must_get('bulk', `t-${i}`, { node });
          assert.equal(reply.text, value_of(i));
        }
      };
      await Promise.all(Array.from({ length: 64 }, reader));
      console.log(`${node}: ${(count / ((performance.now() - begin) / 1_000)).toFixed(0)} cold reads/s`);
    }
  });

  test('memory stays within what the configuration says, + 10 %', async () => {
    for (const node of env.nodes) {
      const stats = await env.client.stats(node.id);
      assert.ok(stats.ets_cache_size <= 1_000, `${stats.ets_cache_size} entries`);
      const { resident } = node.usage();
      console.log(`${node.id}: ${stats.ets_cache_size} entries, ${mebibytes(resident)} resident`);
      // What an idle node may take, and 1,000 entries of 4 KiB, + 10 %.
      const allowed = 80 * 2 ** 20 + 1.1 * 1_000 * (size + 512);
      assert.ok(resident <= allowed, `${mebibytes(resident)} of ${mebibytes(allowed)}`);
    }
  });

  test('memory is bounded in bytes where that is the narrower limit', async () => {
    const limit = 8 * 2 ** 20;
    const node = await env.extra_node('narrow', { env: {
      LARDER_MEMORY__MAX_ENTRIES: '1000000', LARDER_MEMORY__MAX_BYTES: String(limit) } });
    await node.start();
    await env.client.must_get('bulk', 't-0', { node: 'narrow' });
    const idle = node.usage().resident;
    for (let round = 0; round < 2; ++round) {
      let next = 0;
      const reader = async () => {
        while (next < count) {
          const i = next++;
          await env.client.must_get('bulk', `t-${i}`, { node: 'narrow' });
        }
      };
      await Promise.all(Array.from({ length: 64 }, reader));
    }
    const stats = await env.client.stats('narrow');
    const grown = node.usage().resident - idle;
    console.log(`narrow: ${stats.ets_cache_size} entries, grown by ${mebibytes(grown)}`);
    assert.ok(stats.ets_cache_size * size <= limit * 1.1, `${stats.ets_cache_size} entries`);
    assert.ok(stats.ets_cache_size * size >= limit / 2, 'the limit is made use of');
    // Buffers of 64 requests in flight and the allocator's slack come on top.
    assert.ok(grown <= limit * 1.1 + 16 * 2 ** 20, mebibytes(grown));
    assert.equal((await node.stop()).code, 0);
  });
});
