// The errors of the contract: code, name and sentence, in headers and body.
// The inputs that cause 400 and 413 are in bad_input.test.mjs, the outages that
// cause 503 in the outage files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { suite, without_others, without_postgres } from './support/suite.mjs';

suite('errors', { nodes: 1 }, (env) => {
  test('400 invalid_request names what is wrong', async () => {
    const reply = await env.client.request('template.get.framework');
    const { message } = assert_error(reply, 400, 'invalid_request');
    assert.match(message, /id/i);
    assert.equal(message, reply.message);
  });

  test('404 not_found names the key', async () => {
    const { message } = assert_error(
      await env.client.get('framework', 'absent'), 404, 'not_found');
    assert.match(message, /absent/);
  });

  test('409 revision_conflict carries the current revision', async () => {
    const put = await env.client.must_put('errors', 'conflict', '{}');
    const reply = await env.client.put('errors', 'conflict', '{}', {
      headers: { 'Larder-Expect-Revision': put.revision + 1 } });
    const body = assert_error(reply, 409, 'revision_conflict');
    const told = [reply.revision, body.revision, body.current_revision].map(Number);
    assert.ok(told.includes(put.revision), reply.text);
  });

  test('409 for a key that is absent says so', async () => {
    const reply = await env.client.put('errors', 'absent', '{}', {
      headers: { 'Larder-Expect-Revision': 12 } });
    assert_error(reply, 409, 'revision_conflict');
    assert_error(await env.client.get('errors', 'absent'), 404, 'not_found');
  });

  test('413 too_large names the limit', async () => {
    const reply = await env.client.put('errors', 'large', JSON.stringify({
      text: 'x'.repeat(600_000) }));
    const { message } = assert_error(reply, 413, 'too_large');
    assert.match(message, /524,?288|512/);
  });

  test('504 deadline_exceeded when the caller gave too little time', { skip: without_postgres }, async () => {
    const session = env.psql();
    await env.settled_put('errors', 'slow', '{"n":1}');
    await env.clear_caches();
    await session.query('BEGIN;');
    await session.query('LOCK TABLE knowledge_artifacts IN ACCESS EXCLUSIVE MODE;');
    const begin = performance.now();
    const reply = await env.client.get('errors', 'slow', {
      headers: { 'Larder-Deadline-Ms': 300 } });
    const ms = performance.now() - begin;
    await session.query('ROLLBACK;');
    assert_error(reply, 504, 'deadline_exceeded');
    assert.ok(ms >= 250 && ms < 1_500, `answered after ${ms} ms`);
  });

  test('a query that hangs blocks neither other keys nor the node', { skip: without_postgres }, async () => {
    await env.client.must_put('errors', 'hot', '{"n":1}');
    await env.client.must_get('errors', 'hot');
    await env.client.must_get('errors', 'hot');
    const session = env.psql();
    await session.query('BEGIN;');
    await session.query('LOCK TABLE knowledge_artifacts IN ACCESS EXCLUSIVE MODE;');
    try {
      const hanging = Array.from({ length: 50 }, (_, i) =>
        env.client.get('errors', `hanging-${i}`, {
          timeout: 10_000, headers: { 'Larder-Deadline-Ms': 1_500 } }));
      const begin = performance.now();
      const reply = await env.client.must_get('errors', 'hot');
      assert.ok(performance.now() - begin < 500, 'memory answers meanwhile');
      assert.equal(reply.text, '{"n":1}');
      assert.equal((await env.a.fetch('/healthz')).status, 200);
      for (const late of await Promise.all(hanging))
        assert.ok([503, 504].includes(late.status), String(late));
    } finally {
      await session.query('ROLLBACK;');
    }
    assert_error(await env.client.get('errors', 'hanging-1'), 404, 'not_found');
  });

  test('429 busy when a node has as much to do as it is allowed to', { skip: without_others }, async () => {
    const node = await env.extra_node('busy', { env: { LARDER_LIMITS__MAX_IN_FLIGHT: '20' } });
    await node.start();
    const session = env.psql();
    await session.query('BEGIN;');
    await session.query('LOCK TABLE knowledge_artifacts IN ACCESS EXCLUSIVE MODE;');
    let replies;
    try {
      replies = await Promise.all(Array.from({ length: 200 }, (_, i) =>
        env.client.get('errors', `busy-${i}`, { node: 'busy', timeout: 10_000,
                                                headers: { 'Larder-Deadline-Ms': 1_000 } })));
    } finally {
      await session.query('ROLLBACK;');
    }
    const refused = replies.filter((reply) => reply.status === 429);
    assert.ok(refused.length >= 150, `${refused.length} of ${replies.length} refused`);
    for (const reply of refused) assert_error(reply, 429, 'busy');
    for (const reply of replies)
      assert.ok([429, 503, 504].includes(reply.status), String(reply));
    await env.client.must_put('errors', 'no-longer-busy', '{}', { node: 'busy' });
    assert.equal((await node.stop()).code, 0);
  });

  test('a put that waits for a lock gives up at its deadline and changes nothing', { skip: without_postgres }, async () => {
    const put = await env.client.must_put('errors', 'locked', '{"n":1}');
    const session = env.psql();
    await session.query('BEGIN;');
    await session.query(`SELECT 1 FROM knowledge_artifacts
      WHERE artifact_type = 'errors' AND artifact_id = 'locked' FOR UPDATE;`);
    const begin = performance.now();
    const reply = await env.client.put('errors', 'locked', '{"n":2}', {
      headers: { 'Larder-Deadline-Ms': 500 } });
    const ms = performance.now() - begin;
    await session.query('ROLLBACK;');
    assert.ok([503, 504].includes(reply.status), String(reply));
    assert.ok(ms < 2_000, `answered after ${ms} ms`);
    // Its outcome may be unknown to the caller; both outcomes are whole.
    const read = await env.client.must_get('errors', 'locked', {
      headers: { 'Larder-Min-Revision': put.revision } });
    assert.ok(['{"n":1}', '{"n":2}'].includes(read.text));
  });

  test('a node that drains leaves no request without an answer', { skip: without_others }, async () => {
    const node = await env.extra_node('drained');
    await node.start();
    await env.client.must_put('errors', 'draining', '{"n":1}');
    let stop = false;
    const replies = [];
    const flood = (async () => {
      while (!stop)
        replies.push(...await Promise.all(Array.from({ length: 20 }, () =>
          env.client.get('errors', 'draining').catch((error) => error))));
    })();
    const ended = await node.stop('SIGTERM');
    stop = true;
    await flood;
    assert.deepEqual(ended, { code: 0, signal: null }, node.child.tail());
    const lost = replies.filter((reply) => reply instanceof Error);
    assert.equal(lost.length, 0, `${lost.length} of ${replies.length}: ${lost[0]}`);
    assert.ok(replies.every((reply) => reply.ok));
  });
});
