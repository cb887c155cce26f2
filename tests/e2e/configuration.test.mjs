// Configuration: file, environment, flags, secrets, and what is wrong in them.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clean_environment, larder } from './support/larder.mjs';
import { free_ports } from './support/ports.mjs';
import { suite } from './support/suite.mjs';

describe('larder config', () => {
  let dir;
  before(() => { dir = mkdtempSync(path.join(os.tmpdir(), 'larder-e2e-')); });
  after(() => rmSync(dir, { recursive: true, force: true }));

  const file = (name, text) => {
    const where = path.join(dir, name);
    writeFileSync(where, text);
    return where;
  };
  const call = (args, env = {}) => larder(args, { env: clean_environment(dir, env) });
  const dump = async (args = [], env = {}) => {
    const ran = await call(['config', 'dump', '--json', ...args], env);
    assert.equal(ran.code, 0, ran.stderr);
    const settings = JSON.parse(ran.stdout);
    // Sections are objects, or names with a dot: scripts can read both.
    return (name) => settings[name] ?? name.split('.').reduce(
      (section, key) => section?.[key], settings);
  };

  test('check accepts a good file and an empty one', async () => {
    for (const text of ['http:\n  port: 9000\n', '', '# nothing\n'])
      assert.equal((await call(['config', 'check', '--config', file('good.yaml', text)])).code, 0);
  });

  test('check without a file accepts the defaults', async () => {
    const ran = await call(['config', 'check']);
    assert.equal(ran.code, 0, ran.stderr);
  });

  test('what dump prints is accepted by check', async () => {
    const ran = await call(['config', 'dump']);
    assert.equal(ran.code, 0, ran.stderr);
    const checked = await call(['config', 'check', '--config', file('dump.yaml', ran.stdout)]);
    assert.equal(checked.code, 0, checked.stderr);
  });

  const wrong = {
    'an unknown key': ['http:\n  port: 9000\n  prot: 1\n', 3, /prot\b/],
    'an unknown section': ['node:\n  id: a\n\nhtpp:\n  port: 1\n', 4, /htpp/],
    'a word for a number': ['memory:\n  max_entries: many\n', 2, /max_entries/],
    'a negative number': ['memory:\n  max_entries: -1\n', 2, /max_entries/],
    'a port beyond 65,535': ['http:\n  port: 70000\n', 2, /port/],
    'a duration without sense': ['memory:\n  ttl: soon\n', 2, /ttl/],
    'a list for a section': ['http:\n  - 1\n', null, /http/],
    'a value that is none of the allowed': ['memory:\n  eviction: magic\n', 2, /eviction/],
    'broken YAML': ['http:\n  port: [1\n', null, /./],
    'a key given twice': ['http:\n  port: 1\n  port: 2\n', 3, /port/],
  };
  for (const [what, [text, line, names]] of Object.entries(wrong))
    test(`${what} is an error${line ? ' with its line number' : ''}, exit code 78`, async () => {
      const config = file('wrong.yaml', text);
      for (const args of [['config', 'check', '--config', config], ['node', '--config', config]]) {
        const ran = await call(args);
        assert.equal(ran.code, 78, `${args}: ${ran.code} ${ran.stderr}`);
        assert.match(ran.stderr, names);
        if (line) assert.match(ran.stderr, new RegExp(`(line |:)${line}\\b`), ran.stderr);
        assert.match(ran.stderr, /wrong\.yaml/);
      }
    });

  test('a file that does not exist is exit code 78', async () => {
    const ran = await call(['config', 'check', '--config', path.join(dir, 'absent.yaml')]);
    assert.equal(ran.code, 78);
    assert.match(ran.stderr, /absent\.yaml/);
  });

  test('a wrong value in the environment is an error that names the variable', async () => {
    for (const [name, value] of [['LARDER_HTTP__PORT', 'banana'],
                                 ['LARDER_MEMORY__MAX_ENTRIES', '-5'],
                                 ['CACHE_TTL_SHORT', 'soon']]) {
      const ran = await call(['config', 'check'], { [name]: value });
      assert.equal(ran.code, 78, `${name}: ${ran.code} ${ran.stderr}`);
      assert.match(ran.stderr, new RegExp(name));
    }
  });

  test('an unknown variable LARDER_SECTION__KEY is an error that names it', async () => {
    const ran = await call(['config', 'check'], { LARDER_HTTP__PROT: '1' });
    assert.equal(ran.code, 78, ran.stderr);
    assert.match(ran.stderr, /LARDER_HTTP__PROT/);
  });

  test('environment wins over file, file over default', async () => {
    const config = file('precedence.yaml',
      'http:\n  port: 9001\nnats:\n  url: nats://file:4222\n');
    assert.equal(Number((await dump())('http.port')), 8222);
    const from_file = await dump(['--config', config]);
    assert.equal(Number(from_file('http.port')), 9001);
    assert.equal(from_file('nats.url'), 'nats://file:4222');
    const from_env = await dump(['--config', config], {
      LARDER_HTTP__PORT: '9002', NATS_URL: 'nats://env:4222' });
    assert.equal(Number(from_env('http.port')), 9002);
    assert.equal(from_env('nats.url'), 'nats://env:4222');
  });

  test('a flag wins over the environment', async () => {
    const dumped = await dump(['--nats-url', 'nats://flag:4222'], { NATS_URL: 'nats://env:4222' });
    assert.equal(dumped('nats.url'), 'nats://flag:4222');
  });

  test("the seeds' variables are understood", async () => {
    const ran = await call(['config', 'dump'], {
      ENABLE_CACHING: 'false', CACHE_TTL_SHORT: '111', CACHE_TTL_MEDIUM: '2222',
      CACHE_TTL_LONG: '33333' });
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /^caching: false$/m);
    for (const value of [/short.*111s/, /medium.*2222s/, /long.*33333s/])
      assert.match(ran.stdout, value);
  });

  test("the defaults are the seeds'", async () => {
    const setting = await dump();
    assert.equal(Number(setting('memory.max_entries')), 1_000);
    assert.equal(setting('memory.ttl'), '30m');
    assert.equal(setting('bucket.name'), 'templates');
    assert.equal(setting('bucket.ttl'), '30m');
    assert.equal(setting('bucket.storage'), 'memory');
    assert.equal(String(setting('caching')), 'true');
  });

  test('secrets do not show in dump', async () => {
    const secrets = file('secrets.yaml',
      'nats:\n  user: someone\n  password: nats-hush\npostgres:\n'
      + '  url: postgresql://larder:pg-hush@localhost:5432/larder\n');
    for (const [args, env] of [
      [['--config', secrets], {}],
      [[], { NATS_URL: 'nats://someone:url-hush@localhost:4222' }],
      [[], { LARDER_NATS__TOKEN: 'token-hush' }],
      [[], { DATABASE_URL: 'postgresql://larder:pg-hush@localhost/larder?sslmode=disable' }],
      [[], { DATABASE_URL: 'postgresql://localhost/larder?user=larder&password=query-hush' }],
      [[], { DATABASE_URL: 'host=localhost user=larder password=hush-words dbname=larder' }],
      [[], { DATABASE_URL: "host=localhost user=larder password = 'two hush' dbname=larder" }]])
      for (const command of [['config', 'dump'], ['config', 'dump', '--json'], ['config', 'check']]) {
        const ran = await call([...command, ...args], env);
        assert.equal(ran.code, 0, ran.stderr);
        assert.doesNotMatch(ran.stdout + ran.stderr, /hush/);
      }
  });

  test('a secret that is to come from a file that is absent is exit code 78', async () => {
    const ran = await call(['config', 'check'], {
      LARDER_POSTGRES__URL_FILE: path.join(dir, 'no-such-secret') });
    assert.equal(ran.code, 78, ran.stderr);
    assert.match(ran.stderr, /no-such-secret/);
  });
});

