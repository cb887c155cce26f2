#include "storage/postgres_store.hpp"

#include "storage/error.hpp"
#include "storage/postgres_array.hpp"
#include "storage/postgres_keys.hpp"
#include "storage/postgres_session.hpp"
#include "storage/utf8.hpp"

#include <map>
#include <utility>

namespace larder {

namespace {

// The epoch's counter comes with every answer, so that no answer given after a
// TRUNCATE passes for one of the time before.
constexpr postgres_statement select_values{
    "larder_get",
    "SELECT coalesce(r.revision, 0), coalesce(r.version, 0),"
    "       (SELECT counter FROM larder.epoch WHERE one), a.content_raw"
    "  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(type, id, ord)"
    "  LEFT JOIN larder.revisions r"
    "         ON r.artifact_type = k.type AND r.artifact_id = k.id"
    "  LEFT JOIN public.knowledge_artifacts a"
    "         ON a.artifact_type = k.type AND a.artifact_id = k.id"
    " ORDER BY k.ord"};

constexpr postgres_statement select_revisions{
    "larder_revisions",
    "SELECT coalesce(r.revision, 0), coalesce(r.version, 0),"
    "       (SELECT counter FROM larder.epoch WHERE one)"
    "  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(type, id, ord)"
    "  LEFT JOIN larder.revisions r"
    "         ON r.artifact_type = k.type AND r.artifact_id = k.id"
    " ORDER BY k.ord"};

constexpr postgres_statement write_all{
    "larder_write",
    "SELECT ord, status, revision, version, coalesce(counter, 0)"
    "  FROM larder.write($1::text[], $2::text[], $3::text[], $4::text[],"
    "                    $5::text[], $6::bigint[], $7::uuid, $8::bigint)"};

// By larder.revisions, whose primary key has the order of bytes whatever the
// database's collation is.
constexpr postgres_statement select_items{
    "larder_list",
    "SELECT artifact_id, revision, version,"
    "       to_char(changed_at AT TIME ZONE 'UTC',"
    "               'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    "  FROM larder.revisions"
    " WHERE artifact_type = $1 AND artifact_id > $3 AND NOT deleted"
    "   AND is_key"
    " ORDER BY artifact_id LIMIT $2::bigint"};

constexpr postgres_statement scan_type{
    "larder_scan_type",
    "SELECT r.artifact_type, r.artifact_id, r.revision, r.version,"
    "       (SELECT counter FROM larder.epoch WHERE one), a.content_raw"
    "  FROM larder.revisions r"
    "  JOIN public.knowledge_artifacts a"
    "    ON a.artifact_type = r.artifact_type COLLATE \"default\""
    "   AND a.artifact_id = r.artifact_id COLLATE \"default\""
    " WHERE r.artifact_type = $1 AND r.artifact_id > $2 AND NOT r.deleted"
    "   AND r.is_key"
    " ORDER BY r.artifact_id LIMIT $3::bigint"};

constexpr postgres_statement scan_all{
    "larder_scan_all",
    "SELECT r.artifact_type, r.artifact_id, r.revision, r.version,"
    "       (SELECT counter FROM larder.epoch WHERE one), a.content_raw"
    "  FROM larder.revisions r"
    "  JOIN public.knowledge_artifacts a"
    "    ON a.artifact_type = r.artifact_type COLLATE \"default\""
    "   AND a.artifact_id = r.artifact_id COLLATE \"default\""
    " WHERE (r.artifact_type, r.artifact_id) > ($1, $2) AND NOT r.deleted"
    "   AND r.is_key"
    " ORDER BY r.artifact_type, r.artifact_id LIMIT $3::bigint"};

// Counters never wait for a writer, and lose no fsync over being lost.
constexpr postgres_statement add_usage{
    "larder_usage",
    "WITH s AS (SELECT set_config('synchronous_commit', 'off', true)),"
    " free AS (SELECT a.artifact_type AS type, a.artifact_id AS id, k.reads"
    "   FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k(type, id, reads)"
    "   JOIN public.knowledge_artifacts a"
    "     ON a.artifact_type = k.type AND a.artifact_id = k.id"
    "    FOR NO KEY UPDATE OF a SKIP LOCKED)"
    " UPDATE public.knowledge_artifacts a"
    "    SET usage_count ="
    "          least(coalesce(a.usage_count, 0) + free.reads, 2147483647),"
    "        last_used_at = now()"
    "   FROM free, s"
    "  WHERE a.artifact_type = free.type AND a.artifact_id = free.id"};

caf::error check(const write_request& w) {
  auto refuse = [&](std::string_view what) {
    return fail(ec::invalid_request,
                std::string{what}
                    + " holds a NUL or bytes that are not UTF-8, which "
                      "PostgreSQL cannot store");
  };
  if (!is_utf8_text(w.key.type) || !is_utf8_text(w.key.id))
    return refuse("the key");
  if (w.content && !is_utf8_text(*w.content))
    return refuse("the value");
  if (w.metadata && !is_utf8_text(*w.metadata))
    return refuse("the metadata");
  if (w.tags)
    for (auto& tag : *w.tags)
      if (!is_utf8_text(tag))
        return refuse("a tag");
  return {};
}

void add(postgres_array& to, const std::optional<std::string>& text) {
  if (text)
    to.add(*text);
  else
    to.add_null();
}

using write_refs = std::span<const write_request* const>;

postgres_parameters parameters_of(write_refs requests) {
  postgres_array types, ids, contents, metadatas, tags, expected;
  std::size_t bytes = 0;
  for (auto* w : requests)
    bytes += w->content ? w->content->size() * 9 / 8 + 16 : 8;
  contents.reserve(bytes);
  for (auto* request : requests) {
    auto& w = *request;
    types.add(w.key.type);
    ids.add(w.key.id);
    add(contents, w.content);
    add(metadatas, w.metadata);
    if (w.tags) {
      postgres_array list;
      for (auto& tag : *w.tags)
        list.add(tag);
      tags.add(list.take());
    } else {
      tags.add_null();
    }
    if (w.expected_revision)
      expected.add(*w.expected_revision);
    else
      expected.add_null();
  }
  return {types.take(),     ids.take(),  contents.take(),
          metadatas.take(), tags.take(), expected.take()};
}

caf::expected<version_info> outcome_of(const postgres_result& rows, int i,
                                       const write_request& w,
                                       larder::epoch epoch) {
  auto status = rows.text(i, 1);
  auto revision = rows.number(i, 2);
  if (status == "done")
    return version_info{revision, static_cast<std::int32_t>(rows.number(i, 3)),
                        epoch};
  if (status == "conflict")
    return conflict(
        revision, revision == 0 ? "there is no such key; expected revision "
                                      + std::to_string(*w.expected_revision)
                                : "the current revision is "
                                      + std::to_string(revision) + ", expected "
                                      + std::to_string(*w.expected_revision));
  if (status == "absent")
    return fail(ec::not_found, "no artifact of type \"" + w.key.type
                                   + "\" has the id \"" + w.key.id
                                   + "\": there is nothing to delete");
  if (status == "metadata")
    return fail(ec::invalid_request, "the metadata is not a JSON object that "
                                     "PostgreSQL's jsonb can hold");
  if (status == "locked")
    return fail(ec::deadline_exceeded,
                "another transaction in PostgreSQL holds this key; nothing was "
                "written, try again");
  return fail(ec::invalid_request,
              "another unique constraint of knowledge_artifacts forbids this "
              "key (is artifact_id unique by itself? Larder's keys are unique "
              "over artifact_type and artifact_id)");
}

using write_results = std::vector<caf::expected<version_info>>;

}  // namespace

postgres_store::postgres_store(config::postgres_settings settings)
    : session_(std::make_unique<postgres_session>(std::move(settings))) {}

postgres_store::~postgres_store() = default;

caf::expected<void> postgres_store::ping() {
  if (auto r = session_->connect(); !r)
    return r;
  static constexpr postgres_statement nothing{"larder_ping", "SELECT 1"};
  auto rows = session_->run(nothing, {});
  if (!rows)
    return rows.error();
  return caf::unit;
}

caf::expected<std::vector<lookup>>
postgres_store::get(std::span<const key> keys) {
  std::vector<lookup> result;
  if (keys.empty())
    return result;
  auto [types, ids] = arrays_of(keys);
  auto rows = session_->run(select_values, {std::move(types), std::move(ids)});
  if (!rows)
    return rows.error();
  result.reserve(keys.size());
  for (int i = 0; i < rows->size(); ++i) {
    version_info info{rows->number(i, 0),
                      static_cast<std::int32_t>(rows->number(i, 1)),
                      session_->epoch_of(rows->number(i, 2))};
    artifact_ptr value;
    if (!rows->is_null(i, 3))
      value = artifact::make(keys[static_cast<std::size_t>(i)],
                             rows->text(i, 3), info);
    result.push_back({std::move(value), info});
  }
  return result;
}

caf::expected<std::vector<lookup>>
postgres_store::revisions(std::span<const key> keys) {
  std::vector<lookup> result;
  if (keys.empty())
    return result;
  auto [types, ids] = arrays_of(keys);
  auto rows =
      session_->run(select_revisions, {std::move(types), std::move(ids)});
  if (!rows)
    return rows.error();
  result.reserve(keys.size());
  for (int i = 0; i < rows->size(); ++i)
    result.push_back(
        {nullptr,
         {rows->number(i, 0), static_cast<std::int32_t>(rows->number(i, 1)),
          session_->epoch_of(rows->number(i, 2))}});
  return result;
}

caf::expected<write_results> postgres_store::write_batch(write_refs requests) {
  // The victim of a deadlock with another program's transaction has written
  // nothing and may try again at once.
  for (int attempt = 1;; ++attempt) {
    auto rows = session_->commit(write_all, parameters_of(requests));
    if (!rows) {
      auto state = session_->sqlstate();
      if (attempt < 3 && (state == "40P01" || state == "40001"))
        continue;
      return rows.error();
    }
    write_results result(requests.size(), make_error(ec::internal));
    for (int i = 0; i < rows->size(); ++i) {
      auto at = static_cast<std::size_t>(rows->number(i, 0)) - 1;
      result[at] = outcome_of(*rows, i, *requests[at],
                              session_->epoch_of(rows->number(i, 4)));
    }
    return result;
  }
}

caf::expected<write_results>
postgres_store::write(std::span<const write_request> requests) {
  write_results result(requests.size(), make_error(ec::internal));
  // What PostgreSQL is sure to refuse would take the whole batch with it.
  std::vector<const write_request*> good;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (auto err = check(requests[i])) {
      result[i] = std::move(err);
    } else {
      good.push_back(&requests[i]);
      places.push_back(i);
    }
  }
  if (good.empty())
    return result;
  if (auto all = write_batch(good)) {
    for (std::size_t i = 0; i < good.size(); ++i)
      result[places[i]] = std::move((*all)[i]);
    return result;
  } else {
    // Refused by a constraint or a trigger that is not ours, or by a lock: one
    // by one, the rest succeeds.
    auto code = code_of(all.error());
    auto alone =
        code == ec::invalid_request
        || (code == ec::deadline_exceeded && session_->sqlstate() == "55P03");
    if (requests.size() == 1 || !alone)
      return all.error();
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto one = write_batch({&good[i], 1});
    if (one)
      result[places[i]] = std::move(one->front());
    else
      result[places[i]] = one.error();
  }
  return result;
}

