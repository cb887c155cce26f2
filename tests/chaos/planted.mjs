// Histories whose verdict is known: correct ones, made from a seed, and faults
// to plant in them. For checker.test.mjs.

import { Random } from './random.mjs';

const system = '7000000000000000001';
const epoch_of = (timeline) => `${system}-${timeline}-1`;

/**
 * A correct history: clients of a store that loses nothing, whose readers are
 * given any state that the guarantee allows, the oldest one most often. With
 * restores, writes without an answer, deletes, SQL.
 */
export function correct_history(seed, { steps = 1_500, keys = 6, restores = 2 } = {}) {
  return new Maker(new Random(seed), steps, keys, restores).make();
}

class Maker {
  constructor(random, steps, keys, restores) {
    Object.assign(this, { random, steps, restores });
    this.keys = Array.from({ length: keys }, (_, i) => `chaos/${i}`);
    this.now = 1_000_000;
    this.revision = 0;
    this.timeline = 1;
    this.operations = [];
    this.rows = [];
    this.eras = [{ timeline: 1, down: 0, began: 0 }];
    /** key -> every state so far, and when it was known to be there. */
    this.states = new Map(this.keys.map((key) =>
      [key, [{ revision: 0, content: null, known: 0, timeline: 0 }]]));
    this.sessions = new Map();
  }

  make() {
    const every = Math.floor(this.steps / (this.restores + 1));
    for (let i = 1; i <= this.steps; ++i) {
      this.now += this.random.between(5, 60);
      if (i % every === 0 && this.eras.length <= this.restores) this.restore();
      else if (this.random.chance(0.3)) this.write();
      else this.read();
    }
    this.eras.at(-1).rows = this.rows;
    const final = this.keys.map((key) => {
      const { content, revision } = this.states.get(key).at(-1);
      return { key, content, revision };
    }).filter((row) => row.content !== null);
    return { operations: this.operations, eras: this.eras, final };
  }

  write() {
    const { random } = this;
    const key = random.pick(this.keys);
    const states = this.states.get(key);
    const current = states.at(-1);
    const op = current.content !== null && random.chance(0.15) ? 'delete' : 'put';
    const via = random.chance(0.2) ? 'sql' : 'larder';
    const n = this.operations.length;
    const begin = this.now;
    this.now += random.between(1, 20);
    const o = { client: 'writer', op, via, key, begin, tag: `w${n}`, status: 0,
                content: op === 'put' ? `{"n":${n}}` : null };
    if (via === 'larder' && random.chance(0.2))
      o.expect = current.content === null ? 0 : current.revision;
    const answered = random.chance(0.9);
    if (answered || random.chance(0.5)) {
      const state = { revision: ++this.revision, content: o.content, known: null,
                      timeline: this.timeline };
      this.rows.push({ key, revision: state.revision, content: state.content,
                       at: this.now, timeline: this.timeline,
                       tag: via === 'sql' ? o.tag : null });
      states.push(state);
      if (answered) {
        state.known = this.now + 1;
        o.status = 200;
        if (via === 'larder')
          Object.assign(o, { revision: state.revision, epoch: epoch_of(this.timeline) });
      }
    }
    o.end = this.now + 1;
    o.session = via === 'larder' && random.chance(0.5) ? 's1' : null;
    if (o.session && o.status === 200)
      this.sessions.set(`${o.session} ${key}`,
                        { revision: o.revision, from: 'write', timeline: this.timeline });
    this.operations.push(o);
  }

