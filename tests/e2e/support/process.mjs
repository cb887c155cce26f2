// A child process that a test started: its log, its end, and the promise that
// it does not outlive the test, however the test ends.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => process.exit(1));

export class Child {
  /** Starts `command`; both of its outputs go to the end of `log_file`. */
  constructor(name, command, args, { cwd, env, log_file }) {
    this.name = name;
    this.log_file = log_file;
    const log = openSync(log_file, 'a');
    this.process = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    running.add(this);
    this.ended = null;
    this.exited = new Promise((resolve) => {
      this.process.once('error', (error) => {
        running.delete(this);
        resolve((this.ended = { code: null, signal: null, error }));
      });
      this.process.once('exit', (code, signal) => {
        running.delete(this);
        resolve((this.ended = { code, signal }));
      });
    });
  }

  get pid() {
    return this.process.pid;
  }

  log() {
    return readFileSync(this.log_file, 'utf8');
  }

  /** The last lines of the log, for the message of a failed test. */
  tail(lines = 25) {
    return this.log().trimEnd().split('\n').slice(-lines).join('\n');
  }

  kill(signal) {
    if (!this.ended && this.pid) process.kill(this.pid, signal);
  }

  /** Sends `signal`, waits for the end, and kills after the deadline. */
  async stop(signal = 'SIGTERM', deadline_ms = 15_000) {
    this.kill(signal);
    const timer = setTimeout(() => this.kill('SIGKILL'), deadline_ms);
    const ended = await this.exited;
    clearTimeout(timer);
    return ended;
  }
}

/** Runs a command to its end: `{code, signal, stdout, stderr, ms}`. */
export function run(command, args, options = {}) {
  const { input, env, cwd, timeout_ms = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(command, args, { cwd, env, stdio: 'pipe' });
    const keeper = { kill: (signal) => child.kill(signal) };
    running.add(keeper);
    const out = [];
    const err = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout_ms);
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    // A command that does not read its input may close it first.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(keeper);
      const bytes = Buffer.concat(out);
      resolve({
        code,
        signal,
        bytes,
        stdout: bytes.toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
        ms: performance.now() - begin,
      });
    });
  });
}
