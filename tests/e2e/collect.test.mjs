// Packages from four registries: collected, verified, kept, found again.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { FakeRegistry } from './support/fake_registry.mjs';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

const registry = new FakeRegistry();
const node_env = {};
async function before_nodes() {
  await registry.start();
  Object.assign(node_env, registry.settings);
}

suite('Collecting packages', { nodes: 1, node_env, before_nodes }, (env) => {
  const collect = (args, options) =>
    env.larder(['packages', 'collect', ...args], options);
  const stored = async (ecosystem, name, version) => {
    const reply = await env.client.request('packages.storage.get',
                                           { ecosystem, name, version });
    assert.ok(reply.ok, `${reply}`);
    return reply.json;
  };

  /** Another node, once its package store is open. */
  const start_node = async (id, more_env) => {
    const node = await env.extra_node(id, { env: more_env });
    await node.start();
    await eventually(`the packages of ${id}`, async () => {
      const reply = await env.client.request('packages.storage.stats', '', { node: id });
      if (!reply.ok) throw new Error(`${reply}`);
      return true;
    });
    return node;
  };

  test('one package of each registry, with its snippets, its digest verified', async () => {
    registry.npm('@scope/express', {
      version: '4.18.2',
      manifest: {
        description: 'Fast web framework', license: 'MIT', keywords: ['web', 'http'],
        dependencies: { accepts: '~1.3.8' },
      },
      files: {
        'package/examples/hello.js': '// Says hello\nexpress().listen(3000)\n',
        'package/index.d.ts': '/** Makes an app. */\nexport declare function express(): App;\n',
      },
    });
    registry.cargo('tokio', { version: '1.35.0' });
    registry.hex('plug', { version: '1.15.0' });
    registry.pypi('requests', { version: '2.31.0' });
    registry.pypi('wheely', { wheel: true, form: 'html' });
    for (const [ecosystem, name, version, kinds] of [
      ['npm', '@scope/express', '4.18.2', 'declaration,example,readme'],
      ['cargo', 'tokio', '1.35.0', 'doc,example'],
      ['hex', 'plug', '1.15.0', 'doc,readme'],
      ['pypi', 'requests', '2.31.0', 'doc,readme'],
      ['pypi', 'wheely', '1.0.0', 'doc,readme'],
    ]) {
      const ran = await collect(['--package', name, '--ecosystem', ecosystem, '--json']);
      assert.equal(ran.code, 0, ran.stderr + ran.stdout);
      const summary = JSON.parse(ran.stdout);
      assert.equal(summary.collected, 1, ran.stdout);
      assert.equal(summary.verified, 1);
      const document = await stored(ecosystem, name);
      assert.equal(document.version, version);
      assert.equal(document.archive.verified, true);
      assert.ok(document.description.length > 5 || name === 'wheely');
      assert.equal([...new Set(document.snippets.map(({ kind }) => kind))].sort().join(),
                   kinds, name);
      for (const snippet of document.snippets)
        assert.ok(snippet.path && snippet.line > 0 && snippet.code, JSON.stringify(snippet));
    }
    const express = await stored('npm', '@scope/express');
    assert.deepEqual(express.licenses, ['MIT']);
    assert.deepEqual(express.keywords, ['web', 'http']);
    assert.equal(express.dependencies[0].name, 'accepts');
    const found = await env.client.request('packages.storage.search', { query: 'web framework' });
    assert.match(found.text, /@scope\/express/);
  });

  test('says who asks', () => {
    for (const { headers } of registry.requests)
      assert.match(headers['user-agent'], /^larder\/\d+\.\d+\.\d+$/);
  });

  test('asks no registry again for what is fresh, nor twice for what is missing', async () => {
    registry.requests.length = 0;
    const again = await collect(['--package', '@scope/express', '--json']);
    assert.equal(JSON.parse(again.stdout).unchanged, 1, again.stdout);
    assert.equal(registry.requests.length, 0);
    for (const expected of [1, 1]) {
      const ran = await collect(['--package', 'no-such-package']);
      assert.equal(ran.code, 1, ran.stderr);
      assert.match(ran.stderr, /no-such-package/);
      assert.equal(registry.asked('no-such-package'), expected);
    }
  });

  test('many who ask for one package at once cost one download', async () => {
    registry.npm('popular');
    const replies = await Promise.all(Array.from({ length: 20 }, () =>
      env.client.request('packages.registry.collect.npm', { name: 'popular' },
                         { timeout: 20_000 })));
    for (const reply of replies) {
      assert.ok(reply.ok, `${reply}`);
      assert.equal(reply.epoch, 'packages');
    }
    assert.equal(registry.asked('popular-1.0.0.tgz'), 1);
  });

  test('a get may collect', async () => {
    registry.npm('on-demand');
    const question = { ecosystem: 'npm', name: 'on-demand' };
    const missing = await env.client.request('packages.storage.get', question);
    assert.equal(missing.status, 404, `${missing}`);
    const got = await env.client.request('packages.storage.get', { ...question, collect: true });
    assert.equal(got.status, 200, `${got}`);
    assert.equal(got.tier, 'registry');
    assert.equal(got.json.name, 'on-demand');
  });

  test('comes through errors, limits and broken connections', async () => {
    const unavailable = (response) => response.writeHead(503).end('later');
    const limited = (response) => response.writeHead(429, { 'Retry-After': '1' }).end();
    const broken = (response) => {
      response.writeHead(200, { 'Content-Length': 100_000 });
      response.write('only this');
      setImmediate(() => response.destroy());
    };
    for (const [name, answer] of [['unavailable', unavailable], ['limited', limited],
                                  ['broken', broken]]) {
      registry.npm(name);
      registry.disturb(`/npm/${name}`, 2, answer);
      const begin = performance.now();
      const ran = await collect(['--package', name]);
      assert.equal(ran.code, 0, ran.stderr);
      if (name === 'limited')
        assert.ok(performance.now() - begin >= 2_000, 'Retry-After is waited for');
    }
  });

  test('reads lock files, and goes on where it was', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `locked-${i}`);
    for (const name of names) registry.npm(name);
    const lock = path.join(env.dir, 'package-lock.json');
    writeFileSync(lock, JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': { name: 'app' },
        ...Object.fromEntries(names.map((name) =>
          [`node_modules/${name}`, { version: '1.0.0' }])),
        'node_modules/gone': { version: '9.9.9' },
        'node_modules/beside': { resolved: 'beside', link: true },
      },
    }));
    const first = await collect(['--from', lock, '--json']);
    assert.equal(first.code, 1, first.stderr);
    const summary = JSON.parse(first.stdout);
    assert.equal(summary.collected, 12, first.stdout);
    assert.equal(summary.verified, 12);
    assert.ok(summary.snippets >= 12);
    assert.ok(summary.rate > 0 && summary.archive_bytes > 0);
    assert.deepEqual(summary.failures.map(({ name, error }) => [name, error]),
                     [['gone', 'not_found']]);
    assert.equal(summary.passed_over[0].what, 'beside');
    registry.requests.length = 0;
    const second = await collect(['--from', lock]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /12 already there/);
    assert.equal(registry.asked('locked-'), 0);
    assert.match(second.stderr, /gone 9\.9\.9/);
  });

  test('answers an old document while the registry fails, and says so', async () => {
    registry.npm('old');
    const always_ask = { LARDER_REGISTRIES__FRESH_FOR: '0s' };
    const node = await start_node('impatient', { ...always_ask, ...registry.settings });
    const ask = () => env.client.request('packages.registry.collect.npm', { name: 'old' },
                                         { timeout: 20_000, node: 'impatient' });
    const first = await ask();
    assert.ok(first.ok, `${first}`);
    assert.equal(first.json.outcome, 'collected');
    assert.equal((await ask()).json.outcome, 'unchanged');
    registry.disturb('/npm/old', 100, (response) => response.writeHead(500).end());
    const stale = (await ask()).json;
    assert.equal(stale.outcome, 'stale');
    assert.match(stale.failure, /500/);
    assert.equal(stale.version, '1.0.0');
    await node.stop();
  });

  test('finds npm\'s registry where npm does, and says what to set where there is none', async () => {
    registry.npm('by-npmrc');
    const nowhere = Object.fromEntries(
      Object.keys(registry.settings).filter((key) => !key.endsWith('SECOND'))
        .map((key) => [key, '']));
    // Of the machine that this runs on: nothing.
    nowhere.NPM_CONFIG_GLOBALCONFIG = '/nonexistent';
    writeFileSync(path.join(env.dir, '.npmrc'), `registry=${registry.url}/npm/\n`);
    const node = await start_node('by-npmrc', nowhere);
    const ask = (ecosystem, name) => env.client.request(
      `packages.registry.collect.${ecosystem}`, { name },
      { timeout: 20_000, node: 'by-npmrc' });
    const got = await ask('npm', 'by-npmrc');
    assert.ok(got.ok, `${got}`);
    assert.equal(got.json.outcome, 'collected');
    const refused = await ask('hex', 'plug');
    assert.match(refused.message, /registries\.hex/);
    await node.stop();
  });

  after(() => registry.stop());
});