caf::expected<std::vector<list_item>>
postgres_store::list(const std::string& type, std::uint32_t limit,
                     const std::string& after) {
  std::vector<list_item> result;
  if (!is_utf8_text(type) || !is_utf8_text(after))
    return result;
  auto rows = session_->run(select_items, {type, std::to_string(limit), after});
  if (!rows)
    return rows.error();
  result.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i)
    result.push_back({std::string{rows->text(i, 0)}, rows->number(i, 1),
                      static_cast<std::int32_t>(rows->number(i, 2)),
                      std::string{rows->text(i, 3)}});
  return result;
}

caf::expected<std::vector<artifact_ptr>>
postgres_store::scan(const std::optional<std::string>& type,
                     std::uint32_t limit, const std::optional<key>& after) {
  std::vector<artifact_ptr> result;
  auto from = after.value_or(key{});
  if (!is_utf8_text(type.value_or("")) || !is_utf8_text(from.type)
      || !is_utf8_text(from.id))
    return result;
  // `after` may lie outside `type`: before it (all follow) or behind it (none).
  if (type && after && from.type != *type) {
    if (from.type > *type)
      return result;
    from.id.clear();
  }
  auto rows =
      session_->run(type ? scan_type : scan_all,
                    {type.value_or(from.type), from.id, std::to_string(limit)});
  if (!rows)
    return rows.error();
  result.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i)
    result.push_back(artifact::make(
        {rows->text(i, 0), rows->text(i, 1)}, rows->text(i, 5),
        {rows->number(i, 2), static_cast<std::int32_t>(rows->number(i, 3)),
         session_->epoch_of(rows->number(i, 4))}));
  return result;
}

caf::expected<void> postgres_store::count_usage(std::span<const usage> reads) {
  std::map<key, std::int64_t> sums;
  for (auto& u : reads)
    if (u.reads > 0 && is_utf8_text(u.key.type) && is_utf8_text(u.key.id))
      sums[u.key] += u.reads;
  if (sums.empty())
    return caf::unit;
  postgres_array types, ids, counts;
  for (auto& [k, n] : sums) {
    types.add(k.type);
    ids.add(k.id);
    counts.add(n);
  }
  auto rows =
      session_->run(add_usage, {types.take(), ids.take(), counts.take()});
  if (!rows)
    return rows.error();
  return caf::unit;
}

}  // namespace larder
