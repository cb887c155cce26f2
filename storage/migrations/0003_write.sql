-- The last batch that each of Larder's sessions has committed. When a
-- connection dies during COMMIT, the next one looks here whether it happened.
-- (pg_xact_status would not do: after a crash the server may give the same
-- transaction id to somebody else.)
CREATE TABLE larder.writers (
  session UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  batch   BIGINT NOT NULL DEFAULT 0,
  seen_at TIMESTAMPTZ NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Larder's own writes: a batch in one call. Rows are locked in the order of
-- their keys, so that two batches wait for each other instead of deadlocking.
-- Each request has its own status:
--   done       revision and version are the new ones
--   conflict   another revision is current: `revision` (0: no such key)
--   absent     a delete of a key that is not there; `revision` is the
--              deletion's, or 0
--   locked     another transaction held the key for longer than lock_timeout
--   metadata   the metadata is not a JSON object that jsonb can hold
--   refused    another unique constraint of an adopted table forbids the key
CREATE FUNCTION larder.write(
    types text[], ids text[], contents text[], metadatas text[],
    tag_lists text[], expected bigint[], writer uuid, batch_number bigint)
  RETURNS TABLE (ord bigint, status text, revision bigint, version integer,
                 counter bigint)
  LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  q record;
  has_tags boolean := EXISTS (
    SELECT FROM pg_catalog.pg_attribute
     WHERE attrelid = 'public.knowledge_artifacts'::regclass
       AND attname = 'tags' AND NOT attisdropped);
  waited boolean := false;
  held boolean;
  is_there boolean;
  tries integer;
  meta jsonb;
  at_now larder.revisions;
BEGIN
  INSERT INTO larder.writers AS w VALUES (writer, batch_number)
  ON CONFLICT (session) DO UPDATE
    SET batch = EXCLUDED.batch, seen_at = now();
  FOR q IN
    SELECT u.* FROM unnest(types, ids, contents, metadatas, tag_lists, expected)
      WITH ORDINALITY AS u(type, id, content, metadata, tags, expected, ord)
     ORDER BY u.type COLLATE "C", u.id COLLATE "C", u.ord
  LOOP
    ord := q.ord;
    status := 'done';
    tries := 0;
    meta := NULL;
    IF q.metadata IS NOT NULL THEN
      BEGIN
        meta := q.metadata::jsonb;
      EXCEPTION WHEN OTHERS THEN
        status := 'metadata';
      END;
      IF status = 'metadata' OR jsonb_typeof(meta) <> 'object' THEN
        status := 'metadata'; revision := 0; version := 0;
        RETURN NEXT;
        CONTINUE;
      END IF;
    END IF;

    LOOP
      -- Lock the row. The exception block, a subtransaction, is for a row that
      -- is locked already; and one call waits for one such row only.
      PERFORM FROM public.knowledge_artifacts a
        WHERE a.artifact_type = q.type AND a.artifact_id = q.id
        FOR UPDATE SKIP LOCKED;
      held := FOUND;
      is_there := held;
      IF NOT held THEN
        is_there := EXISTS (SELECT FROM public.knowledge_artifacts a
          WHERE a.artifact_type = q.type AND a.artifact_id = q.id);
        IF is_there AND waited THEN
          status := 'locked';
        ELSIF is_there THEN
          BEGIN
            PERFORM FROM public.knowledge_artifacts a
              WHERE a.artifact_type = q.type AND a.artifact_id = q.id
              FOR UPDATE;
            held := FOUND;
            CONTINUE WHEN NOT held;
          EXCEPTION WHEN lock_not_available THEN
            waited := true;
            status := 'locked';
          END;
        END IF;
      END IF;
      IF status = 'locked' THEN
        revision := 0; version := 0;
        EXIT;
      END IF;

      -- We hold a lock on the table: no TRUNCATE comes before our commit.
      IF counter IS NULL THEN
        counter := (SELECT e.counter FROM larder.epoch e WHERE e.one);
      END IF;
      IF q.expected IS NOT NULL OR q.content IS NULL THEN
        SELECT r.* INTO at_now FROM larder.revisions r
         WHERE r.artifact_type = q.type AND r.artifact_id = q.id;
        revision := coalesce(at_now.revision, 0);
        version := coalesce(at_now.version, 0);
      END IF;
      IF q.expected IS NOT NULL AND
         (held AND q.expected <> revision OR NOT held AND q.expected <> 0) THEN
        status := 'conflict';
        IF NOT held THEN revision := 0; END IF;
        EXIT;
      END IF;

      IF q.content IS NULL THEN
        IF NOT held THEN
          status := 'absent';
          EXIT;
        END IF;
        DELETE FROM public.knowledge_artifacts a
         WHERE a.artifact_type = q.type AND a.artifact_id = q.id;
        IF NOT has_tags THEN
          DELETE FROM larder.tags t
           WHERE t.artifact_type = q.type AND t.artifact_id = q.id;
        END IF;
      ELSIF held AND has_tags THEN
        UPDATE public.knowledge_artifacts a
           SET content_raw = q.content,
               metadata = CASE WHEN q.metadata IS NULL THEN a.metadata
                               ELSE meta END,
               tags = coalesce(q.tags::text[], a.tags)
         WHERE a.artifact_type = q.type AND a.artifact_id = q.id;
      ELSIF held THEN
        UPDATE public.knowledge_artifacts a
           SET content_raw = q.content,
               metadata = CASE WHEN q.metadata IS NULL THEN a.metadata
                               ELSE meta END
         WHERE a.artifact_type = q.type AND a.artifact_id = q.id;
      ELSE
        IF has_tags THEN
          INSERT INTO public.knowledge_artifacts
              (artifact_type, artifact_id, content_raw, metadata, tags)
            VALUES (q.type, q.id, q.content, meta, q.tags::text[])
          ON CONFLICT DO NOTHING;
        ELSE
          INSERT INTO public.knowledge_artifacts
              (artifact_type, artifact_id, content_raw, metadata)
            VALUES (q.type, q.id, q.content, meta)
          ON CONFLICT DO NOTHING;
        END IF;
        IF NOT FOUND THEN
          -- Somebody else inserted it meanwhile: look again. Or an adopted
          -- table has a further unique constraint, which no retry changes.
          tries := tries + 1;
          CONTINUE WHEN tries < 10;
          status := 'refused'; revision := 0; version := 0;
          EXIT;
        END IF;
      END IF;
      IF q.content IS NOT NULL AND q.tags IS NOT NULL AND NOT has_tags THEN
        INSERT INTO larder.tags AS t VALUES (q.type, q.id, q.tags::text[])
        ON CONFLICT (artifact_type, artifact_id) DO UPDATE
          SET tags = EXCLUDED.tags;
      END IF;
      SELECT r.revision, r.version INTO revision, version
        FROM larder.revisions r
       WHERE r.artifact_type = q.type AND r.artifact_id = q.id;
      EXIT;
    END LOOP;
    RETURN NEXT;
  END LOOP;
END
$$;
