// The in-process API, and what an entry costs, beside maps and Redis; and the
// eviction policy on traces.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Place, output_of, program } from './place.mjs';

const keys = 1_000;
const bytes = 1_024;

/** What a place needs that runs no node: a directory and Redis. */
async function furnish() {
  const place = new Place({ nodes: 0 });
  await place.start();
  await place.start_redis();
  await output_of(program('larder_bench_redis'),
                  ['--socket', place.redis.socket, 'fill', String(keys), String(bytes)]);
  return place;
}

/** Nanoseconds by contender, of one part of larder_in_process_bench. */
const in_process = async (part) => JSON.parse(await output_of(
  program('larder_in_process_bench'), [part, '--json', '--rounds', '2']));

const redis_rate = async (place, settings) => JSON.parse(await output_of(
  program('larder_bench_redis'),
  ['--socket', place.redis.socket, 'get', String(keys), String(settings.seconds)]));

/** The figures of both contenders, which one program takes in turns itself. */
const both = (part) => async () => {
  const ns = await in_process(part);
  return { of: Object.fromEntries(
    Object.entries(ns).map(([name, value]) => [name, { rate: 1e9 / value }])) };
};

const count = 100_000;

/** Bytes beyond key and value that Redis takes for an entry. */
async function redis_overhead(place) {
  const cli = (...args) => output_of('redis-cli', ['-s', place.redis.socket, ...args]);
  const used = async () => Number(/used_memory:(\d+)/.exec(await cli('info', 'memory'))[1]);
  await cli('flushall');
  const before = await used();
  await output_of(program('larder_bench_redis'),
                  ['--socket', place.redis.socket, 'fill', String(count), String(bytes)]);
  const after = await used();
  let payload = count * bytes;
  for (let i = 0; i < count; ++i) payload += `framework.phoenix-${i}`.length;
  await cli('flushall');
  await output_of(program('larder_bench_redis'),
                  ['--socket', place.redis.socket, 'fill', String(keys), String(bytes)]);
  return { bytes: (after - before - payload) / count };
}

/** Misses of the node's policy and of exact LRU, a trace a line. */
async function replayed(settings) {
  const files = settings.traces && existsSync(settings.traces)
    ? readdirSync(settings.traces).filter((name) => name.endsWith('.txt'))
      .map((name) => path.join(settings.traces, name))
    : [];
  const text = await output_of(program('larder_trace_replay'), [
    ...files, '--entries', '1000', '--shards', '4', '--zipf', '0.8', '0.99']);
  // trace requests keys best LRU lru lru/4 s3fifo s3fi/4
  return text.trim().split('\n').slice(2).map((line) => {
    const fields = line.trim().split(/\s+/).map(Number);
    return { lru: fields.at(-5), ours: fields.at(-1) };
  });
}

async function misses(settings) {
  const traces = await replayed(settings);
  const mean = (values) => values.reduce((a, b) => a + b) / values.length;
  return { of: {
    larder: {
      misses: mean(traces.map((t) => (1 - t.ours) / (1 - t.lru))),
      worst: Math.max(...traces.map((t) => 100 * (t.lru - t.ours))),
    },
    'exact LRU': { misses: 1, worst: 1.5 },
  } };
}

export const in_process_rows = {
  name: 'in process',
  furnish,
  scenarios: [
    {
      name: 'one thread',
      contenders: (place, settings) => ({
        both: both('single'),
        'Redis, unix socket': () => redis_rate(place, settings),
      }),
      measures: [
        { id: 'local-map', title: 'in-process hit, 1 thread', against: 'a read-only hash map',
          figure: 'rate', unit: '/s', better: 'more', bar: 0.4, aim: 0.7, ours: 'larder',
          peers: ['read-only hash map'] },
        { id: 'local-redis', title: 'in-process hit', against: 'Redis GET, unix socket, 1 client',
          figure: 'rate', unit: '/s', better: 'more', bar: 100, aim: 500, ours: 'larder',
          peers: ['Redis, unix socket'] },
      ],
    },
    {
      name: 'two threads, Zipf 0.99',
      contenders: () => ({ both: both('two') }),
      measures: [
        { id: 'local-two', title: 'in-process hits, 2 threads, Zipf 0.99',
          against: 'a mutex, a list and a map (LRU)', figure: 'rate', unit: '/s', better: 'more',
          bar: 4, aim: 8, ours: 'larder', peers: ['mutex, list and map (LRU)'] },
      ],
    },
    {
      name: 'memory of 100,000 entries of 1 KiB',
      rounds: 3,
      contenders: (place) => ({
        larder: async () => ({ bytes: (await in_process('memory')).larder }),
        Redis: () => redis_overhead(place),
      }),
      measures: [
        { id: 'entry-bytes', title: 'memory per entry beyond key and value',
          against: "Redis' for the same keys", figure: 'bytes', unit: 'B', better: 'less',
          bar: 1, aim: 0.6, ours: 'larder', peers: ['Redis'] },
      ],
    },
    {
      name: 'traces at 1,000 entries in 4 shards',
      rounds: 1,
      contenders: (place, settings) => ({ both: () => misses(settings) }),
      measures: [
        { id: 'misses', title: 'misses at 1,000 entries, mean over the traces', against: 'exact LRU',
          figure: 'misses', unit: '', better: 'less', bar: 0.95, aim: 0.92, ours: 'larder',
          peers: ['exact LRU'] },
        { id: 'misses-worst', title: 'points of hit ratio behind on the worst trace',
          against: 'exact LRU, 1.5 points', figure: 'worst', unit: 'points', better: 'less', bar: 1,
          aim: 0.33, ours: 'larder', peers: ['exact LRU'] },
      ],
    },
  ],
};
