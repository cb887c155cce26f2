-- Full text search. Words are kept in a table of Larder's own: a column in
-- somebody else's table would rewrite it, show in every `SELECT *`, and let
-- writes fail that know nothing of Larder (a tsvector has a largest size). And
-- writers do not wait for it: a change takes 0.1 ms a KiB to index, so it is
-- only noted that a key is not indexed; larder.index_changes() does the work
-- later, and larder.search() looks into what is new itself.

-- A table that is none of ours is found out in the end, and said so.
SET LOCAL check_function_bodies = off;

ALTER TABLE larder.revisions ADD COLUMN indexed BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX revisions_not_indexed ON larder.revisions (changed_at)
  WHERE NOT indexed AND is_key;

CREATE TABLE larder.search_index (
  artifact_type TEXT COLLATE "C" NOT NULL,
  artifact_id   TEXT COLLATE "C" NOT NULL,
  -- Words of another revision than the current one are void.
  revision      BIGINT NOT NULL,
  words         TSVECTOR NOT NULL,
  PRIMARY KEY (artifact_type, artifact_id)
);
CREATE INDEX search_index_words ON larder.search_index USING gin (words);

-- As in 0002, and: what has changed is not indexed.
CREATE OR REPLACE FUNCTION larder.note_change(type text, id text, change text)
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
        changed_at = now(),
        indexed = false
  RETURNING * INTO now_at;
  IF now_at.is_key THEN
    INSERT INTO larder.outbox (artifact_type, artifact_id, op, revision,
                               version)
      VALUES (type, id, change, now_at.revision, now_at.version);
  END IF;
  RETURN now_at.version;
END
$$;

CREATE OR REPLACE FUNCTION larder.after_truncate() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE larder.epoch SET counter = counter + 1 WHERE one;
  UPDATE larder.revisions
     SET revision = nextval('larder.revision'), deleted = true,
         changed_at = now(), indexed = false
   WHERE NOT deleted;
  DELETE FROM larder.outbox;
  RETURN NULL;
END
$$;

-- A name as people type it: without case, and one space for whatever stands
-- between words.
CREATE FUNCTION larder.plain(name text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN lower(btrim(regexp_replace(name,
    '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g')));

-- The lexeme of a whole name, without what stands between its words; no text
-- has one that begins with `=`.
CREATE FUNCTION larder.whole(name text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN '=' || left(replace(larder.plain(name), ' ', ''), 500);

-- The artifact's tags: in the table's column, if it has one (if not, `tags` is
-- that of the outer query), else those kept aside.
CREATE FUNCTION larder.tags_of(type text, id text) RETURNS text[]
  LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT (SELECT tags FROM public.knowledge_artifacts a
              WHERE a.artifact_type = $1 COLLATE "default"
                AND a.artifact_id = $2 COLLATE "default")
       FROM (SELECT NULL::text[] AS tags) none),
    (SELECT t.tags FROM larder.tags t
      WHERE t.artifact_type = $1 AND t.artifact_id = $2))
$$;

-- What is indexed of an artifact. A: id and name; B: description and tags;
-- D: all other text.
CREATE FUNCTION larder.words_of(id text, content jsonb, raw text, tags text[])
  RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  name text := coalesce(content ->> 'name', content ->> 'title', '');
  described text := concat_ws(' . ', content ->> 'description',
    content ->> 'summary', content ->> 'tags', content ->> 'keywords',
    array_to_string(tags, ' . '));
  rest jsonb := content - ARRAY['name', 'title', 'description', 'summary',
                                'tags', 'keywords'];
  words tsvector;
BEGIN
  -- See as_jsonb().
  IF content ->> 'larder' LIKE 'content_raw is not representable%' THEN
    rest := to_jsonb(raw);
  END IF;
  words := array_to_tsvector(ARRAY[larder.whole(id)])
    || setweight(to_tsvector('english', concat_ws(' . ', id, larder.plain(id),
                                                  left(name, 2000))), 'A')
    || setweight(to_tsvector('english', left(described, 20000)), 'B');
  BEGIN
    RETURN words || jsonb_to_tsvector('english', rest, '["string"]');
  EXCEPTION WHEN program_limit_exceeded THEN
    RETURN words || to_tsvector('english', left(raw, 100000));
  END;
