#include "storage/postgres_outbox.hpp"

#include "storage/postgres_array.hpp"
#include "storage/postgres_session.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace larder {

namespace {

// The database's clock decides: the relays' own clocks may differ.
constexpr postgres_statement hold{
    "larder_hold",
    "WITH s AS (SELECT set_config('synchronous_commit', 'off', true))"
    " INSERT INTO larder.lease AS l (name, holder, expires_at)"
    " SELECT $1, $2, clock_timestamp() + $3::bigint * interval '1 ms' FROM s"
    " ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder,"
    "   expires_at = clock_timestamp() + $3::bigint * interval '1 ms'"
    " WHERE l.holder = EXCLUDED.holder OR l.expires_at <= clock_timestamp()"
    " RETURNING true"};

constexpr postgres_statement release{
    "larder_release",
    "DELETE FROM larder.lease WHERE name = $1 AND holder = $2"};

// One statement, one snapshot. No SKIP LOCKED: a row that another session has
// locked is a row that is not published yet, and a fence that skipped it would
// lie. COLLATE: the table's index has the database's collation, and is of no
// use to a comparison in that of our own columns. The value goes along with the
// first row of its key only. The epoch's row is there even when no other is.
constexpr postgres_statement take{
    "larder_unpublished",
    "SELECT e.counter, o.id, o.artifact_type, o.artifact_id, o.op, o.revision,"
    "       o.version, coalesce(r.revision, 0), coalesce(r.version, 0),"
    "       a.content_raw IS NOT NULL,"
    "       CASE WHEN o.nth = 1 THEN a.content_raw END,"
    "       p.log_sequence, p.message_id, p.bucket_generation, p.bucket_mark"
    "  FROM larder.epoch e"
    "  JOIN larder.publication p ON p.one"
    "  LEFT JOIN (SELECT w.*, row_number() OVER (PARTITION BY w.artifact_type,"
    "                                            w.artifact_id ORDER BY w.id)"
    "                         AS nth"
    "               FROM (SELECT * FROM larder.outbox ORDER BY id"
    "                      LIMIT $1::bigint) w) o ON true"
    "  LEFT JOIN larder.revisions r ON r.artifact_type = o.artifact_type"
    "                              AND r.artifact_id = o.artifact_id"
    "  LEFT JOIN public.knowledge_artifacts a"
    "         ON a.artifact_type = o.artifact_type COLLATE \"default\""
    "        AND a.artifact_id = o.artifact_id COLLATE \"default\""
    " WHERE e.one ORDER BY o.id"};

// Lost in a crash, it costs a second publication of the same change, which
// everybody recognises: not worth an fsync.
constexpr postgres_statement mark{
    "larder_published",
    "WITH s AS (SELECT set_config('synchronous_commit', 'off', true))"
    ", gone AS (DELETE FROM larder.outbox o USING s"
    "            WHERE o.id = ANY ($1::bigint[]))"
    " UPDATE larder.publication p"
    "    SET log_sequence = greatest(p.log_sequence, $2::bigint),"
    "        message_id = CASE WHEN $2::bigint > p.log_sequence THEN $3"
    "                          ELSE p.message_id END,"
    "        bucket_generation = p.bucket_generation"
    "                            + ($4::bigint = 0)::int,"
    "        bucket_mark = CASE $4::bigint"
    "                      WHEN 0 THEN 0"
    "                      WHEN p.bucket_generation"
    "                      THEN greatest(p.bucket_mark, $5::bigint)"
    "                      ELSE p.bucket_mark END"
    "   FROM s WHERE p.one"};

constexpr postgres_statement renew{
    "larder_renew_bucket",
    "UPDATE larder.publication"
    "   SET bucket_generation = bucket_generation + 1, bucket_mark = 0"
    " WHERE one AND bucket_generation = $1::bigint"};

constexpr postgres_statement counter{
    "larder_counter", "SELECT counter FROM larder.epoch WHERE one"};

constexpr postgres_statement raise{"larder_raise_epoch",
                                   "SELECT larder.raise_epoch($1::bigint)"};

constexpr postgres_statement count{"larder_backlog",
                                   "SELECT count(*) FROM larder.outbox"};

}  // namespace

