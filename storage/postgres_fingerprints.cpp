// The store's other half: what those ask who check nodes against it. Reads and
// writes are in postgres_store.cpp.
#include "storage/postgres_keys.hpp"
#include "storage/postgres_session.hpp"
#include "storage/postgres_store.hpp"
#include "storage/utf8.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

// Sizes are known without reading the values; the budget is that of
// fingerprint_budget.
#define LARDER_FINGERPRINT                                                     \
  " coalesce(r.revision, 0), coalesce(r.version, 0),"                          \
  " (SELECT counter FROM larder.epoch WHERE one), a.content_raw IS NOT NULL,"  \
  " CASE WHEN sum(octet_length(a.content_raw)) OVER (ORDER BY k.ord) <= "      \
  "4194304"                                                                    \
  "   THEN encode(sha256(convert_to(a.content_raw, 'UTF8')), 'hex') END,"      \
  " (extract(epoch FROM now() - r.changed_at) * 1000)::bigint"

static_assert(fingerprint_budget == 4194304);

constexpr postgres_statement of_keys{
    "larder_fingerprints",
    "SELECT k.type, k.id," LARDER_FINGERPRINT
    "  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(type, id, ord)"
    "  LEFT JOIN larder.revisions r"
    "         ON r.artifact_type = k.type AND r.artifact_id = k.id"
    "  LEFT JOIN public.knowledge_artifacts a"
    "         ON a.artifact_type = k.type AND a.artifact_id = k.id"
    " ORDER BY k.ord"};

// MATERIALIZED: the limit comes first, then the values.
constexpr postgres_statement of_changed{
    "larder_changed_within",
    "WITH k AS MATERIALIZED ("
    "  SELECT artifact_type AS type, artifact_id AS id,"
    "         row_number() OVER (ORDER BY changed_at DESC) AS ord"
    "    FROM (SELECT * FROM larder.revisions"
    "           WHERE changed_at > now() - $1::bigint * interval '1 ms'"
    "             AND is_key"
    "           ORDER BY changed_at DESC LIMIT $2::bigint) newest)"
    " SELECT k.type, k.id," LARDER_FINGERPRINT
    "  FROM k JOIN larder.revisions r"
    "         ON r.artifact_type = k.type AND r.artifact_id = k.id"
    "  LEFT JOIN public.knowledge_artifacts a"
    "         ON a.artifact_type = k.type COLLATE \"default\""
    "        AND a.artifact_id = k.id COLLATE \"default\""
    " ORDER BY k.ord"};

constexpr postgres_statement of_all{
    "larder_survey",
    "WITH k AS MATERIALIZED ("
    "  SELECT artifact_type AS type, artifact_id AS id, row_number() OVER"
    "         (ORDER BY artifact_type, artifact_id) AS ord"
    "    FROM (SELECT * FROM larder.revisions"
    "           WHERE (artifact_type, artifact_id) > ($1, $2)"
    "             AND ($3::text IS NULL OR artifact_type = $3)"
    "             AND NOT deleted AND is_key"
    "           ORDER BY artifact_type, artifact_id LIMIT $4::bigint) page)"
    " SELECT k.type, k.id," LARDER_FINGERPRINT
    "  FROM k JOIN larder.revisions r"
    "         ON r.artifact_type = k.type AND r.artifact_id = k.id"
    "  JOIN public.knowledge_artifacts a"
    "         ON a.artifact_type = k.type COLLATE \"default\""
    "        AND a.artifact_id = k.id COLLATE \"default\""
    " ORDER BY k.ord"};

#undef LARDER_FINGERPRINT

fingerprint row_of(postgres_session& session, const postgres_result& rows,
                   int i) {
  fingerprint f;
  f.key = {std::string{rows.text(i, 0)}, std::string{rows.text(i, 1)}};
  f.info = {rows.number(i, 2), static_cast<std::int32_t>(rows.number(i, 3)),
            session.epoch_of(rows.number(i, 4))};
  f.present = rows.flag(i, 5);
  if (!rows.is_null(i, 6))
    f.digest = std::string{rows.text(i, 6)};
  f.age =
      std::chrono::milliseconds{std::max<std::int64_t>(0, rows.number(i, 7))};
  return f;
}

caf::expected<std::vector<fingerprint>>
run(postgres_session& session, const postgres_statement& statement,
    const postgres_parameters& parameters) {
  auto rows = session.run(statement, parameters);
  if (!rows)
    return rows.error();
  std::vector<fingerprint> result;
  result.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i)
    result.push_back(row_of(session, *rows, i));
  return result;
}

}  // namespace

caf::expected<std::vector<fingerprint>>
postgres_store::fingerprints(std::span<const key> keys) {
  if (keys.empty())
    return std::vector<fingerprint>{};
  auto [types, ids] = arrays_of(keys);
  auto found = run(*session_, of_keys, {std::move(types), std::move(ids)});
  if (found)
    for (std::size_t i = 0; i < found->size(); ++i)
      // A key that cannot be in the table came back as NULL.
      (*found)[i].key = keys[i];
  return found;
}

caf::expected<std::vector<fingerprint>>
postgres_store::changed_within(std::chrono::milliseconds ago,
                               std::uint32_t limit) {
  return run(*session_, of_changed,
             {std::to_string(ago.count()), std::to_string(limit)});
}

caf::expected<std::vector<fingerprint>>
postgres_store::survey(const std::optional<std::string>& type,
                       std::uint32_t limit, const std::optional<key>& after) {
  auto from = std::max(after.value_or(key{}), key{type.value_or(""), ""});
  if (!is_utf8_text(type.value_or("")) || !is_utf8_text(from.type)
      || !is_utf8_text(from.id))
    return std::vector<fingerprint>{};
  return run(*session_, of_all,
             {from.type, from.id, type, std::to_string(limit)});
}

}  // namespace larder
