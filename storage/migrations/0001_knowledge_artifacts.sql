-- The table that people see and write to. One that is there already is adopted
-- as it is: see larder.attach_artifacts() in 0002.

CREATE TABLE IF NOT EXISTS public.knowledge_artifacts (
  id            SERIAL PRIMARY KEY,
  artifact_id   TEXT NOT NULL,
  artifact_type TEXT NOT NULL,
  content_raw   TEXT NOT NULL,     -- the value, byte for byte
  content       JSONB NOT NULL,    -- the same, parsed, for queries
  metadata      JSONB,
  tags          TEXT[],
  usage_count   INTEGER DEFAULT 0,
  success_rate  FLOAT DEFAULT 0.0,
  last_used_at  TIMESTAMPTZ,
  created_at    TIMESTAMPTZ DEFAULT now(),
  updated_at    TIMESTAMPTZ DEFAULT now(),
  version       INTEGER DEFAULT 1, -- assigned by the database alone
  CONSTRAINT knowledge_artifacts_key UNIQUE (artifact_type, artifact_id)
);

-- For our own table only: an adopted one keeps the indexes that it has.
DO $$
DECLARE
  vector text;
BEGIN
  IF current_setting('larder.adopting', true) = 'on' THEN
    RETURN;
  END IF;
  CREATE INDEX idx_artifact_type
    ON public.knowledge_artifacts (artifact_type);
  CREATE INDEX idx_artifact_id
    ON public.knowledge_artifacts (artifact_id);
  CREATE INDEX idx_last_used
    ON public.knowledge_artifacts (last_used_at DESC);
  CREATE INDEX idx_usage_count
    ON public.knowledge_artifacts (usage_count DESC);

  -- Semantic search needs pgvector; everything else does without.
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
    BEGIN
      CREATE EXTENSION IF NOT EXISTS vector;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE 'pgvector is there but cannot be enabled (%): '
                   'no embedding column', SQLERRM;
    END;
  END IF;
  SELECT format('%I.%I', n.nspname, t.typname) INTO vector
    FROM pg_extension e
    JOIN pg_type t ON t.typname = 'vector' AND t.typnamespace = e.extnamespace
    JOIN pg_namespace n ON n.oid = e.extnamespace
   WHERE e.extname = 'vector';
  IF vector IS NOT NULL THEN
    EXECUTE format('ALTER TABLE public.knowledge_artifacts '
                   'ADD COLUMN embedding %s(1536)', vector);
  END IF;
END
$$;
