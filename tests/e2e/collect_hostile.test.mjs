// What a registry could do to harm a node: each is refused with a sentence, in
// bounded memory, and the node goes on.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  many_zeros, million_entries, tar_file, tar_header, ten_gigabytes, tgz,
} from './support/archives.mjs';
import { FakeRegistry } from './support/fake_registry.mjs';
import { suite } from './support/suite.mjs';

const registry = new FakeRegistry();
const node_env = {};
async function before_nodes() {
  await registry.start();
  Object.assign(node_env, registry.settings);
}
const mebibyte = 2 ** 20;

suite('Registries that do harm', { nodes: 1, node_env, before_nodes }, (env) => {
  const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(
    readFileSync(`/proc/${env.a.child.pid}/status`, 'utf8'))[1]) * 1024;

  /** The refusal's status and sentence; `most`: mebibytes that it may take. */
  async function refusal(ecosystem, name, most = 64) {
    writeFileSync(`/proc/${env.a.child.pid}/clear_refs`, '5');
    const begin = peak();
    const reply = await env.client.request(`packages.registry.collect.${ecosystem}`,
                                           { name }, { timeout: 60_000 });
    const grown = (peak() - begin) / mebibyte;
    console.log(`${ecosystem} ${name}: ${reply.status} ${reply.message} (${grown.toFixed(0)} MiB)`);
    assert.ok(!reply.ok, `${reply}`);
    assert.ok(grown < most, `${name} took ${grown} MiB`);
    const kept = await env.client.request('packages.storage.get', { ecosystem, name });
    assert.equal(kept.status, 404, 'nothing of it is kept');
    return `${reply.status} ${reply.message}`;
  }

  const archives = {
    'ten-gigabytes': [ten_gigabytes, /413 .*more than \d+ bytes/],
    'many-zeros': [many_zeros, /413 .*(bytes|times its own size)/],
    'million-entries': [million_entries, /413 .*entries/],
    traversal: [() => tgz({ '../../etc/passwd': 'x' }), /400 .*"\.\.\/\.\.\/etc\/passwd".*leads out/],
    absolute: [() => tgz({ '/etc/passwd': 'x' }), /400 .*absolute/],
    symlink: [() => tgz({}, tar_header('package/x', 0, '2', '/etc/passwd')), /400 .*symbolic link/],
    hardlink: [() => tgz({ a: 'x' }, tar_header('package/x', 0, '1', 'a')), /400 .*hard link/],
    'not-utf8': [() => tgz({}, tar_file(Buffer.from('package/caf\xe9', 'latin1'), 'x')), /400 .*not UTF-8/],
    deep: [() => tgz({ [`${'d/'.repeat(45)}x`]: 'x' }), /413 .*deeper/],
    truncated: [() => tgz({ 'package/a': 'x'.repeat(5_000) }).subarray(0, 60), /400 /],
    'no-archive': [() => Buffer.from('<html>login</html>'), /400 /],
  };
  for (const [name, [make, expected]] of Object.entries(archives))
    test(`an archive: ${name}`, async () => {
      registry.npm(name, { archive: make() });
      // The archive itself, as it is downloaded, and its pieces on the way.
      assert.match(await refusal('npm', name, 96), expected);
    });

  test('a wrong digest, of every registry', async () => {
    registry.npm('wrong', { digest: Buffer.from('other') });
    assert.match(await refusal('npm', 'wrong'), /400 .*sha512 [0-9a-f]{128}, got [0-9a-f]{128}/);
    for (const [ecosystem, part] of [['cargo', '/crates/wrong'], ['hex', '/tarballs/wrong'],
                                     ['pypi', '/files/wrong']]) {
      registry[ecosystem]('wrong');
      registry.disturb(part, 2, (response) => response.end('something else'));
      assert.match(await refusal(ecosystem, 'wrong'), /400 .*sha256 [0-9a-f]{64}, got [0-9a-f]{64}/);
    }
  });

  test('a circle of redirects', async () => {
    registry.rules.push((path, response) => {
      if (!path.includes('/npm/circle')) return false;
      response.writeHead(302, { Location: '/npm/circle' }).end();
      return true;
    });
    assert.match(await refusal('npm', 'circle'), /400 .*redirects/);
    assert.ok(registry.asked('circle') <= 7);
  });

  test('a document of 100 MB, and one that is small only on the wire', async () => {
    const megabyte = Buffer.from(`"${'x'.repeat(mebibyte - 4)}",\n`);
    registry.rules.push((path, response) => {
      if (!path.includes('/npm/huge')) return false;
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"versions":[');
      let left = 100;
      const more = () => {
        while (left-- > 0)
          if (!response.write(megabyte)) return void response.once('drain', more);
        response.end(']}');
      };
      response.on('error', () => {});
      more();
      return true;
    });
    assert.match(await refusal('npm', 'huge', 128), /413 .*bytes/);
    const small = gzipSync(Buffer.alloc(100 * mebibyte, 0x20));
    registry.rules.push((path, response) => {
      if (!path.includes('/npm/bomb')) return false;
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(small);
      return true;
    });
    assert.match(await refusal('npm', 'bomb', 128), /413 .*bytes/);
  });

  test('documents that are none', async () => {
    for (const [name, body] of [
      ['deep-json', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
      ['no-json', '<html>'], ['empty', ''], ['list', '[]'], ['null', 'null'],
      ['numbers', '{"versions":{"1":7},"dist-tags":{"latest":"1"}}'],
      ['half', '{"versions":{"1.0.0":{"dist":{"tarball":"http://x'],
    ]) {
      registry.serve(`/npm/${name}`, body);
      assert.match(await refusal('npm', name), /^(503|400|404) /, name);
    }
  });

  test('a registry that answers nothing, and is then left alone', async () => {
    registry.disturb('/npm/away', 100, (response) =>
      response.writeHead(503, { 'Retry-After': '3000' }).end());
    assert.match(await refusal('npm', 'away'), /429 .*again in \d+ s/);
    assert.equal(registry.asked('/npm/away'), 1);
    // The other registries are not held up by it.
    registry.cargo('serde');
    const other = await env.client.request('packages.registry.collect.cargo', { name: 'serde' },
                                           { timeout: 20_000 });
    assert.ok(other.ok, `${other}`);
  });

  test('and the node has gone on all the while', async () => {
    const put = await env.client.request('template.put.framework.phoenix', { a: 1 });
    assert.ok(put.ok, `${put}`);
    assert.equal(env.a.child.ended, null);
  });

  after(() => registry.stop());
});
