// The processes of a chaos run: nats-server, PostgreSQL, three nodes, and a
// proxy on every link between a node and a server. Clients talk to nats-server
// past the proxies: their links have no faults but those of the server.

import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from '../e2e/support/client.mjs';
import { LarderNode, clean_environment, larder } from '../e2e/support/larder.mjs';
import { NatsServer } from '../e2e/support/nats_server.mjs';
import { free_ports } from '../e2e/support/ports.mjs';
import { Database } from './database.mjs';
import { make_network } from './network.mjs';
import { Proxy } from './proxy.mjs';

/** Milliseconds of the wall clock that never go back. */
export const now = () => performance.timeOrigin + performance.now();

export class Cluster {
  /** `bucket`: what JetStream keeps values in, memory or file. */
  constructor({ nodes = 3, network = 'any', bucket = 'memory', random }) {
    Object.assign(this, { count: nodes, wanted: network, bucket, random });
    this.nodes = [];
    /** Nodes that ended without being told to. */
    this.deaths = [];
    this.clients = [];
  }

  async start() {
    this.dir = mkdtempSync(path.join(os.tmpdir(), 'larder-chaos-'));
    // The user that runs PostgreSQL has to come through.
    chmodSync(this.dir, 0o755);
    // However the run ends: what is frozen would never notice.
    process.once('exit', () => this.database?.thaw());
    this.network = make_network(this.count, this.wanted);
    const [nats_port, postgres_port, audit_port, ...http_ports] =
      await free_ports(3 + this.count);
    this.nats = new NatsServer(this.dir, nats_port);
    this.database = new Database(this.dir, postgres_port, audit_port);
    await Promise.all([this.nats.start(), this.database.create()]);
    const migrated = await larder(['migrate'], { env: clean_environment(this.dir, {
      NATS_URL: this.nats.url, DATABASE_URL: this.database.url }) });
    if (migrated.code !== 0) throw new Error(`larder migrate: ${migrated.stderr}`);
    await this.database.attach_audit();
    for (let k = 0; k < this.count; ++k) await this.add_node(k, http_ports[k]);
    await Promise.all(this.nodes.map((node) => node.ready()));
  }

  async add_node(k, http_port) {
    const host = this.network.host(k);
    const random = () => this.random.next();
    const nats = await Proxy.start({ to_port: this.nats.port, host, random });
    const postgres = await Proxy.start({ to_port: this.database.serving_port, host, random });
    const node = new LarderNode(this.dir, {
      id: `node-${k + 1}`,
      http_port,
      http_host: this.network.node(k),
      within: this.network.within(k),
      nats_url: `nats://${host}:${nats.port}`,
      database_url: this.database.url.replace(/@[^/]*/, `@${host}:${postgres.port}`),
      env: {
        LARDER_BUCKET__STORAGE: this.bucket,
        // The last node has to evict.
        ...(k === this.count - 1 ? { LARDER_MEMORY__MAX_ENTRIES: '12' } : {}) },
    });
    node.links = { nats, postgres };
    node.k = k;
    this.nodes.push(node);
    this.spawn(node);
  }

  /** Starts it and, should it die of itself, notes that and starts it again. */
  spawn(node) {
    node.spawn();
    const { child } = node;
    child.exited.then((ended) => {
      if (child.expected || this.stopping) return;
      this.deaths.push({ node: node.id, at: now(), ended: JSON.stringify(ended),
                         log: child.tail(15) });
      setTimeout(() => { if (!this.stopping && node.child === child) this.spawn(node); }, 300);
    });
  }

  /** kill -9; returns when it has ended. */
  async kill(node) {
    node.child.expected = true;
    await node.child.stop('SIGKILL');
  }

  /** Both ways, or one of them ('up' is what the node sends). */
  partition(node, how = true) {
    if (this.network.cut(node.k, how)) return;
    for (const link of Object.values(node.links)) link.black_hole(how);
  }

  mend(node) {
    this.network.mend(node.k);
    for (const link of Object.values(node.links)) link.black_hole(false);
  }

  get store() {
    return path.join(this.nats.dir, 'store');
  }

  /** While nats-server is down. */
  wipe_store() {
    rmSync(this.store, { recursive: true, force: true });
  }

  copy_store() {
    rmSync(`${this.store}.copy`, { recursive: true, force: true });
    cpSync(this.store, `${this.store}.copy`, { recursive: true });
  }

  has_store_copy() {
    return existsSync(`${this.store}.copy`);
  }

  /** All of it, or one stream of it alone: each has files of its own. */
  roll_back_store(stream) {
    const part = stream ? path.join('jetstream', '$G', 'streams', stream) : '';
    const [copy, now_in_use] = [`${this.store}.copy`, this.store].map((dir) =>
      path.join(dir, part));
    if (!existsSync(copy)) return false;
    rmSync(now_in_use, { recursive: true, force: true });
    cpSync(copy, now_in_use, { recursive: true });
    return true;
  }

  async connect(name) {
    const client = await Client.connect(this.nats.url, { name, pingInterval: 5_000 });
    this.clients.push(client);
    return client;
  }

  async stop() {
    this.stopping = true;
    this.database?.thaw();
    this.nats?.child?.kill('SIGCONT');
    for (const node of this.nodes) node.child.kill('SIGCONT');
    await Promise.allSettled(this.clients.map((client) => client.close()));
    await Promise.allSettled(this.nodes.map((node) => node.stop('SIGKILL')));
    await Promise.allSettled(this.nodes.flatMap((node) =>
      Object.values(node.links).map((link) => link.stop())));
    await Promise.allSettled([this.nats?.stop('SIGKILL'), this.database?.stop('immediate')]);
    this.network?.remove();
  }

  remove() {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
