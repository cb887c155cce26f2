// Judges a history by what PostgreSQL committed. A violation has one of these
// kinds:
//
//   lost_write        a write was acknowledged and PostgreSQL does not have it
//   stale_read        a read without a mark gave a state that was replaced by a
//                     write acknowledged 2 s before the read began, or by a
//                     restore that was over 2 s before
//   read_your_writes  a read that asked for the revision which its own session
//                     wrote got an older state, marked or not
//   monotonic_reads   the same for the revision that its session had read
//   refused_revision  a read that asked for a revision was told that there is
//                     no such revision, and no restore can have taken it
//   never_committed   what was read was never committed
//   wrong_revision    it was committed, but under another revision
//   stale_to_strict   a value marked stale went to Larder-Allow-Stale: false
//   lost_update       a write that expected a revision replaced another one
//   final_state       the table's last content is not the last state committed
//
// What a restore took away (it was committed, the backup did not have it) is
// counted apart: the operator took it.
//
// Sessions pass on Larder-Min-Revision. Revisions compare within one timeline
// of PostgreSQL only, and so do sessions.
//
// Times are milliseconds. An operation's `begin` is before it was sent and its
// `end` after its answer was read, so a history is never judged more sternly
// than it was. Used by chaos.mjs; tested by checker.test.mjs on planted faults.
// Functions of their arguments.

import { KeyStates, states_of, timeline_of } from './truth.mjs';

const freshness_ms = 2_000;
// Between our clock and the one of PostgreSQL, which is the same machine's.
const clock_slack_ms = 1_000;

/**
 * `history`: {operations, eras, final}. operations:
 * [{client, session, op: get|put|delete, via: larder|sql, key, begin, end,
 *   status (0: no answer), revision, epoch, content, stale, strict, min,
 *   min_from: read|write, min_epoch, expect, tag}]; eras: see truth.mjs;
 * final: [{key, content, revision}], the table at the end.
 * Returns {violations: [{kind, operation, key, what}], taken, acknowledged,
 * judged}.
 */
export function check({ operations, eras, final = null }) {
  const judge = new Judge(operations, eras);
  operations.forEach((_, i) => judge.write(i));
  judge.sort_acknowledgements();
  operations.forEach((_, i) => judge.read(i));
  if (final) judge.final(final);
  const { violations, taken, acknowledged, judged } = judge;
  return { violations, taken, acknowledged, judged };
}

class Judge {
  constructor(operations, eras) {
    this.operations = operations;
    this.eras = eras;
    this.keys = states_of(eras);
    this.violations = [];
    this.taken = 0;
    this.acknowledged = 0;
    this.judged = 0;
    /** key -> [{end, place}], later the furthest place so far. */
    this.known = new Map();
    for (const [key, states] of this.keys)
      for (const [place, state] of states.list.entries())
        if (state.known !== null) this.know(key, state.known, place);
  }

  blame(kind, operation, key, what) {
    this.violations.push({ kind, operation, key, what });
  }

  know(key, end, place) {
    if (!this.known.has(key)) this.known.set(key, []);
    this.known.get(key).push({ end, place });
  }

  states(key) {
    return this.keys.get(key) ?? empty;
  }

  // -- writes ----------------------------------------------------------------

  write(i) {
    const o = this.operations[i];
    if (o.op === 'get' || o.status !== 200) return;
    ++this.acknowledged;
    const states = this.states(o.key);
    const place = this.place_of_write(o, states);
    if (place === undefined)
      return this.blame('lost_write', i, o.key,
        `${o.op} acknowledged with revision ${o.revision} (${o.epoch ?? o.tag}) `
        + 'is in no audit');
    if (o.expect !== undefined && o.expect !== null) {
      const before = states.at(place - 1);
      const current = before.content === null ? 0 : before.revision;
      if (current !== o.expect)
        this.blame('lost_update', i, o.key,
          `expected revision ${o.expect} and replaced ${current}`);
    }
    if (this.was_taken(states, place)) ++this.taken;
    this.know(o.key, o.end, place);
  }

  place_of_write(o, states) {
    const fits = (place) => {
      const state = states.at(place);
      return !state.restored && (o.op === 'put') === (state.content !== null)
        && (o.op !== 'put' || state.content === o.content);
    };
    // No revision comes back from SQL: the writer's tag says which it is.
    const places = o.via === 'sql'
      ? states.by_tag.get(o.tag)
      : states.by_revision.get(`${timeline_of(o.epoch)}:${o.revision}`);
    return places?.find(fits);
  }

