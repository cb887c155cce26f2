-- What makes every change of knowledge_artifacts known, whoever made it:
-- revisions, the outbox, and the epoch.

-- Whether Larder can address a key at all: see storage/key.hpp. Rows with other
-- keys are nobody's business but their writer's.
CREATE FUNCTION larder.is_key(type text, id text) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN octet_length(type) BETWEEN 1 AND 64
     AND octet_length(id) BETWEEN 1 AND 512
     -- No control character; a regular expression would take 10 us a write.
     AND octet_length(type || id) = octet_length(translate(type || id,
       E'\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10'
        '\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f',
       ''));

-- One row a key, never deleted: a key that is deleted and written again goes
-- on counting.
CREATE TABLE larder.revisions (
  artifact_type TEXT COLLATE "C" NOT NULL,
  artifact_id   TEXT COLLATE "C" NOT NULL,
  revision      BIGINT NOT NULL,
  version       INTEGER NOT NULL,
  deleted       BOOLEAN NOT NULL,
  changed_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
  -- Not a generated column: its expression would be planned with every write.
  is_key        BOOLEAN NOT NULL,
  PRIMARY KEY (artifact_type, artifact_id)
) WITH (fillfactor = 80);

CREATE SEQUENCE larder.revision;

-- Tags of an adopted table that has no column for them.
CREATE TABLE larder.tags (
  artifact_type TEXT COLLATE "C" NOT NULL,
  artifact_id   TEXT COLLATE "C" NOT NULL,
  tags          TEXT[] NOT NULL,
  PRIMARY KEY (artifact_type, artifact_id)
);

-- Changes that the relay has not published yet. Rows live for milliseconds:
-- what keeps the table fast is that its dead rows go soon.
CREATE TABLE larder.outbox (
  id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  artifact_type TEXT COLLATE "C" NOT NULL,
  artifact_id   TEXT COLLATE "C" NOT NULL,
  op            TEXT NOT NULL CHECK (op IN ('put', 'delete')),
  revision      BIGINT NOT NULL,
  version       INTEGER NOT NULL,
  created_at    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);

-- The relay's lease.
CREATE TABLE larder.lease (
  name       TEXT PRIMARY KEY,
  holder     TEXT NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- The part of the epoch that TRUNCATE raises; `origin` stands in where the
-- server's own identity may not be read.
CREATE TABLE larder.epoch (
  one     BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
  counter BIGINT NOT NULL DEFAULT 1,
  origin  UUID NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO larder.epoch DEFAULT VALUES;

-- The other part: "<system identifier>-<timeline>". A restored or failed-over
-- server gives out revisions a second time, on another timeline.
CREATE FUNCTION larder.history() RETURNS text
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT system_identifier::text FROM pg_control_system()) || '-'
    || ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))
       ::bit(32)::int::text;
EXCEPTION WHEN insufficient_privilege OR undefined_function
               OR feature_not_supported THEN
  RETURN (SELECT origin::text FROM larder.epoch) || '-0';
END
$$;

-- Another epoch, unless somebody else has begun one since counter `seen`.
CREATE FUNCTION larder.raise_epoch(seen bigint) RETURNS bigint
  LANGUAGE plpgsql AS $$
BEGIN
  UPDATE larder.epoch SET counter = counter + 1 WHERE one AND counter = seen;
  RETURN (SELECT counter FROM larder.epoch WHERE one);
END
$$;

-- content_raw as jsonb, or a placeholder where jsonb cannot hold it: text that
-- is not JSON, \u0000, a number beyond numeric, nesting beyond the stack.
-- content_raw stays the value in any case.
CREATE FUNCTION larder.as_jsonb(raw text) RETURNS jsonb
  LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN raw::jsonb;
EXCEPTION WHEN OTHERS THEN
  RETURN jsonb_build_object('larder', 'content_raw is not representable as '
                                      'jsonb', 'sqlstate', SQLSTATE);
END
$$;

-- BEFORE INSERT: completes what the program left out.
CREATE FUNCTION larder.before_insert() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.content_raw IS NULL THEN
    NEW.content_raw := NEW.content::text;
  ELSIF NEW.content IS NULL THEN
    NEW.content := larder.as_jsonb(NEW.content_raw);
  END IF;
  NEW.updated_at := now();
  -- A guess, without a lock: a lock taken here, before the row's own, would
  -- deadlock an upsert with an update of the same key. after_change() corrects
  -- it where another writer came between.
  NEW.version := coalesce((SELECT r.version FROM larder.revisions r
                            WHERE r.artifact_type = NEW.artifact_type
                              AND r.artifact_id = NEW.artifact_id), 0) + 1;
  RETURN NEW;
END
$$;

-- BEFORE UPDATE of content: makes content follow content_raw, or the other way
-- round, whichever the program changed.
CREATE FUNCTION larder.before_update() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  raw_changed boolean := NEW.content_raw IS DISTINCT FROM OLD.content_raw;
  content_changed boolean := NEW.content IS DISTINCT FROM OLD.content;
