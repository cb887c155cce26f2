// The source of truth on PostgreSQL: the table `knowledge_artifacts`, whose
// triggers (storage/migrations) assign revisions for every writer, not only
// for us.
//
// Used by the cold tier's workers: one object a worker, each with a session of
// its own.
//
// Thread rule: that of truth_store.hpp. Making the object does not connect;
// the first call does. A lost session is reported as `unavailable` by the call
// that loses it, and the next call connects again: how long to wait between is
// the caller's business.
#pragma once

#include "config/settings.hpp"
#include "storage/truth_store.hpp"

#include <memory>

namespace larder {

class postgres_session;

class postgres_store final : public truth_store {
 public:
  explicit postgres_store(config::postgres_settings settings);
  ~postgres_store() override;

  /// Connects if need be, and asks the server for nothing but an answer. At
  /// start-up: fails with `configuration` where no retry helps (the schema is
  /// not migrated, synchronous_commit is off, the encoding is not UTF-8), else
  /// with `unavailable`; the sentence says what to do.
  caf::expected<void> ping();

  caf::expected<std::vector<lookup>> get(std::span<const key> keys) override;
  caf::expected<std::vector<lookup>>
  revisions(std::span<const key> keys) override;
  caf::expected<std::vector<caf::expected<version_info>>>
  write(std::span<const write_request> requests) override;
  caf::expected<std::vector<list_item>> list(const std::string& type,
                                             std::uint32_t limit,
                                             const std::string& after) override;
  caf::expected<std::vector<artifact_ptr>>
  scan(const std::optional<std::string>& type, std::uint32_t limit,
       const std::optional<key>& after) override;
  caf::expected<artifact_matches> search(const artifact_query& query) override;
  caf::expected<bool> index(std::uint32_t limit) override;
  caf::expected<void> count_usage(std::span<const usage> reads) override;
  caf::expected<std::vector<fingerprint>>
  fingerprints(std::span<const key> keys) override;
  caf::expected<std::vector<fingerprint>>
  changed_within(std::chrono::milliseconds ago, std::uint32_t limit) override;
  caf::expected<std::vector<fingerprint>>
  survey(const std::optional<std::string>& type, std::uint32_t limit,
         const std::optional<key>& after) override;

 private:
  caf::expected<std::vector<caf::expected<version_info>>>
  write_batch(std::span<const write_request* const> requests);

  std::unique_ptr<postgres_session> session_;
};

}  // namespace larder
