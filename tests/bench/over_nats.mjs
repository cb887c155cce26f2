// A memory hit over NATS beside bare echo responders and the KV bucket asked
// directly.

import { eventually } from '../e2e/support/wait.mjs';
import { Place, program } from './place.mjs';

const bytes = 1_024;
const keys = 100;
const echoes = ['echo in C++', 'echo on nats.c', 'echo on nats.go'];

/** A node whose memory and bucket hold all keys, and the peers beside it. */
async function furnish() {
  const place = new Place({ nodes: 1 });
  await place.start();
  const { port, url } = place.nats;
  place.pids = { larder: place.a.child.pid };
  const start = async (name, command, where, subject) => {
    place.pids[name] = (await place.start_echo(subject, command, where, subject)).pid;
  };
  await start(echoes[0], process.env.LARDER_ECHO, String(port), 'echo-cpp');
  await start(echoes[1], program('larder_echo_nats_c'), url, 'echo-c');
  await start(echoes[2], program('larder_echo_go'), url, 'echo-go');
  await place.put_keys('bench', keys, bytes);
  await eventually('memory to hold every key', async () => {
    for (let i = 0; i < keys; ++i)
      if ((await place.client.must_get('bench', `key-${i}`)).tier !== 'memory') return false;
    return true;
  }, { within: 30_000 });
  return place;
}

/** What each contender is asked; all by the same client in the same way. */
const asked = {
  larder: { subject: 'template.get.bench.key-#', expect: 'Larder-Tier: memory' },
  'echo in C++': { subject: 'echo-cpp.bench.key-#' },
  'echo on nats.c': { subject: 'echo-c.bench.key-#' },
  'echo on nats.go': { subject: 'echo-go.bench.key-#' },
  'KV asked directly': {
    subject: '$JS.API.DIRECT.GET.KV_templates.$KV.templates.bench.key-#',
    expect: 'Nats-Sequence:',
  },
};

function contenders(names, options) {
  return (place, settings) => Object.fromEntries(names.map((name) => [name, () =>
    place.load_on(place.pids[name] ?? place.nats.child.pid, {
      keys, least: bytes, seconds: settings.seconds, ...options, ...asked[name] })]));
}

export const over_nats = {
  name: 'over NATS',
  furnish,
  scenarios: [
    {
      name: '32 in flight, 1 KiB each way',
      contenders: contenders(['larder', ...echoes], { in_flight: 32, payload: bytes }),
      measures: [
        { id: 'hit-rate', title: 'memory hit over NATS, 32 in flight', figure: 'rate', unit: '/s',
          better: 'more', bar: 0.9, aim: 0.97 },
        { id: 'hit-p99', title: 'p99 with 32 in flight', figure: 'p99_us', unit: 'µs',
          better: 'less', bar: 1.25, aim: 1.1 },
        { id: 'hit-cpu', title: 'node CPU per request', figure: 'cpu_us', unit: 'µs',
          better: 'less', bar: 1.5, aim: 1.2, chosen_by: 'rate' },
      ].map((m) => ({ ...m, against: 'the fastest bare echo responder', ours: 'larder', peers: echoes })),
    },
    {
      name: '1 in flight, 1 KiB each way',
      contenders: contenders(['larder', ...echoes], { in_flight: 1, payload: bytes }),
      measures: [
        { id: 'hit-p50', title: 'p50 with 1 in flight', figure: 'p50_us', unit: 'µs',
          against: 'the fastest bare echo responder', better: 'less', bar: 1.1, aim: 1.03,
          ours: 'larder', peers: echoes },
      ],
    },
    ...[32, 128].map((in_flight) => ({
      name: `${in_flight} in flight, beside the KV bucket`,
      contenders: contenders(['larder', 'KV asked directly'], { in_flight }),
      measures: [
        { id: `kv-rate-${in_flight}`, title: `memory hit over NATS, ${in_flight} in flight`,
          figure: 'rate', unit: '/s', against: 'JetStream KV asked directly', better: 'more',
          bar: 1, aim: 1.3, ours: 'larder', peers: ['KV asked directly'] },
      ],
    })),
  ],
};
