// The sample configuration that makes nats-server send every key to its owner:
// each template is in one memory, whoever asks.

import assert from 'node:assert/strict';
import path from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

const sample = path.resolve(path.dirname(fileURLToPath(import.meta.url)),
                            '../../cluster/sample_clusters/owner_routing.conf');

/** FNV-1a 32 over the tokens without their dots: what the server computes. */
function owner_of(tokens) {
  let hash = 2_166_136_261;
  for (const byte of Buffer.from(tokens.replaceAll('.', '')))
    hash = Math.imul(hash ^ byte, 16_777_619) >>> 0;
  return String(hash % 2);
}

suite('owner routing', { nodes: 0, nats_args: ['-c', sample] }, (env) => {
  const ids = Array.from({ length: 60 }, (_, i) => (i % 3 ? `key-${i}` : `dotted.${i}`));

  before(async () => {
    for (const id of ['0', '1']) await (await env.extra_node(id)).start();
    for (const id of ids) await env.client.must_put('owned', id, `{"id":"${id}"}`);
  });

  test('every key is answered by its owner, and by it alone', async () => {
    const seen = new Set();
    for (const id of ids) {
      const owner = owner_of(`owned.${id}`);
      await eventually(`memory to answer for ${id}`, async () => {
        const reply = await env.client.must_get('owned', id);
        assert.equal(reply.node, owner);
        assert.equal(reply.text, `{"id":"${id}"}`);
        return reply.tier === 'memory';
      });
      seen.add(owner);
    }
    assert.equal(seen.size, 2, 'both nodes own keys');
  });

  test('reads put no key into two memories', async () => {
    // What puts have left in the node that took them would go by eviction.
    await env.client.control('clear', { tiers: ['memory'] }, { max: 2, ms: 5_000 });
    for (const id of ids) await env.client.must_get('owned', id);
    const sizes = await Promise.all(env.nodes.map(async (node) =>
      (await env.client.stats(node.id)).ets_cache_size));
    assert.ok(sizes.every((size) => size > 0), JSON.stringify(sizes));
    assert.equal(sizes[0] + sizes[1], ids.length, JSON.stringify(sizes));
  });

  test('a put through any node is read from the owner', async () => {
    for (const id of ids.slice(0, 10)) {
      const put = await env.client.must_put('owned', id, `{"again":"${id}"}`);
      const reply = await env.client.must_get('owned', id, {
        headers: { 'Larder-Min-Revision': put.revision } });
      assert.equal(reply.text, `{"again":"${id}"}`);
      assert.equal(reply.node, owner_of(`owned.${id}`));
    }
  });

  test('while an owner is away its keys have no responder, the others are answered', async () => {
    await env.nodes[1].stop();
    const mine = ids.find((id) => owner_of(`owned.${id}`) === '0');
    const lost = ids.find((id) => owner_of(`owned.${id}`) === '1');
    assert.equal((await env.client.must_get('owned', mine)).node, '0');
    await assert.rejects(env.client.get('owned', lost), /no responders|503/i);
    // The body form is not routed: any node answers.
    const reply = await env.client.request('template.get', { type: 'owned', id: lost });
    assert.equal(reply.status, 200, String(reply));
  });
});
