// Every bad input is answered with a clear error, and disturbs nothing else.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assert_error } from './support/client.mjs';
import { RawClient } from './support/raw_client.mjs';
import { suite } from './support/suite.mjs';

suite('bad input', { nodes: 2 }, (env) => {
  let raw;
  let witness;

  before(async () => {
    raw = await RawClient.connect(env.nats.port);
    witness = await env.settled_put('witness', 'untouched', '{"still":"here"}');
  });

  after(() => raw?.close());

  /** The nodes live, and a key that nobody changed is as it was. */
  const nothing_else_is_disturbed = async () => {
    for (const node of env.nodes) {
      assert.equal(node.child.ended, null, `${node.id} ended:\n${node.child.tail()}`);
      const reply = await env.client.must_get('witness', 'untouched', { node: node.id });
      assert.equal(reply.text, '{"still":"here"}');
      assert.equal(reply.revision, witness.revision);
    }
  };

  /** Refused with 400 by a node, or with 503 by NATS before any node saw it. */
  const refuses = async (subject, payload, header = null, status = 400) => {
    const reply = await raw.request(subject, payload, header);
    if (reply.status !== 503 || reply.payload.length > 0) {
      assert.equal(reply.status, status,
        `${Buffer.from(subject).toString('latin1').slice(0, 80)}: `
        + `${reply.status} ${reply.payload.toString('utf8', 0, 200)}`);
      const body = JSON.parse(reply.payload);
      assert.equal(body.error, status === 413 ? 'too_large' : 'invalid_request');
      assert.ok(body.message.length > 10, `a sentence: ${body.message}`);
      assert.match(reply.header, /Nats-Service-Error: *\S/);
    }
    await nothing_else_is_disturbed();
  };

  const subjects = {
    'no id': 'framework',
    'an empty id': 'framework.',
    'an empty type': '.phoenix',
    'an empty token in the id': 'framework.a..b',
    'a wildcard * as id': 'framework.*',
    'a wildcard > as id': 'framework.>',
    'a wildcard * as type': '*.phoenix',
    'an id of 600 bytes': `framework.${'x'.repeat(600)}`,
    'an id of 513 bytes': `framework.${'x'.repeat(513)}`,
    'an id of 513 bytes in escapes': `framework.${'=41'.repeat(513)}`,
    'a type of 65 bytes': `${'t'.repeat(65)}.phoenix`,
    'an escape that is not hex': 'framework.=ZZ',
    'an escape in lower case': 'framework.a=2eb',
    'an escape cut short': 'framework.a=4',
    'a bare equals sign': 'framework.a=',
    'escaped bytes that are not UTF-8': 'framework.=FF=FE',
    'an overlong UTF-8 form': 'framework.=C0=AF',
    'an escaped surrogate': 'framework.=ED=A0=80',
    'an escaped NUL': 'framework.a=00b',
    'an escaped line break': 'framework.a=0Ab',
    'an escaped DEL': 'framework.a=7Fb',
    'raw bytes that are not UTF-8': Buffer.concat(
      [Buffer.from('framework.'), Buffer.from([0xff, 0xfe])]),
  };
  for (const [what, tokens] of Object.entries(subjects)) {
    test(`get, put and delete refuse ${what}`, async () => {
      for (const verb of ['get', 'put', 'delete'])
        await refuses(
          Buffer.concat([Buffer.from(`template.${verb}.`), Buffer.from(tokens)]),
          verb === 'put' ? '{}' : '');
    });
  }

  for (const [raw_id, id] of [['a$b', 'a$b'], ['c++', 'c++'], ['pho*nix', 'pho*nix'],
                              [Buffer.from('ü'), 'ü']])
    test(`the id ${raw_id} without its escape is that key or refused, no other`, async () => {
      await env.client.must_put('unescaped', id, JSON.stringify({ id }));
      const reply = await raw.request(
        Buffer.concat([Buffer.from('template.get.unescaped.'), Buffer.from(raw_id)]));
      if (reply.status === 200) assert.deepEqual(JSON.parse(reply.payload), { id });
      else assert.equal(reply.status, 400, reply.payload.toString());
    });

  test('the longest type and id that are allowed are allowed', async () => {
    const [type, id] = ['t'.repeat(64), 'i'.repeat(512)];
    await env.client.must_put(type, id, '{"long":true}');
    assert.equal((await env.client.must_get(type, id)).text, '{"long":true}');
    const wide = '🦀'.repeat(128);
    await env.client.must_put('wide', wide, '{"crabs":128}');
    assert.equal((await env.client.must_get('wide', wide)).text, '{"crabs":128}');
  });

  const get_bodies = {
    'that is not JSON': 'nonsense',
    'that is empty': '',
    'that is an array': '[]',
    'that is a number': '1',
    'without an id': '{"type":"framework"}',
    'without a type': '{"id":"phoenix"}',
    'with an empty id': '{"type":"framework","id":""}',
    'with a number as id': '{"type":"framework","id":1}',
    'with an id of 600 bytes': JSON.stringify({ type: 'f', id: 'x'.repeat(600) }),
    'with a NUL in the id': '{"type":"f","id":"a\\u0000b"}',
    'with half a surrogate pair in the id': '{"type":"f","id":"\\ud800"}',
    'that is cut short': '{"type":"framework","id":"phoe',
    'with something after its end': '{"type":"f","id":"x"} {"type":"f","id":"y"}',
    'of bytes that are not UTF-8': Buffer.from([0x7b, 0xff, 0x7d]),
    '100,000 levels deep': '['.repeat(100_000) + ']'.repeat(100_000),
    '100,000 objects deep': '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000),
  };
  for (const [what, body] of Object.entries(get_bodies)) {
    test(`template.get refuses a body ${what}`, () => refuses('template.get', body));
    if (what !== 'that is empty')
      test(`template.mget refuses a body ${what}`, () => refuses('template.mget', body));
  }

  for (const [what, keys] of Object.entries({
    'a string': '"framework"', 'an object': '{}', 'null': 'null', 'a number': '7' }))
    test(`template.mget refuses keys that are ${what}`, () =>
      refuses('template.mget', `{"keys":${keys}}`));

  const values = {
    'that is empty': '',
    'that is not JSON': 'nonsense',
    'that is an array': '[1,2]',
    'that is a string': '"text"',
    'that is null': 'null',
    'with a comma too many': '{"a":1,}',
    'with single quotes': "{'a':1}",
    'with a comment': '{"a":1 /* one */}',
    'with NaN': '{"a":NaN}',
    'with a number like 01': '{"a":01}',
    'with a raw line break in a string': '{"a":"x\ny"}',
    'with an unknown escape': '{"a":"\\x41"}',
    'cut short': '{"a":"b',
    'with something after its end': '{"a":1} x',
    'with a byte order mark': '\ufeff{"a":1}',
    'of bytes that are not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    'with an overlong UTF-8 form': Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]),
    'with a raw NUL': Buffer.from([0x7b, 0x22, 0x00, 0x22, 0x3a, 0x31, 0x7d]),
    '80,000 objects deep': '{"a":'.repeat(80_000) + '1' + '}'.repeat(80_000),
    '100,000 brackets deep': `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    '100,000 brackets deep and never closed': `{"a":${'['.repeat(100_000)}`,
  };
  for (const [what, value] of Object.entries(values))
    test(`template.put refuses a value ${what}`, async () => {
      await env.client.must_put('bad', 'value', '{"before":true}');
      await refuses('template.put.bad.value', value);
      assert.equal((await env.client.must_get('bad', 'value')).text, '{"before":true}');
    });

  test('template.put refuses a value of one byte more than the limit with 413', async () => {
    const value = JSON.stringify({ text: 'x'.repeat(512 * 1024 + 1 - 11) });
    assert.equal(value.length, 512 * 1024 + 1);
    await refuses('template.put.bad.large', value, null, 413);
    assert_error(await env.client.get('bad', 'large'), 404, 'not_found');
  });

  test('a body as large as NATS carries is answered on every subject', async () => {
    const body = 'x'.repeat(1024 * 1024 - 1024);
    for (const subject of ['template.get', 'template.get.a.b', 'template.mget',
                           'template.list.a', 'template.delete.bad.nothing',
                           'template.search', 'template.stats']) {
      const reply = await raw.request(subject, body);
      assert.ok(reply.status >= 200, subject);
    }
    const put = await raw.request('template.put.bad.large', body);
    assert.ok([400, 413].includes(put.status), String(put.status));
    await nothing_else_is_disturbed();
  });

  const header = (lines) => `NATS/1.0\r\n${lines}\r\n\r\n`;
  const numbers = {
    'negative': '-1', 'beyond 64 bits': '99999999999999999999999999', 'a word': 'many',
    'a fraction': '1.5', 'hexadecimal': '0x10', 'with an exponent': '1e3',
    'followed by letters': '12abc', 'of UTF-8 digits': '١٢',
  };
  for (const [what, number] of Object.entries(numbers))
    test(`a header whose number is ${what} is refused`, async () => {
      await env.client.must_put('bad', 'header', '{"n":1}');
      for (const name of ['Larder-Min-Revision', 'Larder-Deadline-Ms', 'Larder-Version'])
        await refuses('template.get.bad.header', '', header(`${name}: ${number}`));
      for (const verb of ['put', 'delete'])
        await refuses(`template.${verb}.bad.header`, verb === 'put' ? '{"n":2}' : '',
                      header(`Larder-Expect-Revision: ${number}`));
      assert.equal((await env.client.must_get('bad', 'header')).text, '{"n":1}');
    });

  test('Larder-Allow-Stale that is neither true nor false is refused', () =>
    refuses('template.get.witness.untouched', '', header('Larder-Allow-Stale: perhaps')));

  test('a deadline of a century is cut or refused, never obeyed', async () => {
    const reply = await raw.request('template.get.bad.header', '',
                                    header('Larder-Deadline-Ms: 3155760000000'));
    assert.ok([200, 400].includes(reply.status), String(reply.status));
  });

  test('unknown headers are ignored', async () => {
    const reply = await raw.request('template.get.witness.untouched', '', header(
      'X-Unknown: 1\r\nLarder-Unknown: 2\r\nTraceparent: 00-abc\r\nX-Empty:'));
    assert.equal(reply.status, 200);
    assert.equal(reply.payload.toString(), '{"still":"here"}');
  });

  test('a header block of 60 KiB, or with strange lines in it, is answered', async () => {
    const blocks = [
      header(`X-Long: ${'y'.repeat(60_000)}`),
      header(Array.from({ length: 2_000 }, (_, i) => `X-${i}: ${i}`).join('\r\n')),
      'NATS/1.0\r\nno colon here\r\n\r\n',
      'NATS/1.0\r\n: no name\r\n\r\n',
      'NATS/1.0 999 what\r\n\r\n',
      'NATS/1.0\r\n\r\n',
      header('Larder-Min-Revision: 1\r\nLarder-Min-Revision: 2'),
    ];
    for (const block of blocks) {
      const reply = await raw.request('template.get.witness.untouched', '', block);
      assert.ok(reply.payload.length > 0 || reply.status !== 200);
    }
    await nothing_else_is_disturbed();
  });

  test('SQL in types and ids is text', async () => {
    const ids = ["'; DROP TABLE knowledge_artifacts; --", "x' OR '1'='1", '"; SELECT 1',
                 '$1', "\\'; --", '%', '_', "E'\\\\x00'", '{a,b}', 'NULL'];
    for (const id of ids) {
      const value = JSON.stringify({ id });
      await env.client.must_put('sql', id, value);
      const by_body = await env.client.request('template.get', { type: 'sql', id });
      assert.equal(by_body.text, value);
    }
    const keys = ids.map((id) => ({ type: 'sql', id }));
    await env.clear_caches();
    const { results } = (await env.client.request('template.mget', { keys })).json;
    results.forEach((result, i) => assert.equal(result.id, ids[i]));
    const listed = (await env.client.request('template.list.sql', { limit: 100 })).json;
    assert.equal(listed.items.length, ids.length);
    for (const id of ids) assert.equal((await env.client.delete('sql', id)).status, 200);
    await nothing_else_is_disturbed();
  });

  for (const after_value of ["'; DROP TABLE knowledge_artifacts; --", 'x'.repeat(5_000), '\u0000', 7, {}])
    test(`list takes or refuses after: ${JSON.stringify(after_value).slice(0, 50)}`, async () => {
      const reply = await env.client.request('template.list.sql', { after: after_value });
      assert.ok([200, 400].includes(reply.status), String(reply));
      await nothing_else_is_disturbed();
    });

  test('an unknown operation is an error or has no responder', async () => {
    for (const subject of ['template.explode', 'template.explode.a.b', 'template', 'template.put']) {
      const reply = await raw.request(subject, '{}');
      assert.ok([400, 501, 503].includes(reply.status), `${subject}: ${reply.status}`);
    }
  });

  test('requests without a reply subject are survived', async () => {
    for (const subject of ['template.get.witness.untouched', 'template.get', 'template.mget',
                           'template.stats', 'larder.control.all.ping', 'larder.control.all.stats'])
      env.client.nc.publish(subject, 'x');
    env.client.nc.publish('template.put.bad.silent', '{"n":1}');
    await env.client.nc.flush();
    await nothing_else_is_disturbed();
  });

  test('a reply subject that is a request subject makes no storm', async () => {
    for (let i = 0; i < 100; ++i)
      env.client.nc.publish('template.get.witness.untouched', '', {
        reply: 'template.get.witness.untouched' });
    await env.client.nc.flush();
    const count = async () => {
      const all = await Promise.all(env.nodes.map((node) => env.client.stats(node.id)));
      return all.reduce((sum, stats) => sum + stats.ets_hits, 0);
    };
    const first = await count();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const grown = await count() - first;
    assert.ok(grown < 10_000, `${grown} requests in half a second`);
    await nothing_else_is_disturbed();
  });

  test('10,000 bad requests at once leave the nodes well', async () => {
    const replies = await Promise.all(Array.from({ length: 10_000 }, (_, i) =>
      raw.request(['template.get.a', 'template.get', 'template.get.a.=ZZ',
                   'template.put.a.b'][i % 4], 'nonsense', null, 30_000)));
    for (const reply of replies)
      assert.ok([400, 429, 503].includes(reply.status), String(reply.status));
    await nothing_else_is_disturbed();
  });
});
