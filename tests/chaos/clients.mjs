// The clients of a chaos run. Each does one thing after the other and notes
// what it asked and what it got; checker.mjs says what a note holds.

import { PsqlSession, literal } from '../e2e/support/postgres.mjs';
import { in_time, sleep } from '../e2e/support/wait.mjs';
import { now } from './cluster.mjs';
import { timeline_of } from './truth.mjs';

export const type = 'chaos';
const key_count = 24;
const ids = Array.from({ length: key_count }, (_, i) => `k${i}`);
/** What every client does within this was answered in time. */
export const patience_ms = 2_500;

export class History {
  constructor() {
    this.operations = [];
  }

  add(operation) {
    this.operations.push(operation);
    return operation;
  }
}

/** One client over NATS. */
export class Worker {
  constructor(name, { cluster, client, history, random, session = false, strict = false,
                      writes = 0, any_node = 0.5, batches = false }) {
    Object.assign(this, { name, cluster, client, history, random, session, strict,
                          writes, any_node, batches });
    this.written = 0;
    /** key -> what this session knows of it: {revision, from, epoch}. */
    this.knows = new Map();
  }

  async run(stopped) {
    while (!stopped()) {
      await sleep(this.random.between(5, 60));
      const id = this.pick_id();
      if (this.batches) {
        await this.read_many();
        continue;
      }
      const o = this.random.chance(this.writes) ? await this.write(id) : await this.read(id);
      // What this session knows now, other nodes may learn in a millisecond:
      // they are asked before.
      if (this.session && o.status === 200 && this.random.chance(0.5))
        for (const node of this.cluster.nodes)
          if (node.id !== o.node) await this.read(id, { node: node.id });
    }
  }

  /** Some keys are asked for far more often than others. */
  pick_id() {
    return ids[Math.floor(this.random.next() ** 2 * key_count)];
  }

  begin(op, id, more) {
    const node = this.random.chance(this.any_node)
      ? undefined : this.random.pick(this.cluster.nodes).id;
    return { client: this.name, session: this.session ? this.name : null, op,
             via: 'larder', key: `${type}/${id}`, asked: node, status: 0, ...more,
             begin: now(), end: null };
  }

  /** `send(options)` -> reply; what came of it goes into `o`. */
  async ask(o, headers, send, timeout = patience_ms) {
    try {
      const reply = await send({ headers, node: o.asked, timeout });
      o.end = now();
      o.status = reply.status;
      o.node = reply.node;
      if (reply.status !== 200) o.error = reply.message;
      return reply;
    } catch (error) {
      o.end = now();
      o.error = error.message;
      return null;
    } finally {
      this.history.add(o);
    }
  }

  async read(id, { node, timeout, probe } = {}) {
    const o = this.begin('get', id, { strict: this.strict || undefined, probe });
    if (node) o.asked = node;
    const known = this.session && this.knows.get(o.key);
    const headers = {};
    if (this.strict) headers['Larder-Allow-Stale'] = 'false';
    if (known) {
      headers['Larder-Min-Revision'] = known.revision;
      Object.assign(o, { min: known.revision, min_from: known.from, min_epoch: known.epoch });
    }
    const reply = await this.ask(o, headers, (options) => {
      o.begin = now();
      return this.client.get(type, id, options);
    }, timeout);
    if (reply?.status === 200) {
      Object.assign(o, { content: reply.text, revision: reply.revision, epoch: reply.epoch,
                         stale: reply.stale || undefined, tier: reply.tier });
      if (this.session) this.learn(o, 'read');
    } else if (reply?.status === 409) {
      // A restore took it; the session begins anew.
      this.knows.delete(o.key);
    }
    return o;
  }

  learn({ key, revision, epoch }, from) {
    const known = this.knows.get(key);
    const was = known ? timeline_of(known.epoch) : -1;
    const is = timeline_of(epoch);
    if (is > was || (is === was && revision > known.revision))
      this.knows.set(key, { revision, from, epoch });
  }

  async write(id) {
    const removes = this.random.chance(0.12);
    const content = removes ? null
      : JSON.stringify({ by: this.name, n: ++this.written,
                         pad: 'x'.repeat(this.random.below(400)) });
    const o = this.begin(removes ? 'delete' : 'put', id, { content });
    const headers = {};
    const known = this.knows.get(o.key);
    if (known && this.random.chance(0.3)) {
      o.expect = known.revision;
      headers['Larder-Expect-Revision'] = known.revision;
    }
    const reply = await this.ask(o, headers, (options) => {
      o.begin = now();
      return removes ? this.client.delete(type, id, options)
        : this.client.put(type, id, content, options);
    });
    if (reply?.status === 200) {
      const { revision, epoch } = reply.json;
      Object.assign(o, { revision, epoch });
      this.learn(o, 'write');
    } else if (reply?.status === 409) {
      this.knows.delete(o.key);
    }
    return o;
  }