END
$$;

-- The comparisons below name the default collation, because larder.revisions has
-- another one, in which an index of the table would not be used; and they are
-- looked up row by row, because a planner without statistics of a table that has
-- just been filled would read all of it.

-- Up to `most` keys, and about 1 MiB: about 0.1 s. True if there may be more.
CREATE FUNCTION larder.index_changes(most bigint) RETURNS boolean
  LANGUAGE plpgsql
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET jit = off
  AS $$
DECLARE
  types text[];
  ids text[];
  revisions bigint[];
  vectors tsvector[];
  left_out boolean;
BEGIN
  -- Not worth an fsync: what is lost is indexed again.
  PERFORM set_config('synchronous_commit', 'off', true);
  -- First the work, without a lock: a writer never waits for it.
  SELECT array_agg(k.artifact_type), array_agg(k.artifact_id),
         array_agg(k.revision), count(*) = most OR bool_or(NOT k.fits),
         array_agg(CASE WHEN k.content_raw IS NOT NULL THEN larder.words_of(
           k.artifact_id, k.content, k.content_raw,
           larder.tags_of(k.artifact_type, k.artifact_id)) END)
           FILTER (WHERE k.fits)
    INTO types, ids, revisions, left_out, vectors
    FROM (SELECT r.*, a.content_raw, a.content,
                 coalesce(sum(octet_length(a.content_raw)) OVER before, 0)
                   < 1048576 AS fits
            FROM (SELECT * FROM larder.revisions
                   WHERE NOT indexed AND is_key
                   ORDER BY changed_at LIMIT most) r
            LEFT JOIN LATERAL (
              SELECT * FROM public.knowledge_artifacts k
               WHERE k.artifact_type = r.artifact_type COLLATE "default"
                 AND k.artifact_id = r.artifact_id COLLATE "default"
              OFFSET 0) a ON true
          WINDOW before AS (ORDER BY r.changed_at, r.revision
                            ROWS BETWEEN UNBOUNDED PRECEDING
                                     AND 1 PRECEDING)
           ORDER BY r.changed_at, r.revision) k;
  IF types IS NULL THEN
    RETURN false;
  END IF;
  -- Then the result, for what has not changed since. SKIP LOCKED: who waits
  -- for nobody is in no deadlock.
  WITH done AS MATERIALIZED (
    SELECT r.artifact_type, r.artifact_id, r.revision, k.words
      FROM unnest(types[:cardinality(vectors)], ids[:cardinality(vectors)],
                  revisions[:cardinality(vectors)], vectors)
             AS k(type, id, revision, words)
      JOIN larder.revisions r ON r.artifact_type = k.type
                             AND r.artifact_id = k.id
                             AND r.revision = k.revision
     WHERE NOT r.indexed FOR NO KEY UPDATE OF r SKIP LOCKED),
  noted AS (
    UPDATE larder.revisions r SET indexed = true FROM done
     WHERE r.artifact_type = done.artifact_type
       AND r.artifact_id = done.artifact_id),
  gone AS (
    DELETE FROM larder.search_index s USING done
     WHERE s.artifact_type = done.artifact_type
       AND s.artifact_id = done.artifact_id AND done.words IS NULL)
  INSERT INTO larder.search_index AS s (artifact_type, artifact_id, revision,
                                        words)
    SELECT * FROM done WHERE words IS NOT NULL
  ON CONFLICT (artifact_type, artifact_id) DO UPDATE
    SET revision = EXCLUDED.revision, words = EXCLUDED.words;
  RETURN left_out;
END
$$;

