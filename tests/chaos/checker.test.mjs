// The checker on histories whose verdict is known.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check } from './checker.mjs';
import { blamed_as, copy, correct_history, plants } from './planted.mjs';
import { Random } from './random.mjs';

const per_plant = 5;

describe('the checker of histories', () => {
  test('blames nobody in 60 correct histories', () => {
    let judged = 0;
    let taken = 0;
    let acknowledged = 0;
    for (let seed = 1; seed <= 60; ++seed) {
      const verdict = check(correct_history(seed, { restores: seed % 4 }));
      assert.deepEqual(verdict.violations.slice(0, 3), [], `seed ${seed}`);
      judged += verdict.judged;
      acknowledged += verdict.acknowledged;
      taken += verdict.taken;
    }
    assert.ok(judged > 10_000, `${judged} reads judged`);
    assert.ok(acknowledged > 5_000, `${acknowledged} writes`);
    assert.ok(taken > 50, `${taken} writes taken by restores`);
  });

  let planted = 0;
  for (const [name, plant] of Object.entries(plants))
    test(`blames ${name}, and only that, ${per_plant} times of ${per_plant}`, () => {
      const kind = blamed_as[name] ?? name;
      let done = 0;
      for (let seed = 1; done < per_plant; ++seed) {
        assert.ok(seed < 200, `only ${done} histories have a place for ${name}`);
        const history = copy(correct_history(seed));
        const blamed = plant(history, new Random(seed));
        if (blamed === undefined) continue;
        const { violations } = check(history);
        assert.deepEqual(violations.map((v) => v.kind), [kind],
                         `seed ${seed}: ${JSON.stringify(violations.slice(0, 3))}`);
        assert.equal(violations[0].operation, blamed);
        assert.ok(violations[0].what.length > 10);
        ++done;
        ++planted;
      }
    });

  test('has been tried on 50 planted faults at least', () => {
    assert.ok(planted >= 50, `${planted}`);
  });

  test('takes 2 s from the acknowledgement to the beginning of the read, not less', () => {
    const put = (n, end) => ({ client: 'w', op: 'put', via: 'larder', key: 'k', status: 200,
      content: `{"n":${n}}`, revision: n, epoch: '1-1-1', begin: end - 5, end });
    const row = (n, at) => ({ key: 'k', revision: n, content: `{"n":${n}}`, at, timeline: 1 });
    const read = (begin) => ({ client: 'r', op: 'get', via: 'larder', key: 'k', status: 200,
      content: '{"n":1}', revision: 1, epoch: '1-1-1', begin, end: begin + 3 });
    const judge = (begin) => check({
      operations: [put(1, 1_000), put(2, 5_000), read(begin)],
      eras: [{ timeline: 1, down: 0, began: 0, rows: [row(1, 999), row(2, 4_999)] }],
    }).violations.map((v) => v.kind);
    assert.deepEqual(judge(6_999), []);
    assert.deepEqual(judge(7_000), ['stale_read']);
  });

  test('knows a write by SQL by its tag, and misses it when it is gone', () => {
    const operations = [
      { client: 'sql', op: 'put', via: 'sql', key: 'k', status: 200, content: '{"n":1}',
        tag: 'a', begin: 1, end: 2 },
      { client: 'sql', op: 'delete', via: 'sql', key: 'k', status: 200, content: null,
        tag: 'b', begin: 3, end: 4 }];
    const rows = [{ key: 'k', revision: 1, content: '{"n":1}', at: 2, timeline: 1, tag: 'a' },
                  { key: 'k', revision: 2, content: null, at: 4, timeline: 1, tag: 'b' }];
    const judge = (kept) => check({
      operations, eras: [{ timeline: 1, down: 0, began: 0, rows: kept }] })
      .violations.map((v) => v.kind);
    assert.deepEqual(judge(rows), []);
    assert.deepEqual(judge(rows.slice(0, 1)), ['lost_write']);
    assert.deepEqual(judge(rows.slice(1)), ['lost_write']);
  });
});