BEGIN
  IF NEW.content_raw IS NULL OR (content_changed AND NOT raw_changed) THEN
    NEW.content_raw := NEW.content::text;
  ELSIF NEW.content IS NULL OR (raw_changed AND NOT content_changed) THEN
    NEW.content := larder.as_jsonb(NEW.content_raw);
  END IF;
  NEW.updated_at := now();
  NEW.version := coalesce((SELECT r.version FROM larder.revisions r
                            WHERE r.artifact_type = NEW.artifact_type
                              AND r.artifact_id = NEW.artifact_id), 0) + 1;
  RETURN NEW;
END
$$;

-- BEFORE UPDATE of version alone: whatever the program wants, it is what
-- larder.revisions says.
CREATE FUNCTION larder.before_version() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.version := coalesce((SELECT r.version FROM larder.revisions r
                            WHERE r.artifact_type = NEW.artifact_type
                              AND r.artifact_id = NEW.artifact_id),
                          OLD.version);
  RETURN NEW;
END
$$;

-- Gives a key its next revision and writes the outbox row, in the transaction
-- of the change. Returns the version. For after_change() alone, whose rights and
-- search_path it has.
CREATE FUNCTION larder.note_change(type text, id text, change text)
  RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  now_at larder.revisions;
BEGIN
  -- The SET list is evaluated when the row's lock is held, so that of two
  -- writers the one that commits later has the higher revision. EXCLUDED
  -- would hold a number drawn before the wait for the lock.
  INSERT INTO larder.revisions AS r (artifact_type, artifact_id, revision,
                                     version, deleted, is_key)
    VALUES (type, id, nextval('larder.revision'), 1, change = 'delete',
            larder.is_key(type, id))
  ON CONFLICT (artifact_type, artifact_id) DO UPDATE
    SET revision = nextval('larder.revision'),
        version = r.version + (change = 'put')::int,
        deleted = change = 'delete',
        changed_at = now()
  RETURNING * INTO now_at;
  IF now_at.is_key THEN
    INSERT INTO larder.outbox (artifact_type, artifact_id, op, revision,
                               version)
      VALUES (type, id, change, now_at.revision, now_at.version);
  END IF;
  RETURN now_at.version;
END
$$;

CREATE FUNCTION larder.after_change() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  renamed boolean := false;
  assigned integer;
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM larder.note_change(OLD.artifact_type, OLD.artifact_id, 'delete');
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    renamed := (OLD.artifact_type, OLD.artifact_id)
               IS DISTINCT FROM (NEW.artifact_type, NEW.artifact_id);
  END IF;
  -- A rename is a delete and a put; its two keys are locked in one order, so
  -- that two opposite renames wait for each other instead of deadlocking.
  IF renamed AND (OLD.artifact_type COLLATE "C", OLD.artifact_id COLLATE "C")
                 < (NEW.artifact_type COLLATE "C", NEW.artifact_id COLLATE "C")
  THEN
    PERFORM larder.note_change(OLD.artifact_type, OLD.artifact_id, 'delete');
  END IF;
  assigned := larder.note_change(NEW.artifact_type, NEW.artifact_id, 'put');
  IF renamed AND (OLD.artifact_type COLLATE "C", OLD.artifact_id COLLATE "C")
                 > (NEW.artifact_type COLLATE "C", NEW.artifact_id COLLATE "C")
  THEN
    PERFORM larder.note_change(OLD.artifact_type, OLD.artifact_id, 'delete');
  END IF;
  IF assigned IS DISTINCT FROM NEW.version THEN
    -- Fires before_version() alone, which puts in what is right.
    UPDATE public.knowledge_artifacts SET version = assigned
     WHERE artifact_type = NEW.artifact_type
       AND artifact_id = NEW.artifact_id;
  END IF;
  RETURN NULL;
END
$$;

-- TRUNCATE: no row, no trigger a key. Readers learn by the epoch.
CREATE FUNCTION larder.after_truncate() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE larder.epoch SET counter = counter + 1 WHERE one;
  UPDATE larder.revisions
     SET revision = nextval('larder.revision'), deleted = true,
         changed_at = now()
   WHERE NOT deleted;
  DELETE FROM larder.outbox;
  RETURN NULL;
END
$$;

-- Checks that knowledge_artifacts has what Larder needs, adds what is missing
-- if that is allowed, (re)makes the triggers, and gives a revision to each row
-- that has none. May be called again at any time.
CREATE FUNCTION larder.attach_artifacts(alter_table boolean) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE
  needed constant jsonb := '{
    "metadata": "JSONB", "usage_count": "INTEGER DEFAULT 0",
    "last_used_at": "TIMESTAMPTZ", "updated_at": "TIMESTAMPTZ DEFAULT now()",
    "version": "INTEGER DEFAULT 1"}';
  missing text[];
  present text[];
  watched text := 'content_raw, content, metadata, artifact_type, artifact_id';
  unique_key boolean;
  wanted text;
