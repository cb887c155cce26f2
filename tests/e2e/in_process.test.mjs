// The program that the README shows: a node within it, a miss, then a hit.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from './support/process.mjs';
import { binary } from './support/larder.mjs';
import { suite } from './support/suite.mjs';

const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const example = process.env.LARDER_EXAMPLE ?? path.join(path.dirname(binary), 'larder_example');

suite('a node in a program', { nodes: 1 }, (env) => {
  const start = (...args) => run(example, args, {
    cwd: env.dir, env: { ...env.client_env, LARDER_HTTP__ENABLED: 'false', LARDER_NODE__ID: 'within' } });

  test('reads through the tiers, then from its own memory', async () => {
    assert.ok(existsSync(example), 'build the target larder_example');
    await env.settled_put('framework', 'phoenix', '{"name":"Phoenix"}');
    const ran = await start('framework', 'phoenix');
    assert.equal(ran.code, 0, ran.stderr);
    const lines = ran.stdout.trim().split('\n');
    assert.equal(lines.length, 2, ran.stdout);
    assert.match(lines[0], /^(jetstream|postgres): \{"name":"Phoenix"\}$/);
    // Until its first fence memory proves nothing, and the tiers are asked.
    assert.match(lines[1], /^(memory|jetstream|postgres): \{"name":"Phoenix"\}$/);
  });

  test('says that there is no such key', async () => {
    const ran = await start('framework', 'nobody');
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /\S/);
  });

  test('is the program that the README shows', () => {
    const program = readFileSync(path.join(top, 'node/example.cpp'), 'utf8');
    assert.ok(readFileSync(path.join(top, 'README.md'), 'utf8').includes(program));
    assert.ok(program.split('\n').length <= 27, 'short enough to be read');
  });
});
