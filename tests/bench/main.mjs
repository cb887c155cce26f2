// Measures Larder beside its peers; see tests/bench/run, which starts this.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { alternate, judge, machine, most_spread } from './measure.mjs';
import { below_memory } from './below_memory.mjs';
import { changes } from './changes.mjs';
import { in_process_rows } from './in_process.mjs';
import { over_nats } from './over_nats.mjs';
import { packages } from './packages.mjs';
import { soak } from './soak.mjs';
import { table_of } from './table.mjs';
import { svg_of } from './figures.mjs';

const groups = [over_nats, below_memory, in_process_rows, packages, changes, soak];

const { values: given } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '1' },
    again: { type: 'string', default: '2' },
    traces: { type: 'string' },
    out: { type: 'string' },
    soak: { type: 'string', default: '10' },
  },
});
const settings = {
  rounds: Number(given.rounds), seconds: Number(given.seconds), traces: given.traces,
  soak: Number(given.soak),
};
const wanted = (measure) => given.only.length === 0
  || given.only.some((id) => measure.id.startsWith(id));

const unknown = given.only.filter((id) => !groups.some((group) =>
  group.scenarios.some((s) => s.measures.some((m) => m.id.startsWith(id)))));
if (unknown.length > 0) {
  console.error(`tests/bench/run: there is no row ${unknown.join(', ')}; there are:`);
  for (const group of groups)
    for (const s of group.scenarios)
      for (const m of s.measures) console.error(`  ${m.id.padEnd(16)} ${m.title}, against ${m.against}`);
  process.exit(2);
}

const on_terminal = process.stdout.isTTY;
const say = (text, last = true) => {
  if (on_terminal) process.stdout.write(`\r\x1b[K${text}${last ? '\n' : ''}`);
  else if (last) console.log(text);
};

/** One scenario: again while a peer is too restless for a verdict. */
async function measured(scenario, place) {
  const measures = scenario.measures.filter(wanted);
  await scenario.before?.(place);
  for (let attempt = 0; ; ++attempt) {
    const results = await alternate(
      await scenario.contenders(place, settings), scenario.rounds ?? settings.rounds,
      (round, rounds, name) => say(`  ${scenario.name}: round ${round} of ${rounds}, ${name}`, false));
    const rows = measures.map((measure) => judge(measure, results));
    for (const row of rows) say(table_of([row]).split('\n').at(-1));
    if (attempt >= Number(given.again) || rows.every((row) => row.verdict !== 'refused'))
      return rows;
    say(`  the peer's rounds differ by more than ${most_spread * 100} %: once more`);
  }
}

const started = new Date();
const report = { started: started.toISOString(), machine: machine(), settings, rows: [] };
for (const group of groups) {
  const scenarios = group.scenarios.filter((s) => s.measures.some(wanted));
  if (scenarios.length === 0 || (group.only_when_asked && given.only.length === 0)) continue;
  say(`${group.name}: starting servers and nodes`);
  const place = await group.furnish(settings);
  try {
    for (const scenario of scenarios) report.rows.push(...await measured(scenario, place));
  } finally {
    await place.stop();
  }
}
report.machine.load_average_after = machine().load_average;

const here = path.dirname(fileURLToPath(import.meta.url));
const results = given.out ?? path.join(here, 'results');
mkdirSync(results, { recursive: true });
const stem = path.join(results, started.toISOString().replaceAll(':', '').slice(0, 17));
writeFileSync(`${stem}.json`, `${JSON.stringify(report, null, 1)}\n`);
writeFileSync(`${stem}.svg`, svg_of(report));
console.log(`\n${table_of(report.rows)}\n\n${stem}.json\n${stem}.svg`);
process.exit(report.rows.some((row) => row.verdict === 'missed') ? 1 : 0);