BEGIN
  SELECT array_agg(attname::text) INTO present FROM pg_attribute
   WHERE attrelid = 'public.knowledge_artifacts'::regclass
     AND attnum > 0 AND NOT attisdropped;

  SELECT array_agg(c) INTO missing
    FROM unnest(ARRAY['artifact_type', 'artifact_id', 'content_raw',
                      'content']) c WHERE c <> ALL (present);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'the table knowledge_artifacts lacks the column(s) %: '
      'it is not a table that Larder can use; rename it or use another '
      'database', array_to_string(missing, ', ') USING ERRCODE = 'LD001';
  END IF;

  SELECT array_agg(k) INTO missing
    FROM jsonb_object_keys(needed) k WHERE k <> ALL (present);
  IF missing IS NOT NULL AND NOT alter_table THEN
    RAISE EXCEPTION 'the table knowledge_artifacts lacks the column(s) %: '
      'add them, or let Larder do so with `larder migrate --alter`',
      array_to_string(missing, ', ') USING ERRCODE = 'LD001';
  END IF;
  FOREACH wanted IN ARRAY coalesce(missing, '{}') LOOP
    EXECUTE format('ALTER TABLE public.knowledge_artifacts ADD COLUMN %I %s',
                   wanted, needed ->> wanted);
  END LOOP;
  IF 'tags' <> ALL (present) AND alter_table THEN
    ALTER TABLE public.knowledge_artifacts ADD COLUMN tags TEXT[];
    present := present || 'tags'::text;
  END IF;

  SELECT EXISTS (
    SELECT FROM pg_index i
     WHERE i.indrelid = 'public.knowledge_artifacts'::regclass
       AND i.indisunique AND i.indisvalid AND i.indimmediate
       AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 2
       AND (SELECT array_agg(a.attname::text ORDER BY a.attname)
              FROM pg_attribute a WHERE a.attrelid = i.indrelid
               AND a.attnum IN (i.indkey[0], i.indkey[1]))
           = ARRAY['artifact_id', 'artifact_type']) INTO unique_key;
  IF NOT unique_key THEN
    IF NOT alter_table THEN
      RAISE EXCEPTION 'the table knowledge_artifacts has no unique index over '
        '(artifact_type, artifact_id): add one, or let Larder do so with '
        '`larder migrate --alter`' USING ERRCODE = 'LD001';
    END IF;
    BEGIN
      CREATE UNIQUE INDEX knowledge_artifacts_key
        ON public.knowledge_artifacts (artifact_type, artifact_id);
    EXCEPTION WHEN unique_violation THEN
      RAISE EXCEPTION 'the table knowledge_artifacts holds several rows of one '
        '(artifact_type, artifact_id): %', SQLERRM USING ERRCODE = 'LD001';
    END;
  END IF;

  IF 'tags' = ANY (present) THEN
    watched := watched || ', tags';
    -- Tags that were kept aside while there was no column.
    UPDATE public.knowledge_artifacts a SET tags = t.tags FROM larder.tags t
     WHERE a.artifact_type = t.artifact_type AND a.artifact_id = t.artifact_id
       AND a.tags IS NULL;
    DELETE FROM larder.tags;
  END IF;

  -- …_1_… before …_2_…: triggers fire in the order of their names, and
  -- an update of both content and version is an update of content.
  EXECUTE format('
    CREATE OR REPLACE TRIGGER larder_before_insert
      BEFORE INSERT ON public.knowledge_artifacts
      FOR EACH ROW EXECUTE FUNCTION larder.before_insert();
    CREATE OR REPLACE TRIGGER larder_before_update_1_version
      BEFORE UPDATE OF version ON public.knowledge_artifacts
      FOR EACH ROW EXECUTE FUNCTION larder.before_version();
    CREATE OR REPLACE TRIGGER larder_before_update_2_content
      BEFORE UPDATE OF %1$s ON public.knowledge_artifacts
      FOR EACH ROW EXECUTE FUNCTION larder.before_update();
    CREATE OR REPLACE TRIGGER larder_after_change
      AFTER INSERT OR UPDATE OF %1$s OR DELETE ON public.knowledge_artifacts
      FOR EACH ROW EXECUTE FUNCTION larder.after_change();
    CREATE OR REPLACE TRIGGER larder_after_truncate
      AFTER TRUNCATE ON public.knowledge_artifacts
      FOR EACH STATEMENT EXECUTE FUNCTION larder.after_truncate();', watched);
  -- Also for rows that arrive by logical replication.
  ALTER TABLE public.knowledge_artifacts
    ENABLE ALWAYS TRIGGER larder_before_insert,
    ENABLE ALWAYS TRIGGER larder_before_update_1_version,
    ENABLE ALWAYS TRIGGER larder_before_update_2_content,
    ENABLE ALWAYS TRIGGER larder_after_change,
    ENABLE ALWAYS TRIGGER larder_after_truncate;

  -- The triggers' lock keeps writers out until we commit: no row is missed.
  INSERT INTO larder.revisions (artifact_type, artifact_id, revision, version,
                                deleted, changed_at, is_key)
    SELECT a.artifact_type, a.artifact_id, nextval('larder.revision'),
           coalesce(a.version, 1), false, coalesce(a.updated_at, now()),
           larder.is_key(a.artifact_type, a.artifact_id)
      FROM public.knowledge_artifacts a
  ON CONFLICT DO NOTHING;
END
$$;
