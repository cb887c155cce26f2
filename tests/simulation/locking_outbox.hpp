// An outbox as many write it, with FOR UPDATE SKIP LOCKED: it leaves out the
// rows that another relay has taken and not yet marked. For
// mutant::fence_skips_locked_rows.
//
// Used by simulated nodes. Thread rule: one thread.
#pragma once

#include "storage/outbox.hpp"

#include <map>
#include <memory>
#include <utility>

namespace larder::simulation {

/// A row's number, and who holds it.
using row_locks = std::map<std::int64_t, std::uint64_t>;

class locking_outbox final : public outbox {
 public:
  /// `me` is unique for this session; its locks end with it.
  locking_outbox(std::shared_ptr<row_locks> locks, std::uint64_t me,
                 std::unique_ptr<outbox> box)
      : locks_(std::move(locks)), me_(me), outbox_(std::move(box)) {}
  ~locking_outbox() override { unlock(); }

  caf::expected<bool> hold_lease(const std::string& name,
                                 const std::string& holder,
                                 std::chrono::milliseconds ttl) override {
    return outbox_->hold_lease(name, holder, ttl);
  }
  caf::expected<void> release_lease(const std::string& name,
                                    const std::string& holder) override {
    return outbox_->release_lease(name, holder);
  }
  caf::expected<outbox_batch> unpublished(std::uint32_t limit) override {
    unlock();
    auto batch = outbox_->unpublished(limit);
    if (batch)
      std::erase_if(batch->rows, [this](const outbox_row& row) {
        return locks_->try_emplace(row.id, me_).first->second != me_;
      });
    return batch;
  }
  caf::expected<void> published(std::span<const std::int64_t> ids,
                                const publication& upto) override {
    auto done = outbox_->published(ids, upto);
    unlock();
    return done;
  }
  caf::expected<void> renew_bucket(std::uint32_t from) override {
    return outbox_->renew_bucket(from);
  }
  caf::expected<larder::epoch> raise_epoch(const larder::epoch& from) override {
    return outbox_->raise_epoch(from);
  }
  caf::expected<std::uint64_t> backlog() override { return outbox_->backlog(); }

 private:
  void unlock() {
    std::erase_if(*locks_, [this](auto& lock) { return lock.second == me_; });
  }

  std::shared_ptr<row_locks> locks_;
  std::uint64_t me_;
  std::unique_ptr<outbox> outbox_;
};

}  // namespace larder::simulation
