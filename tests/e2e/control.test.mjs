// larder.control.all.{op} and larder.control.{node}.{op}.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reply } from './support/client.mjs';
import { suite } from './support/suite.mjs';
import { eventually, in_time } from './support/wait.mjs';

suite('larder.control', { nodes: 2 }, (env) => {
  const all = (operation, body) =>
    env.client.control(operation, body, { max: 2, ms: 5_000 });

  for (const operation of ['ping', 'stats', 'info'])
    test(`${operation} to all is answered once by every node`, async () => {
      const replies = await env.client.control(operation, {}, { ms: 1_000 });
      assert.deepEqual(replies.map((reply) => reply.node).sort(), ['node-1', 'node-2']);
      for (const reply of replies) assert.equal(reply.ok, true);
    });

  for (const operation of ['ping', 'stats', 'info'])
    test(`${operation} to one node is answered by that one alone`, async () => {
      const replies = await env.client.request_all(
        `larder.control.node-2.${operation}`, '', { ms: 500 });
      assert.equal(replies.length, 1);
      assert.equal(replies[0].json.node, 'node-2');
      assert.equal(replies[0].json.ok, true);
    });

  test('stats of a node holds the statistics of the contract', async () => {
    const reply = await env.client.control('stats', {}, { node: 'node-1' });
    const text = JSON.stringify(reply);
    for (const name of ['ets_hits', 'nats_hits', 'db_hits', 'misses', 'ets_cache_size',
                        'fence_age_ms', 'log_lag', 'epoch'])
      assert.match(text, new RegExp(`"${name}"`));
  });

  test('info names the version of the program', async () => {
    const version = await env.larder(['version']);
    const number = /\d+\.\d+\.\d+/.exec(version.stdout)[0];
    const reply = await env.client.control('info', {}, { node: 'node-1' });
    assert.ok(JSON.stringify(reply).includes(number), JSON.stringify(reply));
  });

  test('clear empties memory on the one node that is asked', async () => {
    await env.settled_put('control', 'cleared', '{"n":1}');
    for (const node of ['node-1', 'node-2'])
      await eventually('memory to answer', async () =>
        (await env.client.must_get('control', 'cleared', { node })).tier === 'memory');
    const reply = await env.client.control('clear', { tiers: ['memory'] }, { node: 'node-1' });
    assert.equal(reply.ok, true);
    assert.equal(reply.node, 'node-1');
    assert.equal((await env.client.must_get('control', 'cleared', { node: 'node-1' })).tier,
                 'jetstream');
    assert.equal((await env.client.must_get('control', 'cleared', { node: 'node-2' })).tier,
                 'memory');
  });

  test('clear of all tiers on all nodes leaves PostgreSQL to answer', async () => {
    await env.settled_put('control', 'all-tiers', '{"n":1}');
    const replies = await all('clear', { tiers: ['memory', 'jetstream'] });
    assert.deepEqual(replies.map((reply) => reply.ok), [true, true]);
    assert.equal((await env.client.must_get('control', 'all-tiers')).tier, 'postgres');
  });

  test('clear without tiers takes an empty body and loses no template', async () => {
    await env.settled_put('control', 'kept', '{"n":1}');
    const replies = await all('clear', '');
    assert.deepEqual(replies.map((reply) => reply.ok), [true, true]);
    assert.equal((await env.client.must_get('control', 'kept')).text, '{"n":1}');
  });

  test('clear of one type leaves the others in memory', async () => {
    for (const type of ['red', 'blue']) {
      await env.settled_put(type, 'key', '{}');
      await eventually('memory to answer', async () =>
        (await env.client.must_get(type, 'key', { node: 'node-1' })).tier === 'memory');
    }
    const reply = await env.client.control(
      'clear', { type: 'red', tiers: ['memory'] }, { node: 'node-1' });
    assert.equal(reply.ok, true);
    assert.notEqual((await env.client.must_get('red', 'key', { node: 'node-1' })).tier, 'memory');
    assert.equal((await env.client.must_get('blue', 'key', { node: 'node-1' })).tier, 'memory');
  });

  test('clear refuses a tier that does not exist', async () => {
    const reply = await env.client.control('clear', { tiers: ['attic'] }, { node: 'node-1' });
    assert.ok(reply.error, JSON.stringify(reply));
    assert.notEqual(reply.ok, true);
    assert.equal(reply.node, 'node-1');
  });

  /** Sends `warm` and returns its messages up to the last one. */
  const warm = async (node, body) => {
    const inbox = `_INBOX.warm.${Math.random().toString(36).slice(2)}`;
    const messages = [];
    let finish;
    const done = new Promise((resolve) => { finish = resolve; });
    const subscription = env.client.nc.subscribe(inbox, { callback: (_, message) => {
      const reply = new Reply(message.data, message.headers).json;
      messages.push(reply);
      if (reply.done || reply.error) finish();
    } });
    env.client.nc.publish(`larder.control.${node}.warm`, JSON.stringify(body), { reply: inbox });
    await in_time('the last message of warm', done, 20_000);
    subscription.unsubscribe();
    return messages;
  };

  test('warm loads templates into memory and ends with done: true', async () => {
    for (let i = 0; i < 20; ++i) await env.settled_put('warmed', `key-${i}`, `{"n":${i}}`);
    await all('clear', { tiers: ['memory', 'jetstream'] });
    const messages = await warm('node-1', { type: 'warmed' });
    const last = messages.at(-1);
    assert.equal(last.done, true, JSON.stringify(messages));
    assert.equal(last.node, 'node-1');
    assert.equal(last.ok, true);
    for (const message of messages.slice(0, -1)) assert.notEqual(message.done, true);
    for (let i = 0; i < 20; ++i) {
      const reply = await env.client.must_get('warmed', `key-${i}`, { node: 'node-1' });
      assert.equal(reply.tier, 'memory');
      assert.equal(reply.text, `{"n":${i}}`);
    }
  });

  test('warm stops at its limit', async () => {
    await all('clear', { tiers: ['memory', 'jetstream'] });
    const messages = await warm('node-1', { type: 'warmed', limit: 5 });
    assert.equal(messages.at(-1).done, true);
    assert.equal((await env.client.stats('node-1')).ets_cache_size, 5);
  });

  test('warm refuses a limit that is no number', async () => {
    const messages = await warm('node-1', { limit: -3 });
    assert.ok(messages.at(-1).error, JSON.stringify(messages));
  });

  test('an unknown operation is answered with an error that names it', async () => {
    const reply = await env.client.control('explode', {}, { node: 'node-1' });
    assert.equal(reply.node, 'node-1');
    assert.ok(reply.error);
    assert.match(JSON.stringify(reply), /explode/);
    assert.notEqual(reply.ok, true);
  });

  for (const body of ['nonsense', '[]', '['.repeat(100_000)])
    test(`a body that is ${body.slice(0, 8)} is answered with an error or ignored`, async () => {
      for (const operation of ['clear', 'warm']) {
        const reply = await env.client.control(operation, body, { node: 'node-1' });
        assert.equal(reply.node, 'node-1');
        assert.ok(reply.error, JSON.stringify(reply));
      }
      assert.equal((await env.client.control('ping', body, { node: 'node-1' })).node, 'node-1');
    });

  test('a node that does not exist has no responder', async () => {
    await assert.rejects(env.client.control('ping', {}, { node: 'nobody' }),
                         /no ?responders|503/i);
  });
});

suite('the queue group', { nodes: 2 }, (env) => {
  test('one node answers each request, and both take part', async () => {
    await env.client.must_put('queue', 'key', '{"n":1}');
    const nodes = new Set();
    for (let i = 0; i < 200; ++i) {
      const replies = await env.client.request_all('template.get.queue.key', '', {
        ms: i % 20 ? 2_000 : 150, max: i % 20 ? 1 : Infinity });
      assert.equal(replies.length, 1);
      nodes.add(replies[0].node);
    }
    assert.deepEqual([...nodes].sort(), ['node-1', 'node-2']);
  });

  for (const [subject, body] of [
    ['template.get', '{"type":"queue","id":"key"}'], ['template.stats', ''],
    ['template.mget', '{"keys":[]}'], ['template.list.queue', ''],
    ['template.put.queue.written', '{"n":1}'], ['template.search', '{"query":"x"}'],
    ['template.get.queue', ''], ['template.delete.queue.absent', '']])
    test(`${subject} is answered once`, async () => {
      const replies = await env.client.request_all(subject, body, { ms: 300 });
      assert.equal(replies.length, 1);
    });
});
