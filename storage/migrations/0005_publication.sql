-- How far publication has come: what is marked as published stands in the
-- change log at or before log_sequence, where the record has this message id,
-- and in JetStream's bucket at or before its mark. Updated with the marks, in
-- one transaction; so a relay that takes over can tell whether the log or the
-- bucket has lost something since.
CREATE TABLE larder.publication (
  one               BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
  log_sequence      BIGINT NOT NULL DEFAULT 0,
  message_id        TEXT NOT NULL DEFAULT '',
  bucket_generation BIGINT NOT NULL DEFAULT 1,
  bucket_mark       BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO larder.publication DEFAULT VALUES;

-- Another epoch, unless somebody else has begun one since counter `seen`. The
-- log that it begins in need not hold what was published before.
CREATE OR REPLACE FUNCTION larder.raise_epoch(seen bigint) RETURNS bigint
  LANGUAGE plpgsql AS $$
BEGIN
  UPDATE larder.epoch SET counter = counter + 1 WHERE one AND counter = seen;
  IF FOUND THEN
    UPDATE larder.publication SET log_sequence = 0, message_id = '' WHERE one;
  END IF;
  RETURN (SELECT counter FROM larder.epoch WHERE one);
END
$$;
