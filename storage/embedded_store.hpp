// The source of truth on one machine, without PostgreSQL: a session with the
// embedded database.
//
// Used by the cold tier's workers and the sampler. Thread rule: that of
// truth_store.hpp; sessions over one database may be used at the same time.
#pragma once

#include "storage/embedded_database.hpp"
#include "storage/truth_store.hpp"

#include <memory>

namespace larder {

class embedded_store final : public truth_store {
 public:
  explicit embedded_store(std::shared_ptr<embedded_database> database);

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
  /// Never more: the words of a value are in its own batch.
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
  std::shared_ptr<embedded_database> database_;
};

}  // namespace larder
