#include "storage/postgres_packages.hpp"

#include "storage/postgres_array.hpp"
#include "storage/postgres_session.hpp"

#include <string>
#include <utility>

namespace larder {

namespace {

// Rows are locked in the order of their keys, so that two nodes that write the
// same packages wait for each other rather than deadlock. A removal that is not
// committed yet is not seen here: readers leave out what it removed.
constexpr postgres_statement put_documents{
    "larder_put_packages",
    "INSERT INTO larder.packages AS p"
    "       (ecosystem, name, version, revision, document)"
    " SELECT DISTINCT ON (u.e, u.n, u.v) u.e, u.n, u.v, u.r, u.d"
    "   FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[],"
    "               $5::text[]) AS u(e, n, v, r, d)"
    "  WHERE NOT EXISTS (SELECT FROM larder.removed_packages x"
    "                     WHERE x.ecosystem = u.e AND x.name = u.n"
    "                       AND x.revision >= u.r)"
    "  ORDER BY u.e, u.n, u.v, u.r DESC, u.d DESC"
    " ON CONFLICT (ecosystem, name, version) DO UPDATE"
    "    SET revision = EXCLUDED.revision, document = EXCLUDED.document,"
    "        stored_at = now()"
    "  WHERE (p.revision, p.document) < (EXCLUDED.revision,"
    "                                    EXCLUDED.document)"};

constexpr postgres_statement put_removals{
    "larder_remove_packages",
    "WITH gone AS ("
    "  INSERT INTO larder.removed_packages AS x (ecosystem, name, revision)"
    "  SELECT u.e, u.n, max(u.r)"
    "    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS u(e, n, r)"
    "   GROUP BY u.e, u.n ORDER BY u.e, u.n"
    "  ON CONFLICT (ecosystem, name) DO UPDATE"
    "     SET revision = greatest(x.revision, EXCLUDED.revision),"
    "         removed_at = now()"
    "  RETURNING ecosystem, name, revision)"
    " DELETE FROM larder.packages p USING gone"
    "  WHERE p.ecosystem = gone.ecosystem AND p.name = gone.name"
    "    AND p.revision <= gone.revision"};

constexpr postgres_statement load_package{
    "larder_load_package",
    "WITH gone AS (SELECT revision FROM larder.removed_packages"
    "               WHERE ecosystem = $1 AND name = $2)"
    " SELECT NULL, revision, NULL FROM gone"
    " UNION ALL"
    " SELECT version, revision, document FROM larder.packages"
    "  WHERE ecosystem = $1 AND name = $2"
    "    AND revision > coalesce((SELECT revision FROM gone), 0)"};

// The limit is one of packages, so each table gives as many at most.
constexpr postgres_statement list_revisions{
    "larder_package_revisions",
    "WITH k AS MATERIALIZED ("
    "  (SELECT DISTINCT ecosystem, name FROM larder.packages"
    "    WHERE (ecosystem, name) > ($1, $2)"
    "    ORDER BY ecosystem, name LIMIT $3::bigint)"
    "  UNION"
    "  (SELECT ecosystem, name FROM larder.removed_packages"
    "    WHERE (ecosystem, name) > ($1, $2)"
    "    ORDER BY ecosystem, name LIMIT $3::bigint)"
    "  ORDER BY ecosystem, name LIMIT $3::bigint)"
    " SELECT k.ecosystem, k.name, coalesce(x.revision, 0), p.version,"
    "        p.revision"
    "   FROM k LEFT JOIN larder.removed_packages x USING (ecosystem, name)"
    "   LEFT JOIN larder.packages p"
    "     ON p.ecosystem = k.ecosystem AND p.name = k.name"
    "    AND p.revision > coalesce(x.revision, 0)"
    "  ORDER BY k.ecosystem, k.name, p.version"};

// With what they hide: a document that came alongside its removal is still
// there, and nobody else would leave it out any more.
constexpr postgres_statement forget_removals{
    "larder_forget_removed_packages",
    "WITH gone AS ("
    "  DELETE FROM larder.removed_packages"
    "   WHERE removed_at < now() - $1::bigint * interval '1 ms'"
    "  RETURNING ecosystem, name, revision),"
    " hidden AS ("
    "  DELETE FROM larder.packages p USING gone"
    "   WHERE p.ecosystem = gone.ecosystem AND p.name = gone.name"
    "     AND p.revision <= gone.revision)"
    " SELECT count(*) FROM gone"};

}  // namespace

postgres_packages::postgres_packages(config::postgres_settings settings)
    : session_(std::make_unique<postgres_session>(std::move(settings))) {}

postgres_packages::~postgres_packages() = default;

caf::expected<void>
postgres_packages::put(std::span<const package_update> updates) {
  postgres_array ecosystems, names, versions, revisions, documents;
  postgres_array gone_ecosystems, gone_names, gone_revisions;
  std::size_t stored = 0;
  for (auto& [change, document] : updates) {
    if (change.removed) {
      gone_ecosystems.add(change.key.ecosystem);
      gone_names.add(change.key.name);
      gone_revisions.add(change.revision);
      continue;
    }
    ++stored;
    ecosystems.add(change.key.ecosystem);
    names.add(change.key.name);
    versions.add(change.version);
    revisions.add(change.revision);
    documents.add(document);
  }
  if (stored < updates.size())
    if (auto ok = session_->run(
            put_removals,
            {gone_ecosystems.take(), gone_names.take(), gone_revisions.take()});
        !ok)
      return ok.error();
  if (stored > 0)
    if (auto ok = session_->run(
            put_documents, {ecosystems.take(), names.take(), versions.take(),
                            revisions.take(), documents.take()});
        !ok)
      return ok.error();
  return caf::unit;
}

caf::expected<package_rows> postgres_packages::load(const package_key& key) {
  auto rows = session_->run(load_package, {key.ecosystem, key.name});
  if (!rows)
    return rows.error();
  package_rows result;
  for (int i = 0; i < rows->size(); ++i) {
    if (rows->is_null(i, 0)) {
      result.removed_at = rows->number(i, 1);
      continue;
    }
    result.versions.push_back(
        {{key, std::string{rows->text(i, 0)}, rows->number(i, 1), false},
         std::string{rows->text(i, 2)}});
  }
  return result;
}

caf::expected<package_revision_page>
postgres_packages::revisions(std::uint32_t limit,
                             const std::optional<package_key>& after) {
  auto from = after.value_or(package_key{});
  auto rows = session_->run(list_revisions,
                            {from.ecosystem, from.name, std::to_string(limit)});
  if (!rows)
    return rows.error();
  package_revision_page page;
  for (int i = 0; i < rows->size(); ++i) {
    package_key key{std::string{rows->text(i, 0)},
                    std::string{rows->text(i, 1)}};
    if (page.items.empty() || page.items.back().key != key)
      page.items.push_back({std::move(key), rows->number(i, 2), {}});
    if (!rows->is_null(i, 3))
      page.items.back().versions.push_back(
          {std::string{rows->text(i, 3)}, rows->number(i, 4)});
  }
  if (page.items.size() >= limit && !page.items.empty())
    page.next = page.items.back().key;
  return page;
}

caf::expected<std::uint64_t>
postgres_packages::sweep(std::chrono::milliseconds older_than) {
  auto rows =
      session_->run(forget_removals, {std::to_string(older_than.count())});
  if (!rows)
    return rows.error();
  return static_cast<std::uint64_t>(rows->number(0, 0));
}

}  // namespace larder
