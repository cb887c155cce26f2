// A chaos run: starts the cluster and its clients, injects faults, and judges
// what the clients saw. See README.md; `run` is the command.

import { createWriteStream, mkdirSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { eventually, sleep } from '../e2e/support/wait.mjs';
import { check } from './checker.mjs';
import { History, Prober, Worker, make_clients, type } from './clients.mjs';
import { Cluster, now } from './cluster.mjs';
import { Schedule, kinds } from './faults.mjs';
import { Random } from './random.mjs';
import { summarize, table_of } from './report.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

const help = `Usage: tests/chaos/run [OPTION…]

Runs three nodes, nats-server and PostgreSQL, breaks them and the links between
them for a while, and judges what clients saw meanwhile. tests/run installs and
builds what this needs.

  --minutes N       how long faults are injected (30)
  --seed N          which faults (a new one each time; it is printed)
  --every SECONDS   a fault so often, on average (5)
  --only KIND,…     these kinds of faults alone, to reduce what a run has found
  --network KIND    namespaces, proxies, or any: namespaces where the machine
                    allows them (any)
  --bucket STORAGE  memory or file: what JetStream keeps values in (the seed decides)
  --min-faults N    fewer are a failure (half of what is to be expected)
  --out DIR         where results go (build/chaos)
  --keep            keep the history and the logs though all was well
  --help            this text

LARDER_BIN names another program than build/release/larder.

Results: DIR/result.json, and with a violation or --keep DIR/history.jsonl,
DIR/truth.json and DIR/logs. Exit codes: 0 the guarantee held, 1 it did not, or
there were too few faults, 2 usage.
`;

function options_of(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: {
      minutes: { type: 'string', default: '30' }, seed: { type: 'string' },
      every: { type: 'string', default: '5' }, network: { type: 'string', default: 'any' },
      bucket: { type: 'string' }, only: { type: 'string' }, 'min-faults': { type: 'string' }, out: { type: 'string' },
      keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    } }));
  } catch (error) {
    fail_usage(error.message);
  }
  const number = (name) => {
    const n = Number(values[name]);
    if (!(n >= 0)) fail_usage(`--${name} takes a number, not "${values[name]}"`);
    return n;
  };
  if (!['any', 'namespaces', 'proxies'].includes(values.network))
    fail_usage(`--network takes any, namespaces or proxies, not "${values.network}"`);
  if (![undefined, 'memory', 'file'].includes(values.bucket))
    fail_usage(`--bucket takes memory or file, not "${values.bucket}"`);
  const only = values.only?.split(',');
  for (const kind of only ?? [])
    if (!kinds[kind])
      fail_usage(`--only takes kinds of ${Object.keys(kinds).join(', ')}; not "${kind}"`);
  const minutes = number('minutes');
  const every = number('every');
  return {
    ...values, only, minutes, every,
    seed: values.seed === undefined ? Date.now() % 1_000_000_000 : number('seed'),
    min_faults: values['min-faults'] === undefined
      ? Math.floor(minutes * 60 / every / 2) : number('min-faults'),
    out: path.resolve(values.out ?? path.join(here, '../../build/chaos')),
  };
}

function fail_usage(message) {
  console.error(`tests/chaos/run: ${message}. See --help.`);
  process.exit(2);
}

/** One line that is written over on a terminal, else one every 15 s. */
class Progress {
  constructor(line) {
    const tty = process.stderr.isTTY;
    this.timer = setInterval(() => {
      process.stderr.write(tty ? `\r\x1b[K${line().slice(0, (process.stderr.columns ?? 80) - 1)}`
        : `${line()}\n`);
    }, tty ? 500 : 15_000);
    this.tty = tty;
  }

  stop() {
    clearInterval(this.timer);
    if (this.tty) process.stderr.write('\r\x1b[K');
  }
}

async function write_history(file, operations) {
  const out = createWriteStream(file);
  for (const o of operations)
    if (!out.write(`${JSON.stringify(o)}\n`)) await once(out, 'drain');
  out.end();
  await once(out, 'finish');
}

/** Every node answers fresh and takes writes again. */
async function all_well(cluster, probers, worker) {
  const healed = now();
  await eventually('every node to answer fresh', () =>
    probers.every((prober) => prober.good_since(healed)), { within: 60_000 });
  for (const node of cluster.nodes)
    await eventually(`${node.id} to take writes`, async () =>
      (await worker.client.put(type, `end-${node.id}`, '{"end":true}',
                               { node: node.id, timeout: 2_500 })).ok, { within: 20_000 });
}

