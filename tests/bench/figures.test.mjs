// The picture of the rows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { svg_of } from './figures.mjs';

const row = (better, ratio) => ({
  title: 'row', against: 'peer', better, bar: 1, verdict: 'met', unit: '',
  ratio: { median: ratio, min: ratio, max: ratio },
});

// Being ahead where the peer is behind gave a negative ratio, and no row a bar.
test('draws every row where one has a ratio below zero', () => {
  const svg = svg_of({
    started: '2026-01-01T00:00:00Z',
    machine: { cores: 2, cpu: 'any' },
    rows: [row('more', 3), row('less', -0.03), row('less', 0)],
  });
  assert.doesNotMatch(svg, /NaN|Infinity/);
  assert.equal(svg.match(/<rect x=/g).length, 3);
});
