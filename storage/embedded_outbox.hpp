// The outbox and the relay's lease of the embedded database. Rows are written
// in the batch of the change itself.
//
// Used by the relay. Thread rule: that of truth_store.hpp.
#pragma once

#include "storage/embedded_database.hpp"
#include "storage/outbox.hpp"

#include <memory>

namespace larder {

class embedded_outbox final : public outbox {
 public:
  explicit embedded_outbox(std::shared_ptr<embedded_database> database);

  caf::expected<bool> hold_lease(const std::string& name,
                                 const std::string& holder,
                                 std::chrono::milliseconds ttl) override;
  caf::expected<void> release_lease(const std::string& name,
                                    const std::string& holder) override;
  caf::expected<outbox_batch> unpublished(std::uint32_t limit) override;
  caf::expected<void> published(std::span<const std::int64_t> ids,
                                const publication& upto) override;
  caf::expected<void> renew_bucket(std::uint32_t from) override;
  caf::expected<larder::epoch> raise_epoch(const larder::epoch& from) override;
  caf::expected<std::uint64_t> backlog() override;

 private:
  std::shared_ptr<embedded_database> database_;
};

}  // namespace larder
