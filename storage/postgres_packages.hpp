// The packages of all nodes in PostgreSQL: tables larder.packages and
// larder.removed_packages. See storage/package_database.hpp for the contract.
//
// Used by the packages actor's database worker. Thread rule: one thread.
#pragma once

#include "config/settings.hpp"
#include "storage/package_database.hpp"

#include <memory>

namespace larder {

class postgres_session;

class postgres_packages : public package_database {
 public:
  explicit postgres_packages(config::postgres_settings settings);
  ~postgres_packages() override;

  caf::expected<void> put(std::span<const package_update> updates) override;
  caf::expected<package_rows> load(const package_key& key) override;
  caf::expected<package_revision_page>
  revisions(std::uint32_t limit,
            const std::optional<package_key>& after) override;
  caf::expected<std::uint64_t>
  sweep(std::chrono::milliseconds older_than) override;

 private:
  std::unique_ptr<postgres_session> session_;
};

}  // namespace larder
