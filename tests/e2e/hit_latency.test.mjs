// A memory hit over NATS, one request in flight, against a bare echo responder
// on the same server: p50 at most 1.5 times as long.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Child } from './support/process.mjs';
import { RawClient } from './support/raw_client.mjs';
import { suite } from './support/suite.mjs';
import { eventually, quantile } from './support/wait.mjs';

suite('the latency of a memory hit', { nodes: 1 }, (env) => {
  let raw;
  let echo;
  const value = JSON.stringify({ text: 'x'.repeat(1_024 - 11) });

  before(async () => {
    const program = process.env.LARDER_ECHO;
    assert.ok(program && existsSync(program),
              'LARDER_ECHO names the echo responder: build the target larder_echo_responder');
    echo = new Child('echo', program, [String(env.nats.port), 'echo.request'], {
      env: process.env, log_file: path.join(env.dir, 'echo.log') });
    raw = await RawClient.connect(env.nats.port);
    await env.settled_put('hit', 'key', value);
    await eventually('memory to answer', async () =>
      (await env.client.must_get('hit', 'key')).tier === 'memory');
    await eventually('the echo responder', async () =>
      (await raw.request('echo.request', value)).payload.toString() === value);
  });

  after(async () => {
    raw?.close();
    await echo?.stop();
  });

  const p50_of = async (count, subject, payload) => {
    const times = [];
    for (let i = 0; i < count; ++i) {
      const begin = process.hrtime.bigint();
      const reply = await raw.request(subject, payload);
      times.push(Number(process.hrtime.bigint() - begin) / 1_000);
      assert.equal(reply.payload.length, value.length);
    }
    return quantile(times, 0.5);
  };

  test('p50 is at most 1.5 times that of a bare echo responder', async () => {
    await p50_of(500, 'echo.request', value);
    await p50_of(500, 'template.get.hit.key', '');
    const rounds = [];
    for (let i = 0; i < 15; ++i)
      rounds.push({
        echo: await p50_of(500, 'echo.request', value),
        hit: await p50_of(500, 'template.get.hit.key', ''),
      });
    const median = (values) => quantile(values, 0.5);
    const bare = median(rounds.map((round) => round.echo));
    const hit = median(rounds.map((round) => round.hit));
    const ratio = median(rounds.map((round) => round.hit / round.echo));
    console.log(`p50 of 15 alternating rounds: echo ${bare.toFixed(1)} µs, `
                + `memory hit ${hit.toFixed(1)} µs, ratio ${ratio.toFixed(2)}`);
    const stats = await env.client.stats();
    assert.ok(stats.ets_hits >= 15 * 500, 'memory answered');
    assert.ok(ratio <= 1.5, `${ratio} times as long`);
  });
});
