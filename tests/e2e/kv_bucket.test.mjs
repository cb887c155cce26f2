// The JetStream KV bucket `templates`: what other clients see in it, and what
// happens to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kvm, jetstreamManager } from './support/nats.mjs';
import { suite } from './support/suite.mjs';
import { key_tokens } from './support/subjects.mjs';
import { eventually } from './support/wait.mjs';

suite('the bucket templates, made by Larder', { nodes: 2 }, (env) => {
  const bucket = () => new Kvm(env.client.nc).open('templates');

  test('holds the value itself, nothing around it', async () => {
    const value = '{ "z": 0.10, "a": 1e400 }';
    await env.settled_put('kv', 'raw', value);
    const entry = await (await bucket()).get('kv.raw');
    assert.equal(entry.string(), value);
    assert.equal(entry.operation, 'PUT');
  });

  for (const id of ['socket.io', '@nats-io/kv', 'ünï code', 'a=b'])
    test(`has the id "${id}" under the same escape as subjects`, async () => {
      await env.settled_put('kv', id, JSON.stringify({ id }));
      const entry = await (await bucket()).get(key_tokens('kv', id));
      assert.deepEqual(entry?.json(), { id });
    });

  test('does not show a key that was deleted', async () => {
    await env.settled_put('kv', 'deleted', '{}');
    await env.client.delete('kv', 'deleted');
    await eventually('the key to leave the bucket', async () => {
      const entry = await (await bucket()).get('kv.deleted');
      return entry === null || entry.operation !== 'PUT';
    });
  });

  test('has the configuration that the contract states', async () => {
    const status = await (await bucket()).status();
    assert.equal(status.ttl, 30 * 60 * 1_000);
    assert.equal(status.storage, 'memory');
    assert.equal(status.replicas, 1);
  });

  test('is made again when it vanishes, and reads go on meanwhile', async () => {
    await env.settled_put('kv', 'vanish', '{"n":1}');
    const manager = await jetstreamManager(env.client.nc);
    await manager.streams.delete('KV_templates');
    for (const node of ['node-1', 'node-2'])
      assert.equal((await env.client.must_get('kv', 'vanish', { node })).text, '{"n":1}');
    await env.client.must_put('kv', 'vanish', '{"n":2}');
    await eventually('the bucket to be there with the new value', async () =>
      (await (await bucket()).get('kv.vanish'))?.string() === '{"n":2}',
      { within: 5_000, every: 100 });
    const status = await (await bucket()).status();
    assert.equal(status.ttl, 30 * 60 * 1_000);
    await env.clear_caches();
    assert.equal((await env.client.must_get('kv', 'vanish')).text, '{"n":2}');
  });

  test('a value that somebody else puts into it does not become the truth', async () => {
    const put = await env.settled_put('kv', 'poisoned', '{"n":1}');
    await (await bucket()).put('kv.poisoned', '{"n":"poison"}');
    const cleared = await env.client.control('clear', { tiers: ['memory'] },
                                             { max: 2, ms: 5_000 });
    assert.equal(cleared.length, 2);
    for (const node of ['node-1', 'node-2']) {
      const reply = await env.client.must_get('kv', 'poisoned', { node });
      assert.equal(reply.text, '{"n":1}');
      assert.equal(reply.revision, put.revision);
    }
  });

  test('shows the newest value whichever node wrote it', async () => {
    const kv = await bucket();
    for (let i = 0; i < 10; ++i)
      await env.settled_put('kv', 'both', `{"n":${i}}`, {
        node: i % 2 ? 'node-1' : 'node-2' });
    assert.equal((await kv.get('kv.both')).string(), '{"n":9}');
  });
});

suite('the bucket templates, made by another client before', {
  nodes: 2,
  before_nodes: async (env) => {
    await new Kvm(env.client.nc).create('templates', {
      history: 5, ttl: 60_000, storage: 'file', description: 'made by a user',
    });
  },
}, (env) => {
  test('is adopted as it is, and the difference is logged', async () => {
    const kv = await new Kvm(env.client.nc).open('templates');
    const status = await kv.status();
    assert.equal(status.history, 5);
    assert.equal(status.ttl, 60_000);
    assert.equal(status.storage, 'file');
    await env.settled_put('kv', 'adopted', '{"n":1}');
    assert.equal((await kv.get('kv.adopted')).string(), '{"n":1}');
    await env.clear_caches();
    await env.client.must_get('kv', 'adopted', { node: 'node-1' });
    await eventually('a fill', async () => await kv.get('kv.adopted') !== null
      && (await kv.get('kv.adopted')).operation === 'PUT');
    assert.equal((await env.client.must_get('kv', 'adopted', { node: 'node-2' })).tier,
                 'jetstream');
    const log = env.a.child.log() + env.b.child.log();
    const line = log.split('\n').find((text) =>
      /templates/.test(text) && /(storage|history|max_age|ttl)/i.test(text));
    assert.ok(line, `the log names the difference:\n${env.a.child.tail()}`);
  });
});
