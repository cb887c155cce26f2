// A private nats-server with JetStream, under a directory of the test.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Child } from './process.mjs';
import { listens } from './ports.mjs';
import { eventually } from './wait.mjs';

export class NatsServer {
  constructor(dir, port, extra = []) {
    this.dir = path.join(dir, 'nats');
    this.port = port;
    this.extra = extra;
    this.url = `nats://127.0.0.1:${port}`;
    mkdirSync(this.dir, { recursive: true });
  }

  /** Starts it, or starts it again, on the same port and the same store. */
  async start() {
    this.child = new Child('nats-server', 'nats-server', [
      '-js', '-sd', path.join(this.dir, 'store'),
      '-a', '127.0.0.1', '-p', String(this.port), ...this.extra,
    ], { env: process.env, log_file: path.join(this.dir, 'log') });
    await eventually('nats-server to accept connections', async () => {
      if (this.child.ended)
        throw new Error(`nats-server has ended:\n${this.child.tail()}`);
      return listens(this.port);
    }, { within: 15_000 });
  }

  /** Stops it in order (SIGTERM) or at once (SIGKILL). */
  async stop(signal = 'SIGTERM') {
    if (this.child) await this.child.stop(signal);
  }
}
