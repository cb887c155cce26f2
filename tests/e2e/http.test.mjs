// /healthz, /readyz and /metrics.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

/** Families of the Prometheus text format; throws where it is not that. */
function parse_metrics(text) {
  const families = new Map();
  const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
  const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
  const sample = new RegExp(
    `^(${name})(?:\\{(${label}(?:,${label})*)?,?\\})? (NaN|[+-]?Inf|[-+]?[0-9.eE+-]+)(?: -?\\d+)?$`);
  assert.ok(text.endsWith('\n'), 'ends with a line feed');
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line);
    if (comment) {
      const [, kind, family, rest] = comment;
      const entry = families.get(family) ?? { samples: [] };
      families.set(family, entry);
      if (kind === 'TYPE') {
        assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/, line);
        assert.equal(entry.type, undefined, `${family} has one TYPE`);
        assert.equal(entry.samples.length, 0, 'TYPE comes before samples');
        entry.type = rest;
      } else {
        entry.help = rest;
      }
      continue;
    }
    if (line.startsWith('#')) continue;
    const match = sample.exec(line);
    assert.ok(match, `not a sample: ${line}`);
    const family = families.get(match[1])
      ?? families.get(match[1].replace(/_(bucket|sum|count|total)$/, ''));
    assert.ok(family, `no TYPE before ${line}`);
    family.samples.push({ name: match[1], labels: match[2] ?? '', value: Number(
      match[3].replace('+Inf', 'Infinity').replace('-Inf', '-Infinity')) });
  }
  return families;
}

suite('the HTTP plane', { nodes: 2 }, (env) => {
  test('/healthz answers 200 while the process lives', async () => {
    for (const node of env.nodes)
      assert.equal((await node.fetch('/healthz')).status, 200);
  });

  test('/readyz answers 200 with the state of each tier in JSON', async () => {
    const answer = await env.a.fetch('/readyz');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /application\/json/);
    const text = JSON.stringify(JSON.parse(answer.text));
    for (const tier of ['memory', 'jetstream', 'postgres'])
      assert.match(text, new RegExp(`"${tier}"`));
  });

  test('/metrics is valid Prometheus text with the prefix larder_', async () => {
    await env.client.must_put('metrics', 'key', '{}');
    await env.client.must_get('metrics', 'key');
    const answer = await env.a.fetch('/metrics');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /text\/plain|openmetrics/);
    const families = parse_metrics(answer.text);
    assert.ok(families.size >= 5, `${families.size} families`);
    for (const [name, family] of families) {
      assert.match(name, /^larder_[a-z0-9_]+$/);
      assert.ok(family.type, `${name} has a TYPE`);
      assert.ok(family.help, `${name} has a HELP`);
      assert.doesNotMatch(name, /_(ms|millis|milliseconds|micros|kb|mb|kib|mib)(_|$)/,
                          `${name} uses base units`);
      if (family.type === 'counter') assert.match(name, /_total$/);
    }
  });

  test('/metrics counts what happens, by tier', async () => {
    const hits = async () => {
      const families = parse_metrics((await env.a.fetch('/metrics')).text);
      return [...families.values()].flatMap((family) => family.samples)
        .filter((s) => /hits/.test(s.name) && /memory/.test(s.name + s.labels))
        .reduce((sum, s) => sum + s.value, 0);
    };
    await env.client.must_put('metrics', 'counted', '{}');
    await eventually('memory to answer', async () =>
      (await env.client.must_get('metrics', 'counted', { node: 'node-1' })).tier === 'memory');
    const before = await hits();
    for (let i = 0; i < 25; ++i)
      await env.client.must_get('metrics', 'counted', { node: 'node-1' });
    await eventually('25 more hits', async () => await hits() === before + 25);
  });

  test('/metrics has no key and no id as a label', async () => {
    const marks = Array.from({ length: 50 }, (_, i) => `mark-${i}`);
    for (const id of marks) {
      await env.client.must_put('marked-type', id, '{}');
      await env.client.must_get('marked-type', id);
      await env.client.get('marked-type', `${id}-absent`);
    }
    for (const node of env.nodes) {
      const { text } = await node.fetch('/metrics');
      assert.doesNotMatch(text, /mark-\d/);
      assert.doesNotMatch(text, /marked-type/);
    }
  });

  test('the number of series does not grow with the number of keys', async () => {
    const lines = async () => (await env.a.fetch('/metrics')).text.split('\n').length;
    await env.client.must_get('metrics', 'counted', { node: 'node-1' });
    const before = await lines();
    for (let i = 0; i < 100; ++i)
      await env.client.must_put(`type-${i}`, `id-${i}`, '{}', { node: 'node-1' });
    assert.ok(await lines() <= before + 10);
  });

  test('listens on loopback alone by default', async () => {
    const { networkInterfaces } = await import('node:os');
    const others = Object.values(networkInterfaces()).flat()
      .filter((address) => !address.internal && address.family === 'IPv4');
    for (const { address } of others)
      await assert.rejects(fetch(`http://${address}:${env.a.http_port}/healthz`, {
        signal: AbortSignal.timeout(1_000) }));
    assert.equal((await env.a.fetch('/healthz')).status, 200);
  });

  test('what does not exist is 404, and a POST changes nothing', async () => {
    assert.equal((await env.a.fetch('/nowhere')).status, 404);
    assert.ok((await env.a.fetch('/healthz', { method: 'POST', body: 'x' })).status >= 400);
    assert.equal((await env.a.fetch('/healthz')).status, 200);
  });

  test('/readyz names the tier that is away, and /healthz stays 200', async () => {
    await env.postgres.stop();
    const answer = await eventually('/readyz to show it', async () => {
      const got = await env.a.fetch('/readyz');
      const { postgres, tiers } = JSON.parse(got.text);
      const state = JSON.stringify(postgres ?? tiers.postgres);
      return /unavailable|down|false|error|open|failed/i.test(state) ? got : null;
    }, { within: 5_000, every: 100 });
    assert.match(answer.headers.get('content-type'), /application\/json/);
    assert.equal((await env.a.fetch('/healthz')).status, 200);
    await env.postgres.start();
    await eventually('/readyz to be 200', async () =>
      (await env.a.fetch('/readyz')).status === 200, { within: 5_000, every: 100 });
  });
});