  /** One request for several keys: a note for each of them. */
  async read_many() {
    const wanted = ids.filter(() => this.random.chance(0.4));
    if (wanted.length === 0) return;
    const batch = this.begin('get', wanted[0]);
    let results = [];
    try {
      batch.begin = now();
      const reply = await this.client.request(
        'template.mget', { keys: wanted.map((id) => ({ type, id })) },
        { node: batch.asked, timeout: patience_ms });
      batch.end = now();
      batch.node = reply.node;
      if (reply.status === 200) results = reply.json.results;
      else batch.status = reply.status;
    } catch (error) {
      batch.end = now();
      batch.error = error.message;
    }
    if (results.length === 0) return void this.history.add(batch);
    for (const result of results)
      this.history.add({
        ...batch, key: `${type}/${result.id}`, status: result.status,
        ...(result.status === 200
          ? { content: JSON.stringify(result.content), revision: result.revision,
              tier: result.tier, stale: result.stale || undefined }
          : {}) });
  }
}

/** A program that writes to PostgreSQL and knows nothing of Larder. */
export class SqlWriter {
  constructor(name, { cluster, history, random }) {
    Object.assign(this, { name, cluster, history, random });
    this.written = 0;
    this.psql = null;
  }

  async run(stopped) {
    while (!stopped()) {
      await sleep(this.random.between(50, 250));
      await this.write();
    }
    await this.psql?.close();
  }

  async write() {
    const { random } = this;
    const tag = `${this.name}-${++this.written}`;
    const removes = random.chance(0.15);
    // In one order, so that two such writers would not deadlock.
    const chosen = [...new Set(Array.from({ length: removes ? 1 : 1 + random.below(3) },
                                          () => random.pick(ids)))].sort();
    const contents = chosen.map((id) => removes ? null
      : JSON.stringify({ by: this.name, n: this.written, id }));
    const array = (list) => `ARRAY[${list.map((text) =>
      text === null ? 'NULL' : literal(text)).join(',')}]::text[]`;
    const pause = random.chance(0.3) ? random.between(0, 0.3) : 0;
    const begin = now();
    const changed = await this.query(
      `SELECT chaos.write(${literal(tag)}, ${array(chosen)}, ${array(contents)}, ${pause});`);
    const end = now();
    const done = Number(changed) === chosen.length;
    chosen.forEach((id, i) => this.history.add({
      client: this.name, session: null, op: removes ? 'delete' : 'put', via: 'sql',
      key: `${type}/${id}`, begin, end, tag, content: contents[i],
      status: done ? 200 : changed === '0' ? 404 : 0 }));
  }

  /** The answer, or null when it is not known whether there was one. */
  async query(sql) {
    this.psql ??= this.cluster.database.session();
    const { psql } = this;
    try {
      const gone = psql.closed.then(() => { throw new Error('psql has ended'); });
      return await in_time('psql', Promise.race([psql.query(sql), gone]), 30_000);
    } catch {
      psql.child.kill('SIGKILL');
      this.psql = null;
      await sleep(100);
      return null;
    }
  }
}

/** The usual mix. `connect(name)` gives each its own connection. */
export async function make_clients(cluster, history, random) {
  const over_nats = {
    'session-1': { session: true, writes: 0.3, any_node: 0.3 },
    'session-2': { session: true, writes: 0.3, any_node: 0.3 },
    'session-3': { session: true, any_node: 0 },
    'reader-1': { any_node: 1 },
    'reader-2': { any_node: 0 },
    'strict-1': { strict: true, any_node: 0.5 },
    'writer-1': { writes: 0.8, any_node: 0.5 },
    'batch-1': { batches: true, any_node: 0.5 },
  };
  const workers = await Promise.all(Object.entries(over_nats).map(async ([name, options]) =>
    new Worker(name, { cluster, history, random: random.branch(name),
                       client: await cluster.connect(name), ...options })));
  return [...workers, new SqlWriter('sql-1', { cluster, history, random: random.branch('sql') })];
}

/**
 * Asks one node, again and again, for a value that has to be fresh: one that
 * memory may hold, and one that never was. From these is told how soon a node
 * has recovered.
 */
export class Prober {
  static every_ms = 100;

  constructor(node, options) {
    this.node = node;
    this.worker = new Worker(`probe-${node.id}`, { ...options, strict: true });
    this.absent = 0;
    /** When, by kind of probe, the last good one was asked. */
    this.good = { hot: 0, cold: 0 };
  }

  async run(stopped) {
    const going = new Set();
    for (let hot = true; !stopped(); hot = !hot) {
      const one = this.probe(hot ? 'hot' : 'cold').finally(() => going.delete(one));
      going.add(one);
      await sleep(Prober.every_ms / 2);
    }
    await Promise.all(going);
  }

  async probe(probe) {
    const id = probe === 'hot' ? 'k0' : `never-${this.absent++ % 50}`;
    const o = await this.worker.read(id, { node: this.node.id, timeout: 1_000, probe });
    if (is_fresh(o)) this.good[probe] = Math.max(this.good[probe], o.begin);
  }

  /** Whether both kinds of probe that were asked after `time` were good. */
  good_since(time) {
    return this.good.hot > time && this.good.cold > time;
  }
}

export const is_fresh = (o) => (o.status === 200 || o.status === 404) && !o.stale;
