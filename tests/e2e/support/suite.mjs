// One environment for the tests of one file: servers and nodes of its own,
// on ports of its own, gone when the file is done.
//
//   suite('Getting a template', { nodes: 2 }, (env) => {
//     test('…', async () => { await env.client.get('framework', 'phoenix'); });
//   });

import { after, before, describe } from 'node:test';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from './client.mjs';
import { Events } from './events.mjs';
import { LarderNode, binary, clean_environment, embedded, larder } from './larder.mjs';
import { NatsServer } from './nats_server.mjs';
import { Postgres } from './postgres.mjs';
import { free_ports } from './ports.mjs';
import { key_tokens } from './subjects.mjs';

/**
 * With LARDER_E2E_STORE=embedded: one node on its embedded store, and no
 * PostgreSQL. What is asked of node-2 is asked of the one node again.
 */

/** The tier that answers what no cache has. */
export const truth_tier = embedded ? 'embedded' : 'postgres';

/** A test's `skip`: it asks PostgreSQL itself, or more nodes than one. */
export const without_postgres = embedded && 'is about PostgreSQL';
export const without_others = embedded && 'is about several nodes';

export class Environment {
  /** What `start` is to start; see `suite`. */
  constructor(options = {}) {
    this.options = { nodes: 2, node_env: {}, ...options };
    if (embedded) this.options.nodes = 1;
    this.clients = [];
    this.sessions = [];
    this.nodes = [];
  }

  async start() {
    this.dir = mkdtempSync(path.join(os.tmpdir(), 'larder-e2e-'));
    // The user that runs PostgreSQL has to come through.
    chmodSync(this.dir, 0o755);
    const [nats_port, postgres_port, ...http_ports] =
      await free_ports(2 + this.options.nodes);
    this.nats = new NatsServer(this.dir, nats_port, this.options.nats_args);
    this.client_env = clean_environment(this.dir, { NATS_URL: this.nats.url });
    await Promise.all([this.nats.start(), embedded || this.start_postgres(postgres_port)]);
    this.client = await this.connect();
    await this.options.before_nodes?.(this);
    for (const [index, port] of http_ports.entries())
      this.nodes.push(this.new_node(`node-${index + 1}`, port));
    await Promise.all(this.nodes.map((node) => node.start()));
    [this.a, this.b = this.a] = this.nodes;
  }

  async start_postgres(port) {
    this.postgres = new Postgres(this.dir, port);
    await this.postgres.create();
    this.client_env.DATABASE_URL = this.postgres.url;
    const migrated = await larder(['migrate'], { env: this.client_env });
    if (migrated.code !== 0)
      throw new Error(`larder migrate: exit code ${migrated.code}: ${migrated.stderr}`);
  }

  new_node(id, http_port, more = {}) {
    return new LarderNode(this.dir, {
      id,
      http_port,
      nats_url: this.nats.url,
      database_url: this.postgres?.url,
      ...more,
      env: { ...this.options.node_env, ...more.env },
    });
  }

  /** A node beside those of the suite; the caller stops it. */
  async extra_node(id, more) {
    const [port] = await free_ports(1);
    const node = this.new_node(id, port, more);
    this.nodes.push(node);
    return node;
  }

  async connect(options) {
    const client = await Client.connect(this.nats.url, options);
    this.clients.push(client);
    return client;
  }

  /** A psql that stays connected, closed with the suite. */
  psql() {
    const session = this.postgres.session();
    this.sessions.push(session);
    return session;
  }

  /** A client command with the URLs of this environment. */
  larder(args, options = {}) {
    return larder(args, { ...options, env: { ...this.client_env, ...options.env } });
  }

  /**
   * A put that has reached every tier: returns when its event is published,
   * which is after PostgreSQL and JetStream show it.
   */
  async settled_put(type, id, value, options) {
    const events = await Events.on(
      this.client, `template.updated.${key_tokens(type, id)}`);
    try {
      const put = await this.client.must_put(type, id, value, options);
      await events.wait((event) => event.revision >= put.revision);
      return put;
    } finally {
      events.stop();
    }
  }

  /** What the source of truth holds, past all caches; null if nothing. */
  async stored(type, id) {
    if (!embedded)
      return this.postgres.query(
        `SELECT content_raw FROM knowledge_artifacts
         WHERE artifact_type = '${type}' AND artifact_id = '${id.replaceAll("'", "''")}'`);
    await this.clear_caches();
    const reply = await this.client.get(type, id);
    return reply.status === 404 ? null : reply.text;
  }

  /** Forgets what the caches hold, on every node and in JetStream. */
  async clear_caches(tiers = ['memory', 'jetstream']) {
    const replies = await this.client.control(
      'clear', { tiers }, { max: this.nodes.length, ms: 5_000 });
    for (const reply of replies)
      if (reply.ok !== true) throw new Error(`clear: ${JSON.stringify(reply)}`);
  }

  async stop() {
    await Promise.allSettled(this.clients.map((client) => client.close()));
    await Promise.allSettled(this.sessions.map((session) => session.close()));
    await Promise.allSettled(this.nodes.map((node) => node.stop()));
    await Promise.allSettled([this.nats?.stop(), this.postgres?.stop('immediate')]);
    if (process.env.LARDER_E2E_KEEP)
      console.error(`kept ${this.dir}`);
    else if (this.dir)
      rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Groups the tests that `define` makes, around one Environment.
 * Options: `nodes` (2), `node_env` (settings of every node), `nats_args` (more
 * arguments for nats-server), `before_nodes`
 * (called with the environment when the servers run and no node does).
 */
export function suite(title, options, define) {
  const env = new Environment(options);
  describe(title, () => {
    before(() => env.start());
    after(() => env.stop());
    define(env);
  });
}

export { binary, embedded };
