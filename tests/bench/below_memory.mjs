// What lies behind a memory hit: many keys at once, misses, warm-up; beside
// Redis and PostgreSQL asked directly.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../e2e/support/wait.mjs';
import { Place, output_of, program } from './place.mjs';

const bytes = 1_024;
const many = 100;
const rows = 10_000;

async function furnish() {
  const place = new Place({ nodes: 1, node_env: {
    LARDER_MEMORY__MAX_ENTRIES: String(2 * rows), LARDER_MEMORY__MAX_BYTES: String(256 << 20) } });
  await place.start();
  await place.start_redis();
  await output_of(program('larder_bench_redis'),
                  ['--socket', place.redis.socket, 'fill', '1000', String(bytes)]);
  await place.start_echo('echo-cpp', process.env.LARDER_ECHO, String(place.nats.port), 'echo-cpp');
  await place.put_keys('cold', rows, bytes);
  // The nodes are at rest when the last change has reached the shared bucket.
  const raw = await place.raw_client();
  await eventually('the last change to be published', async () =>
    (await raw.request(`$JS.API.DIRECT.GET.KV_templates.$KV.templates.cold.key-${rows - 1}`))
      .payload.length === bytes, { within: 60_000 });
  // A node that has just started does not know yet whether there are others.
  await eventually('the node to know that it is alone', async () =>
    (await place.client.control('info', {}, { node: 'node-1' })).alone, { within: 20_000 });
  place.many_file = path.join(place.dir, 'many.json');
  writeFileSync(place.many_file, JSON.stringify({
    keys: Array.from({ length: many }, (_, i) => ({ type: 'cold', id: `key-${i}` })) }));
  return place;
}

const forget = (place, tiers = ['memory', 'jetstream']) =>
  place.client.control('clear', { tiers }, { node: 'node-1', timeout: 30_000 });

const select = async (place, count) => JSON.parse(await output_of(program('larder_bench_select'), [
  '--url', place.postgres.url, '--type', 'cold', '--keys', String(rows), '--count', String(count)]));

/** Misses on keys that no round before it has asked for since it forgot all. */
async function missed(place, options) {
  await forget(place);
  return place.load({ subject: 'template.get.cold.key-#', keys: rows, least: bytes,
                      expect: 'Larder-Tier: postgres', ...options });
}

async function warmed(place) {
  await forget(place, ['memory']);
  const begin = performance.now();
  const loaded = await place.warm_up('node-1', { type: 'cold', limit: rows });
  if (loaded < rows) throw new Error(`warm: ${loaded} of ${rows}`);
  return { rate: rows / ((performance.now() - begin) / 1_000) };
}

/** Seconds of the server and of psql's reading, not of psql's start. */
async function copied(place) {
  const text = await output_of('psql', [
    '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', place.postgres.admin_url,
    '-c', '\\timing on',
    '-c', `\\copy (SELECT * FROM knowledge_artifacts WHERE artifact_type = 'cold' LIMIT ${rows}) TO '/dev/null'`]);
  return { rate: rows / (Number(/Time: ([\d.]+) ms/.exec(text)[1]) / 1_000) };
}

export const below_memory = {
  name: 'behind memory',
  furnish,
  scenarios: [
    {
      name: `mget of ${many} keys`,
      contenders: (place, settings) => ({
        larder: async () => {
          const report = await place.load({
            subject: 'template.mget', payload_file: place.many_file, least: many * bytes,
            seconds: settings.seconds });
          return { rate: report.rate * many };
        },
        'Redis GET, one by one': async () => JSON.parse(await output_of(
          program('larder_bench_redis'),
          ['--port', String(place.redis.port), 'get', '1000', String(settings.seconds)])),
      }),
      before: async (place) => { await place.warm_up('node-1', { type: 'cold', limit: rows }); },
      measures: [
        { id: 'mget', title: 'mget of 100 keys, keys/s, 1 client', against: 'Redis GET one by one, 1 client',
          figure: 'rate', unit: '/s', better: 'more', bar: 5, aim: 20, ours: 'larder',
          peers: ['Redis GET, one by one'] },
      ],
    },
    {
      name: 'one miss after another',
      contenders: (place) => ({
        larder: () => missed(place, { in_flight: 1, count: 1_500 }),
        'echo and select': async () => {
          const echo = await place.load({ subject: 'echo-cpp.#', payload: bytes, least: bytes, count: 3_000 });
          return { p50_us: echo.p50_us + (await select(place, 3_000)).p50_us };
        },
      }),
      measures: [
        { id: 'miss-p50', title: 'miss to PostgreSQL, p50', against: 'echo and prepared select, each alone',
          figure: 'p50_us', unit: 'µs', better: 'less', bar: 1.25, aim: 1.1, ours: 'larder',
          peers: ['echo and select'] },
      ],
    },
    {
      name: '64 distinct misses at once',
      contenders: (place) => ({
        larder: () => missed(place, { in_flight: 64, count: 6_400 }),
        'select after select': () => select(place, 6_400),
      }),
      measures: [
        { id: 'miss-64', title: '64 distinct misses at once', against: 'one select after another',
          figure: 'rate', unit: '/s', better: 'more', bar: 2, aim: 4, ours: 'larder',
          peers: ['select after select'] },
      ],
    },
    {
      name: 'warm-up',
      contenders: (place) => ({ larder: () => warmed(place), COPY: () => copied(place) }),
      measures: [
        { id: 'warm-up', title: 'warm-up, templates/s', against: 'COPY … TO STDOUT of the same rows',
          figure: 'rate', unit: '/s', better: 'more', bar: 0.3, aim: 0.6, ours: 'larder', peers: ['COPY'] },
      ],
    },
  ],
};