  read() {
    const { random } = this;
    const key = random.pick(this.keys);
    const states = this.states.get(key);
    const begin = this.now;
    const strict = random.chance(0.2);
    const stale = !strict && random.chance(0.15);
    const session = random.chance(0.5) ? random.pick(['s1', 's2']) : null;
    const memory = session && this.sessions.get(`${session} ${key}`);
    const o = { client: session ?? 'reader', session, op: 'get', via: 'larder', key,
                begin, strict, stale, status: 200 };
    let oldest = 0;
    if (!stale)
      states.forEach((s, p) => { if (s.known !== null && s.known <= begin - 2_000) oldest = p; });
    if (memory) {
      Object.assign(o, { min: memory.revision, min_from: memory.from,
                         min_epoch: epoch_of(memory.timeline) });
      if (memory.timeline === this.timeline)
        states.forEach((s, p) => {
          if ((s.timeline === this.timeline || s.era === this.timeline)
              && s.revision <= memory.revision)
            oldest = Math.max(oldest, p);
        });
      else
        oldest = Math.max(oldest, states.findLastIndex((s) => s.restored));
    }
    const place = random.chance(0.6) ? oldest
      : oldest + random.below(states.length - oldest);
    const state = states[place];
    o.end = begin + random.between(1, 15);
    if (state.content === null) Object.assign(o, { status: 404, stale: false });
    else Object.assign(o, { content: state.content, revision: state.revision,
                            epoch: epoch_of(Math.max(state.timeline, state.era ?? 1)) });
    if (state.content === null && stale) {
      // "Not found" carries no mark: it has to be true.
      const current = states.at(-1);
      if (current.content === null) Object.assign(o, { status: 404 });
      else Object.assign(o, { status: 200, content: current.content, stale: false,
                              revision: current.revision, epoch: epoch_of(this.timeline) });
    }
    if (session && o.status === 200
        && (!memory || memory.timeline !== this.timeline || o.revision > memory.revision)
        && o.epoch === epoch_of(this.timeline))
      this.sessions.set(`${session} ${key}`, { revision: o.revision, from: 'read',
                                               timeline: this.timeline });
    this.operations.push(o);
  }

  restore() {
    const down = this.now;
    this.eras.at(-1).rows = this.rows;
    this.now += 1_500;
    // The last writes of the era are not in the backup.
    this.rows = this.rows.slice(0, -Math.min(this.random.below(12), this.rows.length));
    this.revision = Math.max(0, ...this.rows.map((row) => row.revision));
    ++this.timeline;
    this.eras.push({ timeline: this.timeline, down, began: this.now });
    for (const [key, states] of this.states) {
      const row = this.rows.filter((r) => r.key === key).at(-1);
      states.push({ revision: row?.revision ?? 0, content: row?.content ?? null,
                    known: this.now, timeline: row?.timeline ?? 0,
                    era: this.timeline, restored: true });
    }
  }
}

// -- faults --------------------------------------------------------------------

const copy = (history) => structuredClone(history);

/** The operations that `fits`, by place. */
function places(history, fits) {
  return history.operations.flatMap((o, i) => fits(o, i) ? [i] : []);
}

const era_at = (history, time) =>
  history.eras.findLast((era) => era.began <= time);

/** Acknowledged writes of `key` that a read at `begin` has to know, in order. */
function known_writes(history, key, begin) {
  const era = era_at(history, begin);
  return history.operations.filter((o) =>
    o.op !== 'get' && o.key === key && o.status === 200 && o.via === 'larder'
    && o.begin > era.began && o.end <= begin - 2_001);
}

const is_read = (o) => o.op === 'get' && o.status === 200 && !o.stale && !o.min;

/**
 * kind -> (history, random): plants one fault of that kind and returns the
 * place of the operation that is to be blamed (null: none, the table), or
 * undefined where the history has no place for it.
 */
