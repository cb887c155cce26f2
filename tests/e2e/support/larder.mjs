// The program under test: as a node that runs, and as a command that ends.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, run } from './process.mjs';
import { eventually } from './wait.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

export const binary = process.env.LARDER_BIN
  ?? path.resolve(here, '../../../build/release/larder');

export const embedded = process.env.LARDER_E2E_STORE === 'embedded';

if (!existsSync(binary))
  throw new Error(`${binary} does not exist: build it, or name another one in LARDER_BIN`);

/** Nothing of the caller's environment configures what a test starts. */
export function clean_environment(home, more = {}) {
  const env = { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8' };
  for (const name of ['ASAN_OPTIONS', 'TSAN_OPTIONS', 'UBSAN_OPTIONS'])
    if (process.env[name]) env[name] = process.env[name];
  return { ...env, ...more };
}

export class LarderNode {
  /** `within`: a command that runs the program somewhere else, as a list. */
  constructor(dir, { id, http_port, http_host = '127.0.0.1', nats_url, database_url,
                     env = {}, args = [], within = [] }) {
    this.id = id;
    this.within = within;
    this.http = `http://${http_host}:${http_port}`;
    this.http_port = http_port;
    this.dir = path.join(dir, id);
    this.args = args;
    this.env = clean_environment(dir, {
      NATS_URL: nats_url,
      ...(database_url ? { DATABASE_URL: database_url } : {}),
      LARDER_NODE__ID: id,
      LARDER_NODE__DATA_DIR: path.join(this.dir, 'data'),
      ...(http_host !== '127.0.0.1' ? { LARDER_HTTP__HOST: http_host } : {}),
      LARDER_HTTP__PORT: String(http_port),
      ...env,
    });
    this.log_file = path.join(dir, `${id}.log`);
    mkdirSync(this.dir, { recursive: true });
  }

  /** Starts the process; `ready` says when it serves. */
  spawn() {
    const [command, ...args] = [...this.within, binary, 'node', ...this.args];
    this.child = new Child(this.id, command, args, {
      cwd: this.dir,
      env: this.env,
      log_file: this.log_file,
    });
  }

  async start() {
    this.spawn();
    await this.ready();
  }

  /** Returns when /readyz answers 200. */
  async ready(within = 20_000) {
    await eventually(`${this.id} to be ready`, async () => {
      if (this.child.ended)
        throw new Error(`it has ended (${JSON.stringify(this.child.ended)}):\n`
                        + this.child.tail());
      const answer = await this.fetch('/readyz');
      if (answer.status !== 200)
        throw new Error(`${answer.status} ${answer.text}\n${this.child.tail()}`);
      return true;
    }, { within });
  }

  async fetch(url_path, options = {}) {
    const response = await fetch(this.http + url_path, {
      signal: AbortSignal.timeout(3_000), ...options,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  }

  async stop(signal = 'SIGTERM') {
    return this.child ? this.child.stop(signal) : null;
  }

  /** Resident bytes and CPU seconds used so far, from /proc. */
  usage() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      resident: Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024,
      cpu_seconds: (Number(fields[11]) + Number(fields[12])) / 100,
    };
  }
}

/** Runs `larder ...args` to its end; see `run` for what comes back. */
export function larder(args, { env, input, cwd, timeout_ms } = {}) {
  return run(binary, args, { env, input, cwd, timeout_ms });
}