async function main() {
  const options = options_of(process.argv.slice(2));
  if (options.help) return void process.stdout.write(help);
  const random = new Random(options.seed);
  const bucket = options.bucket ?? random.branch('bucket').pick(['memory', 'file']);
  const cluster = new Cluster({ network: options.network, bucket,
                                random: random.branch('links') });
  const history = new History();
  const started = now();
  let outcome;
  try {
    await cluster.start();
    console.log(`seed ${options.seed}; ${cluster.network.kind} between nodes and servers; `
                + `bucket in ${bucket}; ${cluster.dir}`);
    outcome = await run(options, cluster, history, random);
  } finally {
    await cluster.stop();
  }
  const { eras, final, faults, unwell } = outcome;
  const verdict = check({ operations: history.operations, eras, final });
  for (const death of cluster.deaths)
    verdict.violations.push({ kind: 'node_died', operation: null, key: null,
                              what: `${death.node} ended: ${death.ended}\n${death.log}` });
  if (unwell) verdict.violations.push({ kind: 'not_recovered', operation: null, key: null,
                                        what: unwell });
  const summary = summarize({ history, faults, verdict, deaths: cluster.deaths, seed: options.seed,
                              network: cluster.network.kind, minutes: options.minutes, bucket });
  const keep = options.keep || verdict.violations.length > 0;
  await write_results(options.out, { summary, verdict, faults, history, eras, final, keep, cluster });
  cluster.remove();
  console.log(`\n${table_of(summary)}\n`);
  for (const v of verdict.violations.slice(0, 20))
    console.log(`${v.kind}${v.key ? ` ${v.key}` : ''}: ${v.what}\n  ${JSON.stringify(
      history.operations[v.operation] ?? {})}`);
  if (verdict.violations.length > 20)
    console.log(`… and ${verdict.violations.length - 20} more`);
  const too_few = faults.length < options.min_faults;
  if (too_few)
    console.log(`only ${faults.length} faults; ${options.min_faults} were expected at least`);
  console.log(`${verdict.violations.length === 0 ? 'The guarantee held' : 'VIOLATED'}: `
              + `${Math.round((now() - started) / 1_000)} s, results in ${options.out}`);
  process.exit(verdict.violations.length > 0 || too_few ? 1 : 0);
}

async function run(options, cluster, history, random) {
  const clients = await make_clients(cluster, history, random);
  const probers = await Promise.all(cluster.nodes.map(async (node) => new Prober(node, {
    cluster, history, random: random.branch(node.id),
    client: await cluster.connect(`probe-${node.id}`) })));
  const schedule = new Schedule(cluster, random.branch('faults'), {
    every_s: options.every, only: options.only, longest_s: Math.min(30, Math.max(2, options.minutes * 4)) });
  let clients_stop = false;
  let probes_stop = false;
  const working = Promise.all(clients.map((client) => client.run(() => clients_stop)));
  const probing = Promise.all(probers.map((prober) => prober.run(() => probes_stop)));
  const begin = now();
  const until = begin + options.minutes * 60_000;
  const progress = new Progress(() =>
    `${Math.round((now() - begin) / 1_000)} of ${options.minutes * 60} s, `
    + `${schedule.faults.length} faults, ${history.operations.length} operations`
    + `${schedule.now_running ? `; ${schedule.now_running}` : ''}`);
  let unwell = null;
  const last = new Worker('last', { cluster, history, random, strict: true,
                                    client: await cluster.connect('last') });
  try {
    await schedule.run(until);
    await all_well(cluster, probers, last).catch((error) => { unwell = error.message; });
  } finally {
    clients_stop = probes_stop = true;
    progress.stop();
  }
  await Promise.all([working, probing]);
  // By now every read has to give the last write.
  await sleep(2_100);
  const keys = new Set(history.operations.map((o) => o.key));
  for (const node of cluster.nodes)
    for (const key of keys) await last.read(key.slice(type.length + 1), { node: node.id });
  const { database } = cluster;
  database.eras.at(-1).rows = await database.read_audit();
  return { eras: database.eras, final: await database.read_table(), unwell,
           faults: schedule.faults };
}

async function write_results(out, { summary, verdict, faults, history, eras, final, keep, cluster }) {
  mkdirSync(out, { recursive: true });
  for (const name of ['history.jsonl', 'truth.json', 'logs'])
    rmSync(path.join(out, name), { recursive: true, force: true });
  writeFileSync(path.join(out, 'result.json'), JSON.stringify({
    ...summary, violations: verdict.violations.map((v) => ({
      ...v, operation: history.operations[v.operation] })),
    injected: faults }, null, 1));
  if (!keep) return;
  await write_history(path.join(out, 'history.jsonl'), history.operations);
  writeFileSync(path.join(out, 'truth.json'), JSON.stringify({ eras, final }));
  const logs = path.join(out, 'logs');
  mkdirSync(logs);
  for (const file of [...cluster.nodes.map((node) => node.log_file),
                      path.join(cluster.dir, 'postgres.log')])
    cpSync(file, path.join(logs, path.basename(file)));
  cpSync(path.join(cluster.nats.dir, 'log'), path.join(logs, 'nats-server.log'));
}

await main();
