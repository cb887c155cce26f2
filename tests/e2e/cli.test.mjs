// Every subcommand: what it prints where, and the exit code it ends with.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { free_ports } from './support/ports.mjs';
import { Child } from './support/process.mjs';
import { binary, suite } from './support/suite.mjs';
import { eventually } from './support/wait.mjs';

const done = 0;
const not_found = 1;
const usage = 2;
const unavailable = 69;
const configuration = 78;

suite('the command line', { nodes: 2 }, (env) => {
  const expect = async (code, args, options) => {
    const ran = await env.larder(args, options);
    assert.equal(ran.code, code,
      `larder ${args.join(' ')}: exit code ${ran.code}, signal ${ran.signal}\n`
      + `stdout: ${ran.stdout.slice(0, 500)}\nstderr: ${ran.stderr.slice(0, 500)}`);
    return ran;
  };
  const file = (name, content) => {
    const where = path.join(env.dir, name);
    mkdirSync(path.dirname(where), { recursive: true });
    writeFileSync(where, content);
    return where;
  };
  const strange = '{ "z": 0.10,\n  "é": "🦀", "a": 1e400 }\n\n';

  test('put takes a file, and get prints the same bytes and nothing else', async () => {
    const from = file('strange.json', strange);
    await expect(done, ['put', 'cli', 'strange', from]);
    const got = await expect(done, ['get', 'cli', 'strange']);
    assert.deepEqual(got.bytes, Buffer.from(strange));
  });

  test('put takes standard input, named - or not at all', async () => {
    await expect(done, ['put', 'cli', 'piped', '-'], { input: '{"n":1}' });
    assert.equal((await expect(done, ['get', 'cli', 'piped'])).stdout, '{"n":1}');
    await expect(done, ['put', 'cli', 'piped'], { input: '{"n":2}' });
    assert.equal((await expect(done, ['get', 'cli', 'piped'])).stdout, '{"n":2}');
  });

  test('put --json prints the reply for scripts', async () => {
    const ran = await expect(done, ['put', 'cli', 'json', '-', '--json'], { input: '{"n":1}' });
    const reply = JSON.parse(ran.stdout);
    assert.ok(Number.isInteger(reply.revision) && reply.revision > 0);
    assert.equal(reply.version, 1);
  });

  test('get --json tells tier and revision', async () => {
    await expect(done, ['put', 'cli', 'told', '-'], { input: '{"n":1}' });
    const reply = JSON.parse((await expect(done, ['get', 'cli', 'told', '--json'])).stdout);
    assert.match(reply.tier, /^(memory|jetstream|postgres)$/);
    assert.ok(Number.isInteger(reply.revision));
  });

  test('get and delete of what is not there exit with 1 and say so on stderr', async () => {
    for (const command of ['get', 'delete']) {
      const ran = await expect(not_found, [command, 'cli', 'nowhere']);
      assert.equal(ran.stdout, '');
      assert.match(ran.stderr, /nowhere|not.found/i);
    }
  });

  test('delete removes the template', async () => {
    await expect(done, ['put', 'cli', 'doomed', '-'], { input: '{}' });
    await expect(done, ['delete', 'cli', 'doomed']);
    await expect(not_found, ['get', 'cli', 'doomed']);
  });

  test('mget prints a result for each key in order', async () => {
    for (const id of ['one', 'two'])
      await expect(done, ['put', 'mget', id, '-'], { input: JSON.stringify({ id }) });
    const ran = await env.larder(['mget', '--json', 'mget/two', 'mget/absent', 'mget/one']);
    const { results } = JSON.parse(ran.stdout);
    assert.deepEqual(results.map((result) => result.id), ['two', 'absent', 'one']);
  });

  test('list shows the ids of a type, all pages of it', async () => {
    await Promise.all(Array.from({ length: 150 }, (_, i) =>
      env.client.must_put('listed', `id-${i}`, '{}')));
    const ran = await expect(done, ['list', 'listed']);
    for (let i = 0; i < 150; ++i)
      assert.match(ran.stdout, new RegExp(`\\bid-${i}\\b`));
    const parsed = JSON.parse((await expect(done, ['list', 'listed', '--json'])).stdout);
    assert.equal(parsed.items.length, 150);
  });

  test('invalidate exits with 0', () => expect(done, ['invalidate', 'cli', 'strange']));

  test('clear and warm say what they did', async () => {
    await env.settled_put('cli', 'warm', '{"n":1}');
    await expect(done, ['clear']);
    await expect(done, ['warm']);
    for (const node of ['node-1', 'node-2'])
      assert.equal((await env.client.must_get('cli', 'warm', { node })).tier, 'memory');
    for (const command of ['clear', 'warm'])
      JSON.parse((await expect(done, [command, '--json'])).stdout);
  });

  test('stats --json holds the statistics of the contract', async () => {
    const ran = await expect(done, ['stats', '--json']);
    const parsed = JSON.parse(ran.stdout);
    assert.ok(parsed, ran.stdout);
    for (const name of ['ets_hits', 'nats_hits', 'db_hits', 'misses', 'ets_cache_size',
                        'timestamp', 'fence_age_ms', 'log_lag', 'epoch'])
      assert.match(ran.stdout, new RegExp(`"${name}"`));
    await expect(done, ['stats']);
  });

  test('stats --watch goes on until it is stopped', async () => {
    const child = new Child('watch', binary, ['stats', '--watch'], {
      env: env.client_env, log_file: path.join(env.dir, 'watch.log') });
    await eventually('two rounds of figures', async () =>
      (child.log().match(/node-1/g) ?? []).length >= 2
      || (child.log().match(/memory/gi) ?? []).length >= 2, { within: 10_000, every: 100 });
    assert.equal(child.ended, null);
    const ended = await child.stop('SIGINT');
    assert.ok(ended.code === 0 || ended.code === 130 || ended.signal === 'SIGINT',
              JSON.stringify(ended));
  });

  test('nodes names every node', async () => {
    const ran = await expect(done, ['nodes']);
    assert.match(ran.stdout, /node-1/);
    assert.match(ran.stdout, /node-2/);
    const parsed = JSON.stringify(JSON.parse((await expect(done, ['nodes', '--json'])).stdout));
    assert.match(parsed, /node-1/);
    assert.match(parsed, /node-2/);
  });

  test('load takes a directory of TYPE/ID.json', async () => {
    for (const [name, text] of [['colour/red.json', '{"hex":"#f00"}'],
                                ['colour/dark.blue.json', '{"hex": "#00a"}\n'],
                                ['shape/round.json', '{}']])
      file(`tree/${name}`, text);
    const ran = await expect(done, ['load', path.join(env.dir, 'tree')]);
    assert.match(ran.stderr + ran.stdout, /\b3\b/);
    assert.equal((await env.client.must_get('colour', 'red')).text, '{"hex":"#f00"}');
    assert.equal((await env.client.must_get('colour', 'dark.blue')).json.hex, '#00a');
    assert.equal((await env.client.must_get('shape', 'round')).text, '{}');
  });

  test('load takes lines of JSON, and each value keeps its bytes', async () => {
    const lines = Array.from({ length: 300 }, (_, i) =>
      `{"type":"lines","id":"l-${i}","content":{"n":${i}, "x":0.10}}`);
    const from = file('lines.jsonl', `${lines.join('\n')}\n`);
    const ran = await expect(done, ['load', '--json', from]);
    assert.match(ran.stdout, /\b300\b/);
    assert.equal((await env.client.must_get('lines', 'l-299')).text, '{"n":299, "x":0.10}');
  });

  test('load names the line or file that is wrong, loads the rest, and fails', async () => {
    const from = file('bad.jsonl', [
      '{"type":"half","id":"good-1","content":{}}', 'nonsense',
      '{"type":"half","id":"good-2","content":{}}'].join('\n'));
    const ran = await env.larder(['load', from]);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, /(line |:)2\b/);
    assert.equal((await env.client.get('half', 'good-1')).status, 200);
  });

  test('load of what is not there is a usage error', async () => {
    const ran = await env.larder(['load', path.join(env.dir, 'nowhere')]);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, /nowhere/);
  });

  test('migrate again does nothing, and --dry-run says what it would do', async () => {
    await expect(done, ['migrate']);
    await expect(done, ['migrate', '--dry-run']);
    await env.postgres.execute('CREATE DATABASE fresh OWNER larder', 'postgres');
    const url = env.postgres.url.replace(/\/larder$/, '/fresh');
    const dry = await expect(done, ['migrate', '--dry-run'], { env: { DATABASE_URL: url } });
    assert.match(dry.stdout + dry.stderr, /knowledge_artifacts|0*1/);
    const tables = `SELECT count(*) FROM pg_class WHERE relname = 'knowledge_artifacts'`;
    assert.equal(await env.postgres.query(tables, 'fresh'), '0');
    await expect(done, ['migrate'], { env: { DATABASE_URL: url } });
    assert.equal(await env.postgres.query(tables, 'fresh'), '1');
  });

  test('two migrations at once are harmless', async () => {
    await env.postgres.execute('CREATE DATABASE twice OWNER larder', 'postgres');
    const options = { env: { DATABASE_URL: env.postgres.url.replace(/\/larder$/, '/twice') } };
    await Promise.all([1, 2, 3].map(() => expect(done, ['migrate'], options)));
  });

  test('migrate adopts a table that exists, and keeps its rows and columns', async () => {
    await env.postgres.execute('CREATE DATABASE adopted OWNER larder', 'postgres');
    const options = {
      env: { DATABASE_URL: env.postgres.url.replace(/\/larder$/, '/adopted') } };
    await env.postgres.execute(`
      CREATE TABLE knowledge_artifacts (
        id SERIAL PRIMARY KEY, artifact_id TEXT NOT NULL,
        artifact_type TEXT NOT NULL, content_raw TEXT NOT NULL,
        content JSONB NOT NULL, metadata JSONB, usage_count INTEGER DEFAULT 0,
        success_rate FLOAT DEFAULT 0.0, last_used_at TIMESTAMPTZ,
        created_at TIMESTAMPTZ DEFAULT NOW(), updated_at TIMESTAMPTZ DEFAULT NOW(),
        version INTEGER DEFAULT 1, column_of_ours TEXT);
      ALTER TABLE knowledge_artifacts OWNER TO larder;
      INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content, column_of_ours)
      VALUES ('framework', 'phoenix', '{"n":1}', '{"n":1}', 'ours');`, 'adopted');
    const columns = () => env.postgres.query(
      `SELECT string_agg(column_name || ' ' || data_type, ',' ORDER BY ordinal_position)
       FROM information_schema.columns WHERE table_name = 'knowledge_artifacts'`, 'adopted');
    const before = await columns();
    // Keys are unique over both columns: without that it is not touched.
    const refused = await expect(configuration, ['migrate'], options);
    assert.match(refused.stderr, /unique/i);
    assert.equal(await columns(), before);
    await env.postgres.execute(
      'ALTER TABLE knowledge_artifacts ADD UNIQUE (artifact_type, artifact_id)', 'adopted');
    await expect(done, ['migrate'], options);
    assert.equal(await columns(), before);
    assert.equal(await env.postgres.query(
      'SELECT column_of_ours FROM knowledge_artifacts', 'adopted'), 'ours');
  });

  test('version prints a version', async () => {
    assert.match((await expect(done, ['version'])).stdout, /\d+\.\d+\.\d+/);
    JSON.parse((await expect(done, ['version', '--json'])).stdout);
  });

  const commands = ['node', 'get', 'put', 'delete', 'mget', 'list', 'invalidate', 'warm',
                    'clear', 'stats', 'nodes', 'load', 'migrate', 'config', 'version'];
  for (const command of commands)
    test(`${command} --help explains itself with an example`, async () => {
      const ran = await expect(done, [command, '--help']);
      assert.match(ran.stdout, /example/i);
      assert.match(ran.stdout, new RegExp(`larder ${command}`));
      if (command !== 'config')
        for (const option of ['--json', '--nats-url'])
          if (command !== 'node' || option !== '--json')
            assert.ok(ran.stdout.includes(option), `${command} has ${option}`);
    });

  for (const command of ['check', 'dump'])
    test(`config ${command} --help explains itself with an example`, async () => {
      const ran = await expect(done, ['config', command, '--help']);
      assert.match(ran.stdout, /example/i);
      for (const option of ['--json', '--nats-url'])
        assert.ok(ran.stdout.includes(option), `config ${command} has ${option}`);
    });

  test('larder --help names every command', async () => {
    const ran = await expect(done, ['--help']);
    for (const command of commands)
      assert.match(ran.stdout, new RegExp(`^\\s+${command}\\b`, 'm'));
  });

  test('what is not a command, an option or an argument is a usage error', async () => {
    for (const args of [[], ['explode'], ['get'], ['get', 'one'], ['get', 'a', 'b', 'c'],
                        ['get', 'a', 'b', '--explode'], ['list'], ['put', 'a'],
                        ['config'], ['config', 'explode'], ['migrate', '--explode'],
                        ['load']]) {
      const ran = await expect(usage, args);
      assert.ok(ran.stderr.length > 0);
      if (args.includes('explode')) assert.match(ran.stderr, /explode/);
      assert.equal(ran.stdout, '');
    }
  });

  test('a key or value that breaks the contract is a usage error', async () => {
    await expect(usage, ['get', 'cli', 'x'.repeat(600)]);
    await expect(usage, ['get', '', 'x']);
    await expect(usage, ['put', 'cli', 'bad', '-'], { input: 'nonsense' });
    await expect(usage, ['put', 'cli', 'bad', path.join(env.dir, 'no-such-file')]);
  });

  test('an id with dots and signs is given as it is', async () => {
    await expect(done, ['put', 'npm', '@nats-io/kv.js', '-'], { input: '{"n":1}' });
    assert.equal((await expect(done, ['get', 'npm', '@nats-io/kv.js'])).stdout, '{"n":1}');
    assert.equal((await env.client.must_get('npm', '@nats-io/kv.js')).text, '{"n":1}');
  });

  test('without NATS every client command exits with 69', async () => {
    const [port] = await free_ports(1);
    const options = { env: { NATS_URL: `nats://127.0.0.1:${port}` } };
    for (const args of [['get', 'a', 'b'], ['put', 'a', 'b', '-'], ['delete', 'a', 'b'],
                        ['list', 'a'], ['stats'], ['nodes'], ['clear'], ['warm'],
                        ['invalidate', 'a', 'b'], ['mget', 'a/b']]) {
      const ran = await expect(unavailable, args, { ...options, input: '{}' });
      assert.match(ran.stderr, new RegExp(String(port)), 'names where it tried');
    }
  });

  test('--nats-url wins over NATS_URL', async () => {
    const [port] = await free_ports(1);
    await expect(done, ['get', 'cli', 'strange', '--nats-url', env.nats.url], {
      env: { NATS_URL: `nats://127.0.0.1:${port}` } });
    await expect(unavailable, ['get', 'cli', 'strange', '--nats-url', `nats://127.0.0.1:${port}`]);
  });

  test('a NATS context stands in for NATS_URL', async () => {
    const home = path.join(env.dir, 'home');
    const where = path.join(home, '.config/nats');
    mkdirSync(path.join(where, 'context'), { recursive: true });
    writeFileSync(path.join(where, 'context/e2e.json'), JSON.stringify({ url: env.nats.url }));
    const environment = { HOME: home, NATS_URL: undefined, XDG_CONFIG_HOME: undefined };
    await expect(done, ['get', 'cli', 'strange'], { env: { ...environment, NATS_CONTEXT: 'e2e' } });
    writeFileSync(path.join(where, 'context.txt'), 'e2e');
    await expect(done, ['get', 'cli', 'strange'], { env: environment });
  });

  test('migrate without a database exits with 69, and names no password', async () => {
    const [port] = await free_ports(1);
    const ran = await expect(unavailable, ['migrate'], {
      env: { DATABASE_URL: `postgresql://larder:hush-hush@127.0.0.1:${port}/larder` } });
    assert.doesNotMatch(ran.stderr + ran.stdout, /hush-hush/);
    assert.match(ran.stderr, new RegExp(String(port)));
  });

  test('migrate without DATABASE_URL is a configuration error', async () => {
    await expect(configuration, ['migrate'], { env: { DATABASE_URL: undefined } });
  });

  test('migrate refuses a schema that is newer than the program', async () => {
    await env.postgres.execute('CREATE DATABASE newer OWNER larder', 'postgres');
    const options = { env: { DATABASE_URL: env.postgres.url.replace(/\/larder$/, '/newer') } };
    await expect(done, ['migrate'], options);
    // The table that notes the migrations: whatever it is called.
    const table = await env.postgres.query(
      `SELECT c.table_schema || '.' || c.table_name FROM information_schema.columns c
       JOIN information_schema.tables t USING (table_schema, table_name)
       WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema')
         AND c.column_name = 'version' AND t.table_name LIKE '%migration%'`, 'newer');
    assert.ok(table, 'a table of migrations with a column version');
    await env.postgres.execute(
      `INSERT INTO ${table.split('\n')[0]}
       SELECT (jsonb_populate_record(m, '{"version": 9999}')).*
       FROM ${table.split('\n')[0]} m ORDER BY version DESC LIMIT 1`, 'newer');
    const ran = await env.larder(['migrate'], options);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, /newer|9999/);
  });
});

