// A private PostgreSQL, under a directory of the test, and psql.
//
// PostgreSQL refuses to run as root: as root, everything here runs as the
// user `postgres`.

import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Child, run } from './process.mjs';
import { eventually } from './wait.mjs';

const as_root = process.getuid() === 0;
const unprivileged = as_root
  ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
  : [];

/** Where initdb and postgres are: Debian keeps them out of the PATH. */
function bin_dir() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root)
    ? readdirSync(root).sort((a, b) => Number(b) - Number(a))
    : [];
  for (const version of versions) {
    const dir = path.join(root, version, 'bin');
    if (existsSync(path.join(dir, 'initdb'))) return dir;
  }
  for (const dir of (process.env.PATH ?? '').split(':'))
    if (existsSync(path.join(dir, 'initdb'))) return dir;
  throw new Error('initdb is not installed: apt-get install postgresql');
}

/** Like `run`, as the user that PostgreSQL runs as. */
export function unprivileged_run(command, args, options) {
  const [first, ...rest] = [...unprivileged, command, ...args];
  return run(first, rest, options);
}

export class Postgres {
  static password = 'e2e-s3cret-password';

  /** `extra`: further arguments of the server. */
  constructor(dir, port, extra = []) {
    this.extra = extra;
    this.dir = path.join(dir, 'postgres');
    this.data = path.join(this.dir, 'data');
    this.port = port;
    this.bin = bin_dir();
    this.url = this.url_of('larder', Postgres.password, 'larder');
    this.admin_url = this.url_of('postgres', Postgres.password, 'larder');
  }

  url_of(user, password, database) {
    return `postgresql://${user}:${password}@127.0.0.1:${this.port}/${database}`;
  }

  /** Makes the data directory, starts it, and makes role and database. */
  async create() {
    mkdirSync(this.dir, { recursive: true });
    const password_file = path.join(this.dir, 'password');
    writeFileSync(password_file, Postgres.password);
    if (as_root) {
      const id = (flag) =>
        Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
      for (const file of [this.dir, password_file])
        chownSync(file, id('-u'), id('-g'));
    }
    const made = await unprivileged_run(path.join(this.bin, 'initdb'), [
      '-D', this.data, '-U', 'postgres', '--pwfile', password_file,
      '--auth=scram-sha-256', '--encoding=UTF8', '--no-locale', '--no-sync',
    ], { cwd: this.dir, env: process.env });
    if (made.code !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    await this.start();
    await this.execute(
      `CREATE ROLE larder LOGIN PASSWORD '${Postgres.password}'`, 'postgres');
    await this.execute('CREATE DATABASE larder OWNER larder', 'postgres');
  }

  async start() {
    const [command, ...args] = [
      ...unprivileged, path.join(this.bin, 'postgres'), '-D', this.data,
      '-p', String(this.port), '-c', 'listen_addresses=127.0.0.1',
      '-c', `unix_socket_directories=${this.dir}`,
      '-c', 'logging_collector=off', '-c', 'log_line_prefix=%m [%p] %a ',
      ...this.extra,
    ];
    this.child = new Child('postgres', command, args, {
      cwd: this.dir,
      env: process.env,
      log_file: path.join(this.dir, '../postgres.log'),
    });
    await eventually('PostgreSQL to answer a query', async () => {
      if (this.child.ended)
        throw new Error(`postgres has ended:\n${this.child.tail()}`);
      return await this.query('SELECT 1', 'postgres') === '1';
    }, { within: 30_000, every: 50 });
  }

  /** fast: sessions are cut; immediate: as if it had crashed. */
  async stop(mode = 'fast') {
    if (this.child)
      await this.child.stop(mode === 'fast' ? 'SIGINT' : 'SIGQUIT', 30_000);
  }

  /** The output of one psql call; an error if psql reports one. */
  async query(sql, database = 'larder') {
    const done = await run('psql', [
      '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1',
      '-d', this.url_of('postgres', Postgres.password, database), '-f', '-',
    ], { input: sql, env: process.env });
    if (done.code !== 0) throw new Error(`psql: ${done.stderr.trim()}`);
    return done.stdout.replace(/\n$/, '');
  }

  execute(sql, database) {
    return this.query(sql, database);
  }

  session() {
    return new PsqlSession(this.admin_url);
  }
}

/** A psql that stays connected: a query takes microseconds, not a start. */
export class PsqlSession {
  static marker = '--end-of-answer--';

  constructor(url) {
    this.waiting = [];
    this.text = '';
    this.errors = '';
    this.child = spawn('psql', ['-X', '-q', '-A', '-t', '-d', url], {
      stdio: 'pipe',
    });
    this.child.stderr.on('data', (chunk) => { this.errors += chunk; });
    this.child.stdout.on('data', (chunk) => this.read(chunk));
    this.child.stdin.on('error', () => {});
    this.closed = new Promise((done) => this.child.once('close', done));
  }

  read(chunk) {
    this.text += chunk;
    const end = `${PsqlSession.marker}\n`;
    for (let at; (at = this.text.indexOf(end)) >= 0;) {
      const answer = this.text.slice(0, at).replace(/\n$/, '');
      this.text = this.text.slice(at + end.length);
      this.waiting.shift()(answer);
    }
  }

  /** One statement, ended by `;`: its rows as text, columns by `|`. */
  async query(sql) {
    const answer = await new Promise((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(`${sql}\n\\echo ${PsqlSession.marker}\n`);
    });
    if (this.errors) {
      const errors = this.errors;
      this.errors = '';
      throw new Error(`psql: ${errors.trim()}`);
    }
    return answer;
  }

  async close() {
    this.child.stdin.end('\\q\n');
    await this.closed;
  }
}

/** `text` as an SQL literal. */
export const literal = (text) => `'${String(text).replaceAll("'", "''")}'`;
