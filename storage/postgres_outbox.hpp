// The outbox and the relay's lease on PostgreSQL: rows that the triggers wrote
// in the transaction of the change itself.
//
// Used by the relay, with a session of its own.
//
// Thread rule and connection: those of postgres_store.hpp.
#pragma once

#include "config/settings.hpp"
#include "storage/outbox.hpp"

#include <memory>

namespace larder {

class postgres_session;

class postgres_outbox final : public outbox {
 public:
  explicit postgres_outbox(config::postgres_settings settings);
  ~postgres_outbox() override;

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
  std::unique_ptr<postgres_session> session_;
};

}  // namespace larder