export const plants = {
  lost_write(history, random) {
    const i = random.pick(places(history, (o) => o.op !== 'get' && o.status === 200
      && o.via === 'larder'));
    const { revision, key } = history.operations[i];
    for (const era of history.eras)
      era.rows = era.rows.filter((row) => row.revision !== revision || row.key !== key);
    // Nobody has read it either.
    history.operations = history.operations.filter((o, p) => p <= i
      || o.key !== key || o.op !== 'get');
    history.final = null;
    return i;
  },

  stale_read(history, random) {
    const i = random.pick(places(history, (o) => is_read(o)
      && known_writes(history, o.key, o.begin).filter((w) => w.op === 'put').length >= 2));
    if (i === undefined) return undefined;
    const o = history.operations[i];
    const old = known_writes(history, o.key, o.begin).filter((w) => w.op === 'put').at(-2);
    Object.assign(o, { content: old.content, revision: old.revision, epoch: old.epoch });
    return i;
  },

  /** A deleted key that comes back to life. */
  resurrected(history, random) {
    const i = random.pick(places(history, (o) => {
      if (o.op !== 'get' || o.stale || o.min) return false;
      const writes = known_writes(history, o.key, o.begin);
      return writes.at(-1)?.op === 'delete' && writes.at(-2)?.op === 'put';
    }));
    if (i === undefined) return undefined;
    const o = history.operations[i];
    const old = known_writes(history, o.key, o.begin).at(-2);
    Object.assign(o, { status: 200, content: old.content, revision: old.revision,
                       epoch: old.epoch });
    return i;
  },

  /** A key that was written and is not found. */
  not_found(history, random) {
    const i = random.pick(places(history, (o) => is_read(o)
      && !history.operations.some((w) => w.op === 'delete' && w.key === o.key
        && w.begin < o.end + 1_000)
      && known_writes(history, o.key, o.begin).length >= 1));
    if (i === undefined) return undefined;
    const o = history.operations[i];
    o.status = 404;
    delete o.content;
    return i;
  },

  /** What a restore took away is answered long after it. */
  taken_read(history, random) {
    const [first, second] = history.eras;
    const survives = new Set(second.rows.map((row) => row.revision));
    const gone = first.rows.filter((row) => row.content !== null
      && !survives.has(row.revision));
    const row = random.pick(gone);
    if (!row) return undefined;
    const i = random.pick(places(history, (o) => is_read(o) && o.key === row.key
      && o.begin > second.began + 2_001));
    if (i === undefined) return undefined;
    Object.assign(history.operations[i], { content: row.content, revision: row.revision,
                                           epoch: epoch_of(first.timeline) });
    return i;
  },

  read_your_writes: (history, random) => behind(history, random, 'write'),
  monotonic_reads: (history, random) => behind(history, random, 'read'),

  /** "Not found" for a revision that this session wrote, and nobody deleted. */
  own_not_found(history, random) {
    const i = random.pick(places(history, (o) => o.op === 'get' && o.min && o.status === 200
      && o.min_from === 'write' && era_at(history, o.begin).timeline === timeline(o.min_epoch)
      && !history.operations.some((w) => w.op === 'delete' && w.key === o.key
        && w.begin < o.end + 1_000 && w.begin > era_at(history, o.begin).began)));
    if (i === undefined) return undefined;
    Object.assign(history.operations[i], { status: 404, stale: false });
    return i;
  },

  refused_revision(history, random) {
    const i = random.pick(places(history, (o) => o.op === 'get' && o.min
      && era_at(history, o.begin).timeline === timeline(o.min_epoch)
      && !history.eras.some((era) => era.down > o.begin - 1 && era.down <= o.end)));
    if (i === undefined) return undefined;
    history.operations[i].status = 409;
    return i;
  },

  never_committed(history, random) {
    const i = random.pick(places(history, (o) => o.op === 'get' && o.status === 200));
    history.operations[i].content = '{"n":"never"}';
    return i;
  },

  wrong_revision(history, random) {
    const i = random.pick(places(history, is_read));
    history.operations[i].revision += 100_000;
    return i;
  },

  stale_to_strict(history, random) {
    const i = random.pick(places(history, (o) => o.op === 'get' && o.strict
      && o.status === 200));
    history.operations[i].stale = true;
    return i;
  },

  lost_update(history, random) {
    const i = random.pick(places(history, (o) => o.op === 'put' && o.status === 200
      && o.expect > 0));
    history.operations[i].expect -= 1;
    return i;
  },

  final_state(history, random) {
    const row = random.pick(history.final);
    row.content = '{"n":"other"}';
    return null;
  },
};

/** What each plant is to be blamed as, where it is not its own name. */
export const blamed_as = {
  resurrected: 'stale_read', not_found: 'stale_read', taken_read: 'stale_read',
  own_not_found: 'read_your_writes',
};

const timeline = (epoch) => Number(epoch.split('-')[1]);

/** A marked answer, so that nothing but the session is broken. */
function behind(history, random, from) {
  const i = random.pick(places(history, (o) => o.op === 'get' && o.min && !o.strict
    && o.min_from === from && era_at(history, o.begin).timeline === timeline(o.min_epoch)
    && older(history, o).length > 0));
  if (i === undefined) return undefined;
  const o = history.operations[i];
  const row = random.pick(older(history, o));
  Object.assign(o, { status: 200, stale: true, content: row.content,
                     revision: row.revision, epoch: o.min_epoch });
  return i;
}

function older(history, o) {
  const era = era_at(history, o.begin);
  return era.rows.filter((row) => row.key === o.key && row.content !== null
    && row.timeline === era.timeline && row.revision < o.min);
}

export { copy };