postgres_outbox::postgres_outbox(config::postgres_settings settings)
    : session_(std::make_unique<postgres_session>(std::move(settings))) {}

postgres_outbox::~postgres_outbox() = default;

caf::expected<bool> postgres_outbox::hold_lease(const std::string& name,
                                                const std::string& holder,
                                                std::chrono::milliseconds ttl) {
  auto rows = session_->run(hold, {name, holder, std::to_string(ttl.count())});
  if (!rows)
    return rows.error();
  return rows->size() == 1;
}

caf::expected<void> postgres_outbox::release_lease(const std::string& name,
                                                   const std::string& holder) {
  auto rows = session_->run(release, {name, holder});
  if (!rows)
    return rows.error();
  return caf::unit;
}

caf::expected<outbox_batch> postgres_outbox::unpublished(std::uint32_t limit) {
  auto rows = session_->run(take, {std::to_string(std::uint64_t{limit} + 1)});
  if (!rows)
    return rows.error();
  outbox_batch batch;
  batch.epoch = session_->epoch_of(rows->number(0, 0));
  batch.upto = {static_cast<std::uint64_t>(rows->number(0, 11)),
                std::string{rows->text(0, 12)},
                static_cast<std::uint32_t>(rows->number(0, 13)),
                static_cast<std::uint64_t>(rows->number(0, 14))};
  if (rows->is_null(0, 1))
    return batch;
  batch.more = static_cast<std::uint64_t>(rows->size()) > limit;
  auto size = static_cast<int>(
      std::min<std::uint64_t>(limit, static_cast<std::uint64_t>(rows->size())));
  batch.rows.reserve(static_cast<std::size_t>(size));
  std::unordered_map<key, artifact_ptr, key_hash, key_equal> values;
  for (int i = 0; i < size; ++i) {
    outbox_row row;
    row.id = rows->number(i, 1);
    row.key = {std::string{rows->text(i, 2)}, std::string{rows->text(i, 3)}};
    row.deleted = rows->text(i, 4) == "delete";
    row.info = {rows->number(i, 5),
                static_cast<std::int32_t>(rows->number(i, 6)), batch.epoch};
    row.current_info = {rows->number(i, 7),
                        static_cast<std::int32_t>(rows->number(i, 8)),
                        batch.epoch};
    if (rows->flag(i, 9)) {
      auto& value = values[row.key];
      if (!value)
        value = artifact::make(row.key, rows->text(i, 10), row.current_info);
      row.current = value;
    }
    batch.rows.push_back(std::move(row));
  }
  return batch;
}

caf::expected<void>
postgres_outbox::published(std::span<const std::int64_t> ids,
                           const publication& upto) {
  postgres_array array;
  for (auto id : ids)
    array.add(id);
  auto rows = session_->run(
      mark, {array.take(), std::to_string(upto.log_sequence), upto.message_id,
             std::to_string(upto.bucket_generation),
             std::to_string(upto.bucket_mark)});
  if (!rows)
    return rows.error();
  return caf::unit;
}

caf::expected<void> postgres_outbox::renew_bucket(std::uint32_t from) {
  auto rows = session_->run(renew, {std::to_string(from)});
  if (!rows)
    return rows.error();
  return caf::unit;
}

caf::expected<larder::epoch>
postgres_outbox::raise_epoch(const larder::epoch& from) {
  // Also where `from` is of another server or timeline: then its counter means
  // nothing here, and the epoch is another one already.
  auto now = session_->run(counter, {});
  if (!now)
    return now.error();
  auto current = session_->epoch_of(now->number(0, 0));
  if (current != from)
    return current;
  auto raised = session_->run(raise, {std::string{now->text(0, 0)}});
  if (!raised)
    return raised.error();
  return session_->epoch_of(raised->number(0, 0));
}

caf::expected<std::uint64_t> postgres_outbox::backlog() {
  auto rows = session_->run(count, {});
  if (!rows)
    return rows.error();
  return static_cast<std::uint64_t>(rows->number(0, 0));
}

}  // namespace larder
