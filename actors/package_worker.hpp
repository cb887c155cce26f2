// The threads on which the package store is read and written. All of them share
// one store; the one that writes opens it.
//
// Spawned detached by node/: RocksDB blocks. They keep no timer: a message that
// the clock holds would hold up their end.
#pragma once

#include "actors/package_handles.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace larder {

/// Where the workers find the store. Thread rule: any thread.
class package_shelf {
 public:
  using opener = std::function<caf::expected<std::unique_ptr<package_store>>()>;

  explicit package_shelf(opener open) : open_(std::move(open)) {}

  /// Blocks. The reason, if it cannot be opened.
  caf::error open();
  /// Returns when it has been tried to open it, or `patience` is over.
  void wait_tried(std::chrono::milliseconds patience) const;
  /// Null while it is not open.
  std::shared_ptr<package_store> get() const;
  /// Why it is not open, naming the tier.
  caf::error why() const;

 private:
  const opener open_;
  mutable std::mutex mutex_;
  mutable std::condition_variable tried_;
  std::shared_ptr<package_store> store_;
  caf::error why_;
};

struct package_worker_state {
  static inline const char* name = "package_worker";
  std::shared_ptr<package_shelf> shelf;
  /// What was logged of why it cannot be opened.
  std::string complaint;
};

package_worker_actor::behavior_type package_worker(
    package_worker_actor::stateful_pointer<package_worker_state> self,
    std::shared_ptr<package_shelf> shelf);

struct package_database_state {
  static inline const char* name = "package_database";
  std::unique_ptr<package_database> database;
};

/// Keeps removals for `retention`.
package_database_actor::behavior_type package_database_worker(
    package_database_actor::stateful_pointer<package_database_state> self,
    std::shared_ptr<std::unique_ptr<package_database>> database,
    std::chrono::milliseconds retention);

/// Nobody waits any more for what was asked of the store.
caf::error too_late();

/// Starts `work(store)` in a worker, for `ask` of port.hpp. Nobody waits for it
/// after the deadline: then it is not done.
template <class T, class F>
auto in_store(package_worker_actor worker, time_point deadline, F work) {
  return [worker = std::move(worker), deadline,
          work = std::move(work)](auto done) mutable {
    caf::anon_send(
        worker,
        package_job{[done = std::move(done), deadline, work = std::move(work)](
                        package_store* store, const caf::error& why,
                        time_point now) mutable {
          if (store == nullptr)
            return done(caf::expected<T>(why));
          if (now > deadline)
            return done(caf::expected<T>(too_late()));
          done(caf::expected<T>(work(*store)));
        }});
  };
}

/// The same for the database.
template <class T, class F>
auto in_database(package_database_actor worker, F work) {
  return [worker = std::move(worker),
          work = std::move(work)](auto done) mutable {
    caf::anon_send(worker, package_database_job{
                               [done = std::move(done), work = std::move(work)](
                                   package_database& database) mutable {
                                 done(caf::expected<T>(work(database)));
                               }});
  };
}

}  // namespace larder
