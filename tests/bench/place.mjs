// Where rows are measured: servers and nodes of their own on free ports, the
// peers, and the programs that put load on either.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Environment } from '../e2e/support/suite.mjs';
import { binary } from '../e2e/support/larder.mjs';
import { Child, run } from '../e2e/support/process.mjs';
import { RawClient } from '../e2e/support/raw_client.mjs';
import { free_ports } from '../e2e/support/ports.mjs';
import { eventually } from '../e2e/support/wait.mjs';

const build = path.dirname(binary);

/** A program of the build, which has them in the folders of their sources. */
export const program = (name) => path.join(build, name);

/** Runs a program to its end; what it printed. */
export async function output_of(command, args, options = {}) {
  const done = await run(command, args, { env: process.env, timeout_ms: 600_000, ...options });
  if (done.code !== 0)
    throw new Error(`${path.basename(command)} ${args.join(' ')} ended with ${done.code}: ${done.stderr}`);
  return done.stdout;
}

/** Nanoseconds of CPU that the threads of a process have used. */
export function cpu_of(pid) {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`))
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  return sum;
}

export class Place extends Environment {
  constructor(options) {
    super(options);
    this.children = [];
  }

  async stop() {
    this.raw?.close();
    await Promise.allSettled(this.children.map((child) => child.stop()));
    await super.stop();
  }

  /** Starts a peer that lives until the end. */
  start_child(name, command, args) {
    const child = new Child(name, command, args, {
      env: process.env, cwd: this.dir, log_file: path.join(this.dir, `${name}.log`) });
    this.children.push(child);
    return child;
  }

  /** A connection of this process, for requests that are not the load. */
  async raw_client() {
    this.raw ??= await RawClient.connect(this.nats.port);
    return this.raw;
  }

  /** Starts an echo responder on `subject`.> and waits for its first answer. */
  async start_echo(name, command, where, subject) {
    const child = this.start_child(name, command, [where, `${subject}.>`]);
    const raw = await this.raw_client();
    await eventually(`${name} to echo`, async () =>
      (await raw.request(`${subject}.x`, 'ping', null, 500)).payload.toString() === 'ping');
    return child;
  }

  /** The load client's report on one run; see nats_load.cpp. */
  async load(options) {
    const args = ['--port', String(this.nats.port)];
    for (const [name, value] of Object.entries(options))
      args.push(`--${name.replaceAll('_', '-')}`, String(value));
    return JSON.parse(await output_of(program('larder_bench_load'), args));
  }

  /** The same, with the CPU that process `pid` used for each request. */
  async load_on(pid, options) {
    const before = cpu_of(pid);
    const report = await this.load(options);
    return { ...report, cpu_us: (cpu_of(pid) - before) / 1e3 / report.requests };
  }

  /** Puts keys bench/key-0 … with values of `bytes` through the node. */
  async put_keys(type, count, bytes) {
    const lines = [];
    for (let i = 0; i < count; ++i)
      lines.push(`{"type":"${type}","id":"key-${i}","content":${value_of(bytes)}}`);
    const file = path.join(this.dir, `${type}.jsonl`);
    writeFileSync(file, lines.join('\n') + '\n');
    const done = await this.larder(['load', file], { timeout_ms: 600_000 });
    if (done.code !== 0) throw new Error(`larder load: ${done.stderr}`);
  }

  /** `larder warm` on one node to its last message; how many it loaded. */
  async warm_up(node, body) {
    const inbox = `_INBOX.bench.${Math.random().toString(36).slice(2)}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('warm did not end')), 120_000);
      const subscription = this.client.nc.subscribe(inbox, { callback: (_, message) => {
        const told = JSON.parse(message.string());
        if (!told.error && !told.done) return;
        clearTimeout(timer);
        subscription.unsubscribe();
        if (told.error) reject(new Error(JSON.stringify(told)));
        else resolve(told.loaded ?? told.warmed ?? told.count);
      } });
      this.client.nc.publish(`larder.control.${node}.warm`, JSON.stringify(body), { reply: inbox });
    });
  }

  /** A Redis of its own, without persistence, on a socket and a port. */
  async start_redis() {
    const [port] = await free_ports(1);
    const socket = path.join(this.dir, 'redis.sock');
    this.redis = { port, socket };
    this.redis.child = this.start_child('redis', 'redis-server', [
      '--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket,
      '--save', '', '--appendonly', 'no', '--daemonize', 'no']);
    await eventually('Redis to answer', async () =>
      (await output_of('redis-cli', ['-s', socket, 'ping'])).trim() === 'PONG');
  }
}

/** A JSON object of exactly `bytes` bytes. */
export const value_of = (bytes) => JSON.stringify({ text: 'x'.repeat(bytes - 11) });
