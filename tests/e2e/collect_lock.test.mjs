// The npm packages that these tests stand on, out of their own lock file,
// through the registry that npm is configured with: real archives, each digest
// verified. Only when asked for (LARDER_LONG=1), and nothing beyond the lock
// file: it is somebody else's server.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from './support/process.mjs';
import { suite } from './support/suite.mjs';

const lock = path.join(path.dirname(fileURLToPath(import.meta.url)), 'package-lock.json');
const node_env = {};

/** What npm is configured with, its login included, is for the node to read. */
async function before_nodes() {
  const asked = await run('npm', ['config', 'get', 'registry'], { env: process.env });
  Object.assign(node_env, {
    NPM_CONFIG_REGISTRY: asked.stdout.trim(),
    NPM_CONFIG_USERCONFIG: process.env.NPM_CONFIG_USERCONFIG
      ?? path.join(os.homedir(), '.npmrc'),
  });
}

const skip = process.env.LARDER_LONG ? false : 'it asks a real registry: LARDER_LONG=1';

if (!skip)
  suite('The packages of a real lock file', { nodes: 1, node_env, before_nodes }, (env) => {
    const names = Object.keys(JSON.parse(readFileSync(lock, 'utf8')).packages)
      .filter((name) => name !== '');

    test('are collected, and all their digests verified', async () => {
      const ran = await env.larder(['packages', 'collect', '--from', lock, '--json'],
                                   { timeout_ms: 120_000 });
      assert.equal(ran.code, 0, ran.stderr + ran.stdout);
      const summary = JSON.parse(ran.stdout);
      console.log(ran.stdout.trim());
      assert.equal(summary.collected, names.length);
      assert.equal(summary.verified, names.length);
      assert.ok(summary.snippets > names.length);
    });

    test('and are there already when asked for again', async () => {
      const ran = await env.larder(['packages', 'collect', '--from', lock, '--json']);
      assert.equal(JSON.parse(ran.stdout).present, names.length);
    });
  });
else
  test('The packages of a real lock file', { skip }, () => {});
