-- The packages of all nodes (see storage/package_database.hpp). Revisions come
-- from the nodes, newer ones win; documents are kept byte for byte, so they are
-- text. Keys compare by their bytes, as in the nodes' own stores.
CREATE TABLE larder.packages (
  ecosystem TEXT COLLATE "C" NOT NULL,
  name      TEXT COLLATE "C" NOT NULL,
  version   TEXT COLLATE "C" NOT NULL,
  revision  BIGINT NOT NULL,
  document  TEXT COLLATE "C" NOT NULL,
  stored_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (ecosystem, name, version)
);

-- That a package was removed outlives it, so that a late write cannot bring it
-- back.
CREATE TABLE larder.removed_packages (
  ecosystem  TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  revision   BIGINT NOT NULL,
  removed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (ecosystem, name)
);
