// What PostgreSQL committed, in the order of its revisions: the states that
// each key was in, one after the other, across restores.
//
// An era is the time between two restores: what was committed in it comes from
// an audit table that a trigger fills, read when the era ends and before the
// backup replaces it. A restore is an operator's write: it puts every key back
// into the state that it had in the backup.
//
// Used by checker.mjs. Functions of their arguments.

/**
 * A state of one key. `content` null: the key is absent. `at`: it was not seen
 * before. `known`: when its
 * being committed was known at the latest, without an acknowledgement (the
 * beginning, and restores); else null. `timeline`: of the PostgreSQL that
 * committed it.
 */
export class KeyStates {
  constructor() {
    this.list = [{ revision: 0, content: null, at: -Infinity, timeline: null,
                   era: 0, known: -Infinity }];
    this.by_content = new Map();
    this.by_revision = new Map();
    this.by_tag = new Map();
    this.absent = [0];
  }

  add(state) {
    const place = this.list.push(state) - 1;
    const append = (map, key) => {
      const places = map.get(key);
      if (places) places.push(place);
      else map.set(key, [place]);
    };
    if (state.content === null) this.absent.push(place);
    else append(this.by_content, state.content);
    append(this.by_revision, `${state.timeline}:${state.revision}`);
    if (state.tag) append(this.by_tag, state.tag);
  }

  at(place) {
    return this.list[place];
  }
}

/**
 * Map of key -> KeyStates from `eras`:
 * [{timeline, down, began, rows: [{key, revision, content, at, timeline, tag}]}],
 * oldest first. `rows`: all that the audit table held at the era's end, in any
 * order. `down`: when the PostgreSQL before it was stopped; `began`: when this
 * one was known to serve. `tag`: what a writer by SQL knows its write by.
 */
export function states_of(eras) {
  const keys = new Map();
  const of = (key) => {
    if (!keys.has(key)) keys.set(key, new KeyStates());
    return keys.get(key);
  };
  for (const [era, { timeline, down, began, rows }] of eras.entries()) {
    const mine = new Map();
    const restored = new Map();
    for (const row of rows) {
      if (row.timeline === timeline) {
        if (!mine.has(row.key)) mine.set(row.key, []);
        mine.get(row.key).push(row);
      } else if ((restored.get(row.key)?.revision ?? -1) < row.revision) {
        restored.set(row.key, row);
      }
    }
    if (era > 0) {
      for (const key of new Set([...keys.keys(), ...restored.keys()])) {
        const row = restored.get(key);
        of(key).add({
          revision: row?.revision ?? 0, content: row?.content ?? null,
          at: down, timeline: row?.timeline ?? null, era,
          known: began, restored: true,
        });
      }
    }
    for (const [key, list] of mine) {
      list.sort((a, b) => a.revision - b.revision);
      for (const { revision, content, at, tag } of list)
        of(key).add({ revision, content, at, tag, timeline, era, known: null });
    }
  }
  return keys;
}

/** "<system>-<timeline>-<counter>": the timeline; null where there is none. */
export function timeline_of(epoch) {
  const parts = (epoch ?? '').split('-');
  const timeline = Number(parts.at(-2));
  return parts.length >= 3 && Number.isInteger(timeline) ? timeline : null;
}