  /** Whether a restore came after it and did not bring it back. */
  was_taken(states, place) {
    const next = states.list.findIndex((s, p) => p > place && s.restored);
    if (next < 0) return false;
    const back = states.at(next);
    const state = states.at(place);
    return back.timeline !== state.timeline || back.revision < state.revision;
  }

  sort_acknowledgements() {
    for (const list of this.known.values()) {
      list.sort((a, b) => a.end - b.end);
      let furthest = -1;
      for (const entry of list)
        entry.place = furthest = Math.max(furthest, entry.place);
    }
  }

  /** The oldest place that an unmarked read that began then may give. */
  oldest_allowed(key, begin) {
    const list = this.known.get(key) ?? [];
    const until = begin - freshness_ms;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].end <= until) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : list[low - 1].place;
  }

  // -- reads -----------------------------------------------------------------

  read(i) {
    const o = this.operations[i];
    if (o.op !== 'get') return;
    if (o.status === 409 && o.min) return this.refusal(i);
    if (o.status !== 200 && o.status !== 404) return;
    ++this.judged;
    if (o.status === 200 && o.stale && o.strict)
      this.blame('stale_to_strict', i, o.key, `revision ${o.revision}, marked stale`);
    const states = this.states(o.key);
    const place = this.place_of_read(i, states);
    if (place === undefined) return;
    if (o.min && this.breaks_session(i, states)) return;
    if (o.stale) return;
    const oldest = this.oldest_allowed(o.key, o.begin);
    if (place >= oldest) return;
    const newer = states.at(oldest);
    this.blame('stale_read', i, o.key,
      `gave ${name_of(states.at(place))}, which ${newer.restored ? 'a restore to '
        : ''}${name_of(newer)} had replaced more than 2 s before`);
  }

  /** The last place where the answer stands; blames and gives none if none. */
  place_of_read(i, states) {
    const o = this.operations[i];
    const begun = (p) => states.at(p).at <= o.end + clock_slack_ms;
    if (o.status === 404)
      return last(states.absent, begun)
        ?? this.blame('never_committed', i, o.key, 'not found, but was there all along');
    const places = states.by_content.get(o.content)?.filter(begun) ?? [];
    if (places.length === 0)
      return this.blame('never_committed', i, o.key,
        `revision ${o.revision} with ${o.content}, which was never committed`);
    return last(places, (p) => states.at(p).revision === o.revision)
      ?? this.blame('wrong_revision', i, o.key,
        `revision ${o.revision} with the content of revision `
        + `${states.at(places.at(-1)).revision}`);
  }

  /** Whether it gave what is older than its session knew; if so, blames it. */
  breaks_session(i, states) {
    const o = this.operations[i];
    const asked = timeline_of(o.min_epoch);
    if (o.status === 200
          ? timeline_of(o.epoch) !== asked || o.revision >= o.min
          : this.absent_since(o, states, asked))
      return false;
    this.blame(o.min_from === 'write' ? 'read_your_writes' : 'monotonic_reads', i, o.key,
      `asked for revision ${o.min} and got ${o.status === 200 ? o.revision
        : '"not found", which is older'}`);
    return true;
  }

  /** Absent as of a deletion that is newer than what was asked, or a restore. */
  absent_since(o, states, asked) {
    return this.restored_since(asked, o.end) || states.absent.some((p) => {
      const { timeline, revision, at } = states.at(p);
      return timeline === asked && revision >= o.min && at <= o.end + clock_slack_ms;
    });
  }

  refusal(i) {
    const o = this.operations[i];
    if (!this.restored_since(timeline_of(o.min_epoch), o.end))
      this.blame('refused_revision', i, o.key,
        `asked for revision ${o.min} (${o.min_epoch}) and got 409`);
  }

  /** Whether a backup of before may have replaced what that timeline wrote. */
  restored_since(timeline, end) {
    return this.eras.some((era, n) =>
      n > 0 && era.timeline > timeline && era.down <= end);
  }

  // -- the end ---------------------------------------------------------------

  final(rows) {
    const table = new Map(rows.map((row) => [row.key, row]));
    for (const key of new Set([...this.keys.keys(), ...table.keys()])) {
      const last_state = this.states(key).list.at(-1);
      const content = table.get(key)?.content ?? null;
      if (content !== last_state.content)
        this.blame('final_state', null, key,
          `the table holds ${content}, and ${name_of(last_state)} was committed last`);
    }
  }
}

/** Of a key that was never written. */
const empty = new KeyStates();

function last(places, fits) {
  for (let i = places.length; i-- > 0;) if (fits(places[i])) return places[i];
  return undefined;
}

const name_of = (state) => state.content === null
  ? `the absence of revision ${state.revision}`
  : `revision ${state.revision} (${state.content.slice(0, 80)})`;
