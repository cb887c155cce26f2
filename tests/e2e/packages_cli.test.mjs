// larder packages …: every command as scripts use it, exit codes and --json
// included. collect has a file of its own.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { document_of } from './support/packages.mjs';
import { suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

suite('larder packages', { nodes: 2 }, (env) => {
  const packages = (args, options) => env.larder(['packages', ...args], options);
  const succeeds = async (args, options) => {
    const done = await packages(args, options);
    assert.equal(done.code, 0, `larder packages ${args.join(' ')}: ${done.stderr}`);
    return done;
  };
  const store = (document) => succeeds(['store'], { input: document });

  test('store and get: the document goes through untouched', async () => {
    const text = `{"name":"@cli/a" , "ecosystem":"npm","version":"1.2.3","x":1.50}`;
    await store(text);
    const got = await succeeds(['get', 'npm', '@cli/a', '--headers']);
    assert.equal(got.stdout, text);
    assert.match(got.stderr, /Larder-Tier: (rocksdb|memory|jetstream|postgres)/);
    const json = JSON.parse((await succeeds(['get', 'npm', '@cli/a', '--json'])).stdout);
    assert.deepEqual(json.document, JSON.parse(text));
    assert.ok(json.revision > 0);
    assert.ok((await succeeds(['store', '--json'], { input: text })).stdout.includes('"revision"'));
  });

  test('a package is named by words or by options, and list needs no ecosystem', async () => {
    const text = document_of('npm', 'named');
    await store(text);
    for (const args of [['npm', 'named'], ['--package', 'named'], ['-e', 'npm', 'named'],
                        ['npm', '--package', 'named'],
                        ['--package', 'named', '--ecosystem', 'npm']])
      assert.equal((await succeeds(['get', ...args])).stdout, text);
    assert.equal((await packages(['get', 'npm', 'named', '--package', 'named'])).code, 2);
    assert.equal((await packages(['get', '-e', 'npm'])).code, 2);
    await succeeds(['snippets', '--package', 'named']);
    assert.match((await succeeds(['list'])).stdout, /^npm named$/m);
    assert.match((await succeeds(['list', '--ecosystem', 'npm'])).stdout, /^named$/m);
    const { items } = JSON.parse((await succeeds(['list', '--json'])).stdout);
    assert.ok(items.some((item) => item.ecosystem === 'npm' && item.name === 'named'));
    await succeeds(['delete', '--package', 'named']);
  });

  test('exit codes: 1 not found, 2 usage, 69 nobody there', async () => {
    assert.equal((await packages(['get', 'npm', 'nope'])).code, 1);
    assert.equal((await packages(['get', 'NPM', 'nope'])).code, 2);
    assert.equal((await packages(['get', 'npm'])).code, 2);
    assert.equal((await packages(['store'], { input: '{}' })).code, 2);
    assert.equal((await packages(['delete', 'npm', 'nope'])).code, 1);
    assert.equal((await packages(['search', 'zzzqqq'])).code, 1);
    assert.equal((await packages(['search'])).code, 2);
    assert.equal((await packages(['import', '/no/such/file'])).code, 2);
    assert.equal((await packages(['stats', '--node', 'not-there'])).code, 69);
    const error = await packages(['get', 'npm', 'nope', '--json']);
    assert.equal(JSON.parse(error.stderr).error, 'not_found');
  });

  test('every command has help with an example', async () => {
    for (const command of ['get', 'list', 'search', 'snippets', 'stats', 'store',
                           'delete', 'import', 'check', 'backup', 'restore']) {
      const help = await succeeds([command, '--help']);
      assert.match(help.stdout, new RegExp(`larder packages ${command}`), command);
    }
  });

  test('import: JSONL with progress, the bad lines told, twice does no harm', async () => {
    const file = path.join(env.dir, 'packages.jsonl');
    const good = Array.from({ length: 3_000 }, (_, i) =>
      document_of('imported', `p-${String(i).padStart(4, '0')}`, {
        snippets: i % 100 ? [] : [{ kind: 'readme', code: `use p${i}` }] }));
    writeFileSync(file, `${[...good.slice(0, 10), 'not json', ...good.slice(10)].join('\n')}\n`);
    const done = await packages(['import', file, '--json']);
    assert.equal(done.code, 2, done.stderr);
    const report = JSON.parse(done.stdout);
    assert.equal(report.stored, 3_000);
    assert.equal(report.failed, 1);
    assert.equal(report.failures[0].origin, 'line 11');
    assert.equal(report.failures[0].error, 'invalid_request');

    writeFileSync(file, good.join('\n'));
    const again = await succeeds(['import', file]);
    assert.match(again.stderr, /\d+ stored, \d+ unchanged, 0 failed/);
    for (const node of ['node-1', 'node-2'])
      await eventually(`all of them on ${node}`, async () => {
        const stats = await succeeds(['stats', '--node', node, '--json']);
        return JSON.parse(stats.stdout).ecosystems
          .find((e) => e.ecosystem === 'imported')?.packages === 3_000;
      }, { within: 20_000, every: 200 });
    const names = (await succeeds(['list', 'imported'])).stdout.trim().split('\n');
    assert.equal(names.length, 3_000);
    assert.equal(names[0], 'p-0000');
  });

  /** Until both nodes have as much; a command asks whichever answers. */
  const in_step = () => eventually('the nodes to have the same', async () => {
    const [a, b] = await Promise.all(['node-1', 'node-2'].map(async (node) =>
      JSON.parse((await succeeds(['stats', '--node', node, '--json'])).stdout).ecosystems));
    return JSON.stringify(a) === JSON.stringify(b);
  });

  test('import --debian: the stanzas of apt-cache become packages of debian', async () => {
    const file = path.join(env.dir, 'available');
    writeFileSync(file, ['jq', 'curl'].map((name) =>
      `Package: ${name}\nVersion: 1.0-1\nArchitecture: amd64\nSection: web\n`
      + `Description: a tool named ${name}\n It does things.\n`).join('\n'));
    const done = await succeeds(['import', '--debian', file, '--json']);
    assert.equal(JSON.parse(done.stdout).stored, 2);
    await in_step();
    const found = await succeeds(['search', 'tool', 'named', 'jq', '-e', 'debian', '--json']);
    assert.equal(JSON.parse(found.stdout).results[0].name, 'jq');
  });

  test('list, search, snippets and stats print for people and for scripts', async () => {
    await store(document_of('cargo', 'tokio', {
      description: 'An async runtime', keywords: ['async'],
      snippets: [{ kind: 'readme', path: 'README.md', line: 7, title: 'Main', code: 'fn main()' }],
    }));
    await in_step();
    const found = await succeeds(['search', 'async', 'runtime', '--ecosystem', 'cargo']);
    assert.match(found.stdout, /^cargo tokio 1\.0\.0\n/);
    const tagged = JSON.parse((await succeeds(['search', '--tag', 'async', '--json'])).stdout);
    assert.deepEqual(tagged.items.map((i) => i.name), ['tokio']);
    const snippets = await succeeds(['snippets', 'cargo', 'tokio']);
    assert.match(snippets.stdout, /== README\.md:7 {2}Main\nfn main\(\)/);
    const details = await succeeds(['list', 'cargo', '--details']);
    assert.match(details.stdout, /NAME +VERSION/);
    assert.match(details.stdout, /tokio +1\.0\.0/);
    const some = await succeeds(['list', 'imported', '--limit', '2', '--json']);
    assert.equal(JSON.parse(some.stdout).items.length, 2);
    assert.ok(JSON.parse(some.stdout).next);
    assert.match((await succeeds(['stats'])).stdout, /ECOSYSTEM +PACKAGES/);
    await succeeds(['delete', 'cargo', 'tokio']);
    await in_step();
    assert.equal((await packages(['get', 'cargo', 'tokio'])).code, 1);
  });

  test('check, backup and restore', async () => {
    const check = await succeeds(['check', '--json']);
    const { nodes } = JSON.parse(check.stdout);
    assert.deepEqual(nodes.map((n) => n.node).sort(), ['node-1', 'node-2']);
    for (const node of nodes) assert.equal(node.problem_count, 0);
    assert.equal((await packages(['backup', '../../etc/x'])).code, 2);
    const backup = await succeeds(['backup', 'one', '--node', 'node-1', '--json']);
    const { directory } = JSON.parse(backup.stdout);
    assert.ok(existsSync(directory), directory);
    const twice = await packages(['backup', 'one', '--node', 'node-1']);
    assert.equal(twice.code, 2);
    assert.match(twice.stderr, /exists already/);
    await store(document_of('npm', 'after-the-backup'));

    const kept = path.join(env.a.dir, 'data', 'packages');
    assert.equal((await packages(['check', '--directory', kept])).code, 69);
    await env.a.stop();
    await succeeds(['check', '--directory', kept]);
    assert.equal((await packages(['check', '--directory', env.dir])).code, 2);
    assert.equal((await packages(['restore', directory])).code, 2);
    await succeeds(['restore', directory, '--directory', kept]);
    await env.a.start();
    // What was written since comes back from the log.
    await eventually('the later write', async () =>
      (await env.client.request('packages.storage.get', {
        ecosystem: 'npm', name: 'after-the-backup' }, { node: 'node-1' })).status === 200);
  });

  test('import: a document that no message takes fails alone, whatever stands around it', async () => {
    const file = path.join(env.dir, 'large.jsonl');
    const large = document_of('large', 'x', { readme: 'x'.repeat(2_000_000) });
    writeFileSync(file, `\ufeff${[
      document_of('large', 'a'), large, document_of('large', 'b'), ''].join('\r\n')}`);
    const done = await packages(['import', file, '--json']);
    assert.equal(done.code, 2, done.stderr);
    const report = JSON.parse(done.stdout);
    assert.equal(report.stored, 2);
    assert.equal((await packages(['get', 'large', 'a'])).stdout, document_of('large', 'a'));
    assert.deepEqual(report.failures.map(({ origin, error }) => [origin, error]),
      [['line 2', 'too_large']]);
    const directory = await packages(['import', env.dir]);
    assert.equal(directory.code, 2);
    assert.match(directory.stderr, /is a directory/);
  });

  test('import into a directory needs no node', async () => {
    const file = path.join(env.dir, 'few.jsonl');
    const to = path.join(env.dir, 'store');
    writeFileSync(file, [1, 2].map((i) => document_of('npm', `p${i}`)).join('\n'));
    await succeeds(['import', file, '--directory', to], { env: { NATS_URL: 'nats://127.0.0.1:1' } });
    const check = await succeeds(['check', '--directory', to, '--json']);
    assert.equal(JSON.parse(check.stdout).packages, 2);
  });
});
