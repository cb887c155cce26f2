// Writers and readers who run while something goes wrong, and the verdict on
// every answer: one that is not marked stale must be at least as new as the
// newest write that was acknowledged 2 s before the read began.
//
// Each key holds {"n": …}, which only grows and has one writer: psql, or puts
// through a node. A key whose write is in doubt is left for a new one. Readers
// do not wait for one answer before they ask again, so that questions pile up
// where nobody answers, and are judged when the answers come.

import assert from 'node:assert/strict';
import { eventually, sleep } from '../../../e2e/support/wait.mjs';
import { figure } from './figures.mjs';

export const allowed_ms = 2_000;
const most_in_flight = 2_000;

export class Judge {
  /**
   * `readers`: ids of the nodes that are asked. `writers`: ids of the nodes
   * that are put through. `client`: who asks (env.client).
   */
  constructor(env, { readers, writers = [], psql = true, pause_ms = 20, patience_ms = 30_000 }) {
    Object.assign(this, { env, readers, writers, psql, pause_ms, patience_ms });
    this.type = `judged-${Math.random().toString(36).slice(2, 8)}`;
    this.keys = [];
    this.reset();
  }

  reset() {
    this.answers = { fresh: 0, marked: 0, refused: 0, none: 0 };
    this.oldest_ms = 0;
    this.writes = 0;
    this.wrong = [];
  }

  async start() {
    this.stopped = false;
    this.client = await this.env.connect();
    const write = [];
    if (this.psql) write.push(...Array(3).fill(this.psql_writer()));
    for (const node of this.writers) write.push(...Array(3).fill(this.put_writer(node)));
    this.loops = write.map((one, i) => this.keep_writing(`key-${i}`, one));
    await eventually('every judged key to be written', async () =>
      this.keys.length === write.length && this.keys.every((key) => key.acknowledged.length > 0));
    this.loops.push(...this.readers.map((node) => this.keep_reading(node)));
  }

  async stop() {
    this.stopped = true;
    await Promise.all(this.loops);
    await this.client.close();
  }

  // -- writers -----------------------------------------------------------------

  psql_writer() {
    const session = this.env.psql();
    return async (id, n) => {
      const value = `'{"n":${n}}'`;
      await session.query(
        `INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw, content)
         VALUES ('${this.type}', '${id}', ${value}, ${value})
         ON CONFLICT (artifact_type, artifact_id)
         DO UPDATE SET content_raw = EXCLUDED.content_raw, content = EXCLUDED.content;`);
      return true;
    };
  }

  put_writer(node) {
    return async (id, n) =>
      (await this.client.put(this.type, id, `{"n":${n}}`, { node, timeout: 4_000 })).ok;
  }

  async keep_writing(name, write) {
    for (let generation = 0; !this.stopped; ++generation) {
      const key = { id: `${name}.${generation}`, acknowledged: [] };
      const old = this.keys.findIndex((one) => one.id.startsWith(`${name}.`));
      for (let n = 1; !this.stopped; ++n) {
        const done = await write(key.id, n).catch(() => false);
        if (!done) break;
        key.acknowledged.push({ at: performance.now(), n });
        ++this.writes;
        // Asked for only when it is there.
        if (n === 1) this.keys.splice(old < 0 ? this.keys.length : old, old < 0 ? 0 : 1, key);
        await sleep(this.pause_ms);
      }
      await sleep(this.pause_ms);
    }
  }

  // -- readers -----------------------------------------------------------------

  async keep_reading(node) {
    const waiting = new Set();
    let answered = performance.now();
    while (!this.stopped) {
      if (waiting.size < most_in_flight) {
        const asked = this.read(node);
        waiting.add(asked);
        asked.then((came) => {
          waiting.delete(asked);
          if (came) answered = performance.now();
        });
      }
      // Fewer where nobody answers.
      await sleep(performance.now() - answered > 500 ? this.pause_ms * 2 : this.pause_ms / 4);
    }
    await Promise.all(waiting);
  }

  async read(node) {
    const key = this.keys[Math.floor(Math.random() * this.keys.length)];
    const begin = performance.now();
    let reply;
    try {
      reply = await this.client.get(this.type, key.id, { node, timeout: this.patience_ms });
    } catch {
      ++this.answers.none;
      return false;
    }
    if (reply.ok ? reply.stale : reply.status !== 404) {
      ++this.answers[reply.ok ? 'marked' : 'refused'];
      return true;
    }
    ++this.answers.fresh;
    const n = reply.ok ? reply.json.n : 0;
    const newer = key.acknowledged.find((write) => write.n > n);
    const age = newer ? begin - newer.at : 0;
    this.oldest_ms = Math.max(this.oldest_ms, age);
    if (age > allowed_ms)
      this.wrong.push(`${node} answered ${n} of ${key.id} from ${reply.tier}, ${age.toFixed(0)} ms `
                      + `after ${newer.n} was acknowledged; fetched in `
                      + `${(performance.now() - begin).toFixed(0)} ms`);
    return true;
  }

  /** Prints what there was since the last verdict; fails on a wrong answer. */
  verdict(what) {
    const { fresh, marked, refused, none } = this.answers;
    const wrong = this.wrong;
    figure(`${what}: answers older than ${allowed_ms} ms and not marked`,
           `${wrong.length} of ${fresh}; the oldest ${Math.max(0, this.oldest_ms).toFixed(0)} ms; `
           + `besides ${marked} marked, ${refused} refused, ${none} without an answer; `
           + `${this.writes} writes`, '0');
    this.reset();
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} answers`);
    assert.ok(fresh > 0, 'nothing was judged');
  }
}
