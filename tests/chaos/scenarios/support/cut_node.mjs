// A node whose links to nats-server and to PostgreSQL go through proxies, so
// that it can be cut off while everybody else goes on.

import { Proxy } from '../../proxy.mjs';

export class CutNode {
  static async start(env, more = {}) {
    const cut = new CutNode();
    cut.nats = await Proxy.start({ to_port: env.nats.port });
    cut.postgres = await Proxy.start({ to_port: env.postgres.port });
    cut.node = await env.extra_node('cut', {
      ...more,
      nats_url: `nats://127.0.0.1:${cut.nats.port}`,
      database_url: env.postgres.url.replace(`:${env.postgres.port}/`, `:${cut.postgres.port}/`),
    });
    await cut.node.start();
    return cut;
  }

  heal() {
    this.nats.heal();
    this.postgres.heal();
  }

  /** The node itself is stopped with the environment. */
  async stop() {
    this.heal();
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
  }
}