-- The text that highlights are cut from.
CREATE FUNCTION larder.text_of(content jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT left(concat_ws(' … ', content ->> 'description',
    (SELECT string_agg(s #>> '{}', ' … ')
       FROM jsonb_path_query(content - 'description'::text, 'strict $.**')
            WITH ORDINALITY AS t(s, n)
      WHERE jsonb_typeof(s) = 'string')), 100000)
$$;

-- The best matches for a query in the language of websearch_to_tsquery; the
-- first row always says how much could not be looked into, and is all there is
-- if nothing was found.
CREATE FUNCTION larder.search(query text, of_type text DEFAULT NULL,
                              most bigint DEFAULT 10, skip bigint DEFAULT 0)
  RETURNS TABLE (unindexed bigint, artifact_type text, artifact_id text,
                 revision bigint, version integer, score float8,
                 highlight text)
  LANGUAGE plpgsql STABLE
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET jit = off
  AS $$
#variable_conflict use_column
DECLARE
  asked tsquery := websearch_to_tsquery('english', query);
  named tsquery := ('''' || replace(larder.whole(query), '''', '''''')
                    || '''')::tsquery;
  wanted tsquery := named;
BEGIN
  IF numnode(asked) > 0 THEN
    wanted := asked || named;
  END IF;
  RETURN QUERY
  WITH new AS MATERIALIZED (
    SELECT r.*, a.content_raw, a.content,
           sum(octet_length(a.content_raw))
             OVER (ORDER BY r.changed_at DESC, r.revision DESC
                   ROWS UNBOUNDED PRECEDING) <= 1048576 AS fits
      FROM (SELECT * FROM larder.revisions v WHERE NOT v.indexed AND v.is_key
             ORDER BY v.changed_at DESC LIMIT 256) r
     CROSS JOIN LATERAL (
       SELECT * FROM public.knowledge_artifacts k
        WHERE k.artifact_type = r.artifact_type COLLATE "default"
          AND k.artifact_id = r.artifact_id COLLATE "default" OFFSET 0) a),
  matched AS (
    SELECT s.artifact_type, s.artifact_id, r.revision, r.version, s.words
      FROM larder.search_index s
      JOIN larder.revisions r ON r.artifact_type = s.artifact_type
                             AND r.artifact_id = s.artifact_id
                             AND r.revision = s.revision
     WHERE s.words @@ wanted AND NOT r.deleted
       AND (of_type IS NULL OR s.artifact_type = of_type)
    UNION ALL
    SELECT * FROM (
      SELECT n.artifact_type, n.artifact_id, n.revision, n.version,
             larder.words_of(n.artifact_id, n.content, n.content_raw,
               larder.tags_of(n.artifact_type, n.artifact_id)) AS words
        FROM new n
       WHERE n.fits AND (of_type IS NULL OR n.artifact_type = of_type)) fresh
     WHERE fresh.words @@ wanted),
  best AS (
    SELECT m.artifact_type, m.artifact_id, m.revision, m.version,
           (m.words @@ named)::int
             + ts_rank('{0.05, 0.1, 0.4, 1}', m.words, asked, 1 | 32) AS score
      FROM matched m
     ORDER BY score DESC, m.artifact_type, m.artifact_id
     LIMIT most OFFSET skip),
  shown AS (
    SELECT b.*, btrim(regexp_replace(
             ts_headline('english', larder.text_of(a.content), asked,
                         'MinWords=12, MaxWords=32, ShortWord=2, '
                         'StartSel=<b>, StopSel=</b>'), '\s+', ' ', 'g'))
             AS highlight
      FROM best b CROSS JOIN LATERAL (
        SELECT k.content FROM public.knowledge_artifacts k
         WHERE k.artifact_type = b.artifact_type COLLATE "default"
           AND k.artifact_id = b.artifact_id COLLATE "default" OFFSET 0) a)
  SELECT u.n, h.artifact_type, h.artifact_id, h.revision, h.version,
         h.score::float8, h.highlight
    FROM (SELECT greatest(count(*) - 256, 0)
                 + (SELECT count(*) FILTER (WHERE NOT fits) FROM new) AS n
            FROM (SELECT FROM larder.revisions v
                   WHERE NOT v.indexed AND v.is_key
                   ORDER BY v.changed_at DESC LIMIT 100000) all_new) u
    LEFT JOIN shown h ON true
   ORDER BY h.score DESC, h.artifact_type, h.artifact_id;
END
$$;