suite('the command line while no node runs', { nodes: 0 }, (env) => {
  test('requests exit with 69 and say that no node serves them', async () => {
    for (const args of [['get', 'a', 'b'], ['list', 'a'], ['put', 'a', 'b', '-'],
                        ['stats'], ['mget', 'a/b']]) {
      const ran = await env.larder(args, { input: '{}' });
      assert.equal(ran.code, unavailable, `${args}: ${ran.code} ${ran.stderr}`);
      assert.match(ran.stderr, /node/);
    }
  });
});

suite('the command line while PostgreSQL is away', { nodes: 1 }, (env) => {
  test('a put exits with 69 or 75, never with 0', async () => {
    await env.postgres.stop();
    const ran = await env.larder(['put', 'a', 'b', '-'], { input: '{}' });
    assert.ok([unavailable, 75].includes(ran.code), `${ran.code} ${ran.stderr}`);
    assert.match(ran.stderr, /postgres/i);
    await env.postgres.start();
    await eventually('puts to succeed again', async () =>
      (await env.larder(['put', 'a', 'b', '-'], { input: '{}' })).code === 0,
      { within: 5_000 });
  });

  test('a conflict exits with 75, since reading and trying again helps', async () => {
    await env.client.must_put('a', 'guarded', '{}');
    const help = (await env.larder(['put', '--help'])).stdout;
    assert.match(help, /--expect-revision/);
    const ran = await env.larder(
      ['put', 'a', 'guarded', '-', '--expect-revision', '0'], { input: '{}' });
    assert.equal(ran.code, 75, ran.stderr);
  });
});

