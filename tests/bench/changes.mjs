// How soon a change reaches the other node, beside JetStream alone.

import { quantile } from '../e2e/support/wait.mjs';
import { Place } from './place.mjs';

const times = 1_000;

async function furnish() {
  const place = new Place({ nodes: 2 });
  await place.start();
  const raw = await place.raw_client();
  const call = async (subject, body) => {
    const reply = JSON.parse((await raw.request(subject, JSON.stringify(body))).payload);
    if (reply.error) throw new Error(`${subject}: ${JSON.stringify(reply.error)}`);
  };
  // The peer: a stream like the change log, and a push consumer on it.
  await call('$JS.API.STREAM.CREATE.BENCH', {
    name: 'BENCH', subjects: ['bench.pushed'], storage: 'file', retention: 'limits',
    max_age: 3_600_000_000_000, num_replicas: 1 });
  await call('$JS.API.CONSUMER.CREATE.BENCH', {
    stream_name: 'BENCH', config: { deliver_subject: 'bench.delivered', ack_policy: 'none',
                                    deliver_policy: 'new', replay_policy: 'instant' } });
  raw.write('SUB bench.delivered 2\r\n');
  raw.delivered = () => new Promise((resolve) => { raw.on_delivery = resolve; });
  const deliver = raw.deliver.bind(raw);
  // Deliveries come with the subject that was published to.
  raw.deliver = (subject, header, payload) => {
    if (subject !== 'bench.pushed') return deliver(subject, header, payload);
    raw.on_delivery?.();
  };
  await place.client.must_put('bench', 'change', '{"n":0}');
  return place;
}

const p99 = (values) => ({ p99_us: quantile(values, 0.99), p50_us: quantile(values, 0.5) });

const get_at = (raw, node) => raw.request(`larder.node.${node}.template.get.bench.change`);
const tier = (reply) => /^Larder-Tier: (\w+)/m.exec(reply.header)?.[1];
const microseconds = (begin) => Number(process.hrtime.bigint() - begin) / 1_000;

async function invalidated(place) {
  const raw = await place.raw_client();
  const values = [];
  for (let i = 0; i < times; ++i) {
    while (tier(await get_at(raw, 'node-2')) !== 'memory');
    const begin = process.hrtime.bigint();
    raw.write('PUB template.invalidate.bench.change 0\r\n\r\n');
    values.push(await until_gone(raw, begin));
  }
  return p99(values);
}

/** Until a request finds the entry gone; what it takes to answer that one from
 *  the tiers below is not counted, but as long as a hit is. */
async function until_gone(raw, begin) {
  for (let hit = 0; ;) {
    const asked = microseconds(begin);
    const found = tier(await get_at(raw, 'node-2'));
    if (found !== 'memory') return asked + hit;
    hit = microseconds(begin) - asked;
  }
}

async function delivered(place) {
  const raw = await place.raw_client();
  const values = [];
  for (let i = 0; i < times; ++i) {
    const arrived = raw.delivered();
    const begin = process.hrtime.bigint();
    raw.write('PUB bench.pushed 2\r\n{}\r\n');
    await arrived;
    values.push(microseconds(begin));
  }
  return p99(values);
}

let number = 0;

async function read_after_put(place) {
  const raw = await place.raw_client();
  const values = [];
  for (let i = 0; i < times; ++i) {
    const value = `{"n":${++number}}`;
    const put = await raw.request('larder.node.node-1.template.put.bench.change', value);
    if (put.status !== 200) throw new Error(put.payload.toString());
    const begin = process.hrtime.bigint();
    while ((await get_at(raw, 'node-2')).payload.toString() !== value);
    values.push(microseconds(begin));
  }
  return p99(values);
}

async function stored_and_delivered(place) {
  const raw = await place.raw_client();
  const values = [];
  for (let i = 0; i < times; ++i) {
    const begin = process.hrtime.bigint();
    const ack = JSON.parse((await raw.request('$KV.templates.bench.peer', '{"n":1}')).payload);
    if (ack.error) throw new Error(JSON.stringify(ack.error));
    const arrived = raw.delivered();
    raw.write('PUB bench.pushed 2\r\n{}\r\n');
    await arrived;
    values.push(microseconds(begin));
  }
  return p99(values);
}

export const changes = {
  name: 'changes',
  furnish,
  scenarios: [
    {
      name: 'an invalidation',
      contenders: (place) => ({
        larder: () => invalidated(place), 'push consumer': () => delivered(place) }),
      measures: [
        { id: 'invalidate-p99', title: 'invalidation published → gone on the other node, p99',
          against: 'publish → delivery by a JetStream push consumer', figure: 'p99_us', unit: 'µs',
          better: 'less', bar: 2, aim: 1.3, ours: 'larder', peers: ['push consumer'] },
      ],
    },
    {
      name: 'a put',
      contenders: (place) => ({
        larder: () => read_after_put(place),
        'KV put, publish, delivery': () => stored_and_delivered(place) }),
      measures: [
        { id: 'put-p99', title: 'put acknowledged on A → new value on B, p99',
          against: 'KV put, stream publish and delivery, alone', figure: 'p99_us', unit: 'µs',
          better: 'less', bar: 2, aim: 1.3, ours: 'larder', peers: ['KV put, publish, delivery'] },
      ],
    },
  ],
};
