-- The type of an artifact is one of its words: "web framework" finds the
-- framework that says of itself only that it is for the web.

-- What is said of an artifact beside its content: its type and its tags. The
-- tags are in the table's column, if it has one (if not, `tags` is that of the
-- outer query), else kept aside.
CREATE OR REPLACE FUNCTION larder.tags_of(type text, id text) RETURNS text[]
  LANGUAGE sql STABLE AS $$
  SELECT $1 || coalesce(
    (SELECT (SELECT tags FROM public.knowledge_artifacts a
              WHERE a.artifact_type = $1 COLLATE "default"
                AND a.artifact_id = $2 COLLATE "default")
       FROM (SELECT NULL::text[] AS tags) none),
    (SELECT t.tags FROM larder.tags t
      WHERE t.artifact_type = $1 AND t.artifact_id = $2),
    '{}')
$$;

-- All is indexed anew, behind everybody's back, as after a change.
TRUNCATE larder.search_index;
UPDATE larder.revisions SET indexed = false WHERE indexed AND NOT deleted;
