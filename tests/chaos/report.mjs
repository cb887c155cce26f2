// What a chaos run has shown, in figures. Functions of their arguments.

import { quantile } from '../e2e/support/wait.mjs';
import { is_fresh, patience_ms } from './clients.mjs';
import { kinds } from './faults.mjs';

/** Seconds from the end of a fault until the nodes that it hit are fresh. */
export const recovery_bars_s = { node: 2, nats: 3, postgres: 5 };

const bar_of = (kind) => recovery_bars_s[kind.split('_')[0]] ?? recovery_bars_s.node;

const percent = (part, whole) => whole === 0 ? 'none' : `${(100 * part / whole).toFixed(2)} %`;

/**
 * For each fault and node it hit: `ms` until a hot and a cold probe that began
 * after its end were answered fresh. `clean`: no other fault hit the node
 * meanwhile or was not recovered from yet.
 */
export function recoveries(faults, operations) {
  const probes = new Map();
  for (const o of operations)
    if (o.probe && is_fresh(o)) {
      const name = `${o.asked} ${o.probe}`;
      if (!probes.has(name)) probes.set(name, []);
      probes.get(name).push(o);
    }
  for (const list of probes.values()) list.sort((a, b) => a.begin - b.begin);
  const fresh_at = (node, time) => {
    const ends = ['hot', 'cold'].map((probe) =>
      probes.get(`${node} ${probe}`)?.find((o) => o.begin >= time)?.end ?? Infinity);
    return Math.max(...ends);
  };
  const all = faults.filter((fault) => fault.ended !== null).flatMap((fault) =>
    fault.hits.map((node) => ({
      fault: fault.n, kind: fault.kind, node, began: fault.began, ended: fault.ended,
      fresh: fresh_at(node, fault.ended) })));
  return all.map((one) => ({
    ...one,
    ms: one.fresh - one.ended,
    clean: !all.some((other) => other.fault !== one.fault && other.node === one.node
      && other.began < one.fresh && other.fresh > one.ended),
  }));
}

function answered(operations) {
  const good = operations.filter((o) =>
    [200, 404, 409].includes(o.status) && o.end - o.begin <= patience_ms).length;
  return { asked: operations.length, answered: good };
}

export function summarize({ history, faults, verdict, deaths, network, bucket, seed, minutes }) {
  const { operations } = history;
  const mine = operations.filter((o) => !o.probe && o.via === 'larder');
  const reads = mine.filter((o) => o.op === 'get');
  const values = reads.filter((o) => o.status === 200);
  const count = (kind) => verdict.violations.filter((v) => v.kind === kind).length;
  const by_kind = {};
  const recovered = recoveries(faults, operations);
  for (const name of Object.keys(kinds)) {
    const clean = recovered.filter((r) => r.kind === name && r.clean).map((r) => r.ms);
    by_kind[name] = {
      faults: faults.filter((fault) => fault.kind === name).length,
      measured: clean.length,
      bar_ms: bar_of(name) * 1_000,
      ...(clean.length > 0 ? {
        median_ms: Math.round(quantile(clean, 0.5)), p90_ms: Math.round(quantile(clean, 0.9)),
        most_ms: Math.round(Math.max(...clean)),
        within_bar: clean.filter((ms) => ms <= bar_of(name) * 1_000).length } : {}),
    };
  }
  const kinds_of_violation = {};
  for (const v of verdict.violations)
    kinds_of_violation[v.kind] = (kinds_of_violation[v.kind] ?? 0) + 1;
  return {
    seed, minutes, network, bucket,
    faults: faults.length,
    operations: operations.length,
    reads: reads.length,
    reads_judged: verdict.judged,
    writes_acknowledged: verdict.acknowledged,
    writes_taken_by_restores: verdict.taken,
    acknowledged_writes_lost: count('lost_write') + count('final_state'),
    unmarked_stale_reads: count('stale_read'),
    read_your_writes_violations: count('read_your_writes'),
    monotonic_reads_violations: count('monotonic_reads'),
    other_violations: verdict.violations.length - ['lost_write', 'final_state', 'stale_read',
      'read_your_writes', 'monotonic_reads'].reduce((sum, kind) => sum + count(kind), 0),
    violations_by_kind: kinds_of_violation,
    nodes_that_died: deaths.length,
    availability: {
      any_node: answered(mine.filter((o) => !o.asked)),
      one_node: answered(mine.filter((o) => o.asked)) },
    values_answered: values.length,
    values_marked_stale: values.filter((o) => o.stale).length,
    by_tier: Object.fromEntries(['memory', 'jetstream', 'postgres'].map((tier) =>
      [tier, values.filter((o) => o.tier === tier).length])),
    recovery: by_kind,
    recoveries: recovered,
  };
}

export function table_of(s) {
  const lines = [
    ['seed', s.seed], ['links', s.network], ['bucket in', s.bucket], ['faults', s.faults],
    ['operations', s.operations], ['reads judged', s.reads_judged],
    ['writes acknowledged', s.writes_acknowledged],
    ['… taken by restores, which the operator asked for', s.writes_taken_by_restores],
    ['acknowledged writes lost', s.acknowledged_writes_lost],
    ['unmarked stale reads', s.unmarked_stale_reads],
    ['violations of read-your-writes', s.read_your_writes_violations],
    ['violations of monotonic reads', s.monotonic_reads_violations],
    ['other violations', s.other_violations],
    ['nodes that ended of themselves', s.nodes_that_died],
    ['availability, whichever node takes it',
     percent(s.availability.any_node.answered, s.availability.any_node.asked)],
    ['availability, one node asked (also while it is down)',
     percent(s.availability.one_node.answered, s.availability.one_node.asked)],
    ['values marked stale', percent(s.values_marked_stale, s.values_answered)],
    ['values from memory, JetStream, PostgreSQL', Object.values(s.by_tier).join(', ')],
  ].map(([name, value]) => `  ${name.padEnd(54)}${value}`);
  const row = (cells) => `  ${cells[0].padEnd(18)}${cells.slice(1).map((c) =>
    String(c).padStart(11)).join('')}`;
  lines.push('', '  From the end of a fault until the node answers fresh (no other fault near):',
             row(['fault', 'faults', 'measured', 'median ms', 'p90 ms', 'most ms', 'bar ms',
                  'within']));
  for (const [name, r] of Object.entries(s.recovery))
    lines.push(row([name, r.faults, r.measured, r.median_ms ?? '', r.p90_ms ?? '',
                    r.most_ms ?? '', r.bar_ms,
                    r.measured > 0 ? `${r.within_bar}/${r.measured}` : '']));
  return lines.join('\n');
}
