// PostgreSQL with what a chaos run needs of it: an audit of every commit, base
// backups, and restores to an earlier point.

import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Postgres, unprivileged_run } from '../e2e/support/postgres.mjs';
import { eventually } from '../e2e/support/wait.mjs';

const timeline_sql =
  "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int";

// The trigger's name comes after larder_after_change in the alphabet, so that it
// fires after it and finds the revision.
const audit_sql = `
CREATE SCHEMA chaos;
CREATE TABLE chaos.audit (
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  type text NOT NULL, id text NOT NULL, revision bigint NOT NULL,
  content text, tag text, timeline integer NOT NULL,
  PRIMARY KEY (timeline, revision));
CREATE FUNCTION chaos.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  changed record;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
  INSERT INTO chaos.audit (type, id, revision, content, tag, timeline)
  SELECT changed.artifact_type, changed.artifact_id, r.revision,
         CASE WHEN TG_OP <> 'DELETE' THEN changed.content_raw END,
         nullif(current_setting('chaos.tag', true), ''),
         ${timeline_sql}
    FROM larder.revisions r
   WHERE r.artifact_type = changed.artifact_type
     AND r.artifact_id = changed.artifact_id;
  RETURN NULL;
END $$;
CREATE TRIGGER zz_chaos_audit
  AFTER INSERT OR UPDATE OF content_raw OR DELETE ON public.knowledge_artifacts
  FOR EACH ROW EXECUTE FUNCTION chaos.note();

-- A writer that knows nothing of Larder: content null deletes. One statement,
-- so that its answer means that it is committed. The pause is between the
-- change and the commit. Returns how many rows have changed.
CREATE FUNCTION chaos.write(tag text, keys text[], contents text[], pause float)
  RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  n integer := 0;
  one integer;
BEGIN
  PERFORM set_config('chaos.tag', tag, true);
  FOR i IN 1 .. cardinality(keys) LOOP
    IF contents[i] IS NULL THEN
      DELETE FROM knowledge_artifacts
       WHERE artifact_type = 'chaos' AND artifact_id = keys[i];
    ELSE
      INSERT INTO knowledge_artifacts (artifact_type, artifact_id, content_raw)
      VALUES ('chaos', keys[i], contents[i])
      ON CONFLICT (artifact_type, artifact_id)
      DO UPDATE SET content_raw = EXCLUDED.content_raw;
    END IF;
    GET DIAGNOSTICS one = ROW_COUNT;
    n := n + one;
  END LOOP;
  PERFORM pg_sleep(pause);
  RETURN n;
END $$;`;

export class Database extends Postgres {
  constructor(dir, port, audit_port) {
    super(dir, port, ['-c', 'wal_keep_size=1GB', '-c', 'shared_buffers=32MB',
                      '-c', 'max_wal_size=256MB']);
    this.serving_port = port;
    this.audit_port = audit_port;
    this.base = path.join(this.dir, 'base');
    this.timeline = 1;
    /** See truth.mjs; the last one is not complete yet. */
    this.eras = [{ timeline: 1, down: 0, began: 0 }];
  }

  attach_audit() {
    return this.execute(audit_sql);
  }

  /** Of this era all, of those before the last state of each key. */
  async read_audit() {
    const columns = `json_build_object('key', type || '/' || id, 'revision', revision,
      'content', content, 'tag', tag, 'timeline', timeline,
      'at', extract(epoch FROM at) * 1000)::text`;
    const text = await this.query(
      `SELECT ${columns} FROM chaos.audit WHERE timeline = ${this.timeline};
       SELECT DISTINCT ON (type, id) ${columns} FROM chaos.audit
        WHERE timeline <> ${this.timeline} ORDER BY type, id, revision DESC;`);
    return text.split('\n').filter((line) => line).map((line) => JSON.parse(line));
  }

  /** The table, as the history's `final`. */
  async read_table() {
    const text = await this.query(
      `SELECT json_build_object('key', a.artifact_type || '/' || a.artifact_id,
         'content', a.content_raw, 'revision', r.revision)::text
         FROM knowledge_artifacts a
         JOIN larder.revisions r USING (artifact_type, artifact_id)`);
    return text.split('\n').filter((line) => line).map((line) => JSON.parse(line));
  }

  async base_backup() {
    rmSync(this.base, { recursive: true, force: true });
    const done = await unprivileged_run(path.join(this.bin, 'pg_basebackup'), [
      '-D', this.base, '-c', 'fast', '--no-sync',
      '-d', this.url_of('postgres', Postgres.password, 'larder'),
    ], { cwd: this.dir, env: process.env });
    if (done.code !== 0) throw new Error(`pg_basebackup: ${done.stderr}`);
  }

  /** Where the write-ahead log is now: a point to restore to. */
  position() {
    return this.query('SELECT pg_current_wal_flush_lsn()');
  }

  /**
   * The server goes down at once, and comes back as of `position`, which lies
   * after the last base backup. What had been committed until then is noted
   * first, from the old data, where nobody else can connect.
   */
  async restore(position, now) {
    await this.stop('immediate');
    const down = now();
    this.port = this.audit_port;
    await this.start();
    this.eras.at(-1).rows = await this.read_audit();
    await this.stop('immediate');
    this.port = this.serving_port;

    const old = `${this.data}.old`;
    rmSync(old, { recursive: true, force: true });
    renameSync(this.data, old);
    renameSync(this.base, this.data);
    writeFileSync(path.join(this.data, 'postgresql.auto.conf'), [
      `restore_command = 'cp "${old}/pg_wal/%f" "%p"'`,
      `recovery_target_lsn = '${position}'`,
      "recovery_target_action = 'promote'", ''].join('\n'));
    writeFileSync(path.join(this.data, 'recovery.signal'), '');
    await this.start();
    await eventually('the end of the recovery', async () =>
      await this.query('SELECT pg_is_in_recovery()', 'postgres') === 'f',
      { within: 30_000, every: 20 });
    const began = now();
    this.timeline = Number(await this.query(`SELECT ${timeline_sql}`, 'postgres'));
    this.eras.push({ timeline: this.timeline, down, began });
    rmSync(old, { recursive: true, force: true });
  }

  /** The server and its sessions, which are processes too. */
  pids() {
    const parent = this.child.pid;
    const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
          return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
        } catch {
          return false;
        }
      }).map(Number);
    return [parent, ...children];
  }

  /** SIGSTOP, the server first, so that it makes no more sessions. */
  freeze() {
    process.kill(this.child.pid, 'SIGSTOP');
    this.frozen = this.pids();
    for (const pid of this.frozen.slice(1)) signal(pid, 'SIGSTOP');
  }

  thaw() {
    for (const pid of (this.frozen ?? []).reverse()) signal(pid, 'SIGCONT');
    this.frozen = null;
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
