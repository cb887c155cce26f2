// The way from a process to the source of truth in a simulated world: sessions
// that take time, fail, hang and lose their connection during a commit. What
// they reach is any truth_store and outbox, usually memory_store's.
//
// A call blocks its actor, not the world: others act while a query is on its
// way, being worked on, or on its way back.
//
// Used by the actors' tests and tests/simulation. Thread rule: one thread.
#pragma once

#include "storage/outbox.hpp"
#include "storage/truth_store.hpp"
#include "tests/support/world.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace larder::test {

struct store_conditions {
  /// False: nothing can be reached; calls under way fail when they end.
  bool reachable = true;
  /// A call takes from … to …
  world::duration fastest{50us};
  world::duration slowest{1ms};
  /// … and now and then up to that (a lock, a checkpoint).
  double slow = 0;
  world::duration slowest_of_all{500ms};
  /// Fails with `unavailable`, having done nothing.
  double refuse = 0;
  /// Runs into the store's own time-out, having done nothing.
  double hang = 0;
  world::duration timeout{2s};
  /// A write's connection dies during the commit: `unavailable`, outcome
  /// unknown, committed or not.
  double doubt = 0;
};

/// What all sessions of one process share.
class store_link {
 public:
  store_link(world& w, process where) : world_(w), where_(where) {}

  store_conditions conditions;

  /// Told of every write at the moment when the store has committed it, whether
  /// or not the writer will hear of it.
  using written = std::vector<caf::expected<version_info>>;
  std::function<void(std::span<const write_request>, const written&)> on_write;

  /// The process has ended: its sessions let go of what they reached. Its
  /// actors may live on for a while, and call in vain.
  void let_go() {
    for (auto& session : sessions_)
      session();
    sessions_.clear();
  }

  /// A call as it goes through the link: what to tell the caller instead of
  /// `at_store`'s result, which is run or not.
  template <class T, class F>
  caf::expected<T> call(const char* what, bool is_write, F at_store);

 private:
  friend class faulty_store;
  friend class faulty_outbox;
  template <class T>
  std::shared_ptr<std::unique_ptr<T>> session(std::unique_ptr<T> reached) {
    auto held = std::make_shared<std::unique_ptr<T>>(std::move(reached));
    sessions_.push_back([held] { held->reset(); });
    return held;
  }

  world& world_;
  process where_;
  std::vector<std::function<void()>> sessions_;
};

class faulty_store : public truth_store {
 public:
  faulty_store(std::shared_ptr<store_link> link,
               std::unique_ptr<truth_store> store)
      : link_(std::move(link)), store_(link_->session(std::move(store))) {}

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
  std::shared_ptr<store_link> link_;
  std::shared_ptr<std::unique_ptr<truth_store>> store_;
};

class faulty_outbox : public outbox {
 public:
  faulty_outbox(std::shared_ptr<store_link> link, std::unique_ptr<outbox> box)
      : link_(std::move(link)), outbox_(link_->session(std::move(box))) {}

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
  std::shared_ptr<store_link> link_;
  std::shared_ptr<std::unique_ptr<outbox>> outbox_;
};

}  // namespace larder::test