suite('configuration of a node', { nodes: 1 }, (env) => {
  test('secrets show neither in the log nor in the process list', () => {
    const command = readFileSync(`/proc/${env.a.child.pid}/cmdline`, 'utf8');
    const secret = new RegExp(env.postgres.constructor.password);
    assert.doesNotMatch(command, secret);
    assert.doesNotMatch(env.a.child.log(), secret);
  });

  test('the database URL may come from a file', async () => {
    const secret = path.join(env.dir, 'database-url');
    writeFileSync(secret, `${env.postgres.url}\n`);
    const node = await env.extra_node('from-file', {
      database_url: '', env: { LARDER_POSTGRES__URL_FILE: secret } });
    await node.start();
    await env.client.must_put('config', 'file', '{"n":1}', { node: 'from-file' });
    assert.equal(await env.postgres.query(
      `SELECT content_raw FROM knowledge_artifacts WHERE artifact_id = 'file'`), '{"n":1}');
    assert.equal((await node.stop()).code, 0);
  });

  test('ENABLE_CACHING=false reads every value from PostgreSQL', async () => {
    const node = await env.extra_node('uncached', { env: { ENABLE_CACHING: 'false' } });
    await node.start();
    await env.client.must_put('config', 'uncached', '{"n":1}');
    for (let i = 0; i < 3; ++i)
      assert.equal((await env.client.must_get('config', 'uncached', { node: 'uncached' })).tier,
                   'postgres');
    assert.equal((await node.stop()).code, 0);
  });

  test('memory keeps no more entries than the configuration allows', async () => {
    const node = await env.extra_node('small', {
      env: { LARDER_MEMORY__MAX_ENTRIES: '50', LARDER_MEMORY__SHARDS: '1' } });
    await node.start();
    for (let i = 0; i < 300; ++i) {
      await env.client.must_put('small', `k-${i}`, '{}', { node: 'small' });
      await env.client.must_get('small', `k-${i}`, { node: 'small' });
    }
    const stats = await env.client.stats('small');
    assert.ok(stats.ets_cache_size <= 50, String(stats.ets_cache_size));
    assert.ok(stats.evictions >= 200, String(stats.evictions));
    assert.equal((await node.stop()).code, 0);
  });

  test('an entry leaves memory after its time to live', async () => {
    const node = await env.extra_node('brief', { env: { LARDER_MEMORY__TTL: '1s' } });
    await node.start();
    await env.settled_put('brief', 'key', '{"n":1}', { node: 'brief' });
    const tier = async () => (await env.client.must_get('brief', 'key', { node: 'brief' })).tier;
    await tier();
    const filled = performance.now();
    assert.equal(await tier(), 'memory');
    let left = 0;
    while (performance.now() - filled < 3_000 && !left)
      if (await tier() !== 'memory') left = performance.now() - filled;
    assert.ok(left > 500 && left < 2_000, `left memory after ${left} ms`);
    assert.equal((await node.stop()).code, 0);
  });

  test('the limit for values is taken from the configuration', async () => {
    const node = await env.extra_node('tight', { env: { LARDER_LIMITS__MAX_VALUE_BYTES: '1KiB' } });
    await node.start();
    const fits = JSON.stringify({ t: 'x'.repeat(1_016) });
    assert.equal(fits.length, 1_024);
    assert.equal((await env.client.put('config', 'fits', fits, { node: 'tight' })).status, 200);
    const over = JSON.stringify({ t: 'x'.repeat(1_017) });
    assert.equal((await env.client.put('config', 'over', over, { node: 'tight' })).status, 413);
    assert.equal((await node.stop()).code, 0);
  });

  test('the log is one JSON object a line when that is asked for', async () => {
    const node = await env.extra_node('json-log', { env: { LARDER_LOG__FORMAT: 'json' } });
    await node.start();
    await node.stop();
    const lines = node.child.log().trim().split('\n');
    assert.ok(lines.length > 0);
    for (const line of lines) assert.equal(typeof JSON.parse(line), 'object');
  });

  test('SIGHUP is survived', async () => {
    env.a.child.kill('SIGHUP');
    assert.equal((await env.client.control('ping', {}, { node: 'node-1' })).ok, true);
    assert.equal(env.a.child.ended, null);
  });

  test('two nodes may share neither an HTTP port nor silence about it', async () => {
    const [port] = await free_ports(1);
    const taken = env.a.http_port;
    assert.notEqual(port, taken);
    const node = await env.extra_node('second', { env: { LARDER_HTTP__PORT: String(taken) } });
    node.spawn();
    const ended = await node.child.exited;
    assert.notEqual(ended.code, 0);
    assert.match(node.child.log(), new RegExp(String(taken)));
    assert.equal((await env.a.fetch('/healthz')).status, 200);
  });
});
