#include "actors/package_worker.hpp"

#include <spdlog/spdlog.h>

namespace larder {

caf::error package_shelf::open() {
  auto opened = open_();
  std::lock_guard lock{mutex_};
  if (opened) {
    store_ = std::move(*opened);
    why_ = {};
  } else {
    why_ = fail(ec::unavailable, "rocksdb: the package store is not open: "
                                     + message_of(opened.error()));
  }
  tried_.notify_all();
  return why_;
}

void package_shelf::wait_tried(std::chrono::milliseconds patience) const {
  std::unique_lock lock{mutex_};
  tried_.wait_for(lock, patience, [this] { return store_ || why_; });
}

std::shared_ptr<package_store> package_shelf::get() const {
  std::lock_guard lock{mutex_};
  return store_;
}

caf::error package_shelf::why() const {
  std::lock_guard lock{mutex_};
  return why_ ? why_
              : fail(ec::unavailable, "rocksdb: the package store is being "
                                      "opened; retry soon");
}

caf::error too_late() {
  return fail(ec::deadline_exceeded,
              "the package store had no time for it before the deadline");
}

namespace {

void open_store(package_worker_state& state) {
  if (state.shelf->get())
    return;
  if (auto why = state.shelf->open()) {
    // Once for each reason: it is tried every second.
    if (auto text = message_of(why); text != state.complaint) {
      spdlog::warn("packages: {}; trying again", text);
      state.complaint = text;
    }
    return;
  }
  state.complaint.clear();
  spdlog::info("packages: the store is open");
}

void sweep_store(package_worker_state& state) {
  if (auto store = state.shelf->get())
    if (auto swept = store->sweep(); !swept)
      spdlog::warn("packages: {}", message_of(swept.error()));
}

}  // namespace

package_worker_actor::behavior_type package_worker(
    package_worker_actor::stateful_pointer<package_worker_state> self,
    std::shared_ptr<package_shelf> shelf) {
  self->state.shelf = std::move(shelf);
  return {
      [self](const package_job& job) {
        auto& shelf = *self->state.shelf;
        auto store = shelf.get();
        job.run(store.get(), store ? caf::error{} : shelf.why(),
                self->clock().now());
      },
      [self](get_atom,
             const package_question& question) -> caf::result<std::string> {
        auto& shelf = *self->state.shelf;
        auto store = shelf.get();
        if (!store)
          return shelf.why();
        if (self->clock().now() > question.deadline)
          return too_late();
        auto answer = question.answer(*store);
        if (!answer)
          return answer.error();
        return std::move(*answer);
      },
      [self](open_atom) { open_store(self->state); },
      [self](sweep_atom) { sweep_store(self->state); },
  };
}

package_database_actor::behavior_type package_database_worker(
    package_database_actor::stateful_pointer<package_database_state> self,
    std::shared_ptr<std::unique_ptr<package_database>> database,
    std::chrono::milliseconds retention) {
  self->state.database = std::move(*database);
  return {
      [self](const package_database_job& job) {
        job.run(*self->state.database);
      },
      [self, retention](sweep_atom) {
        if (auto swept = self->state.database->sweep(retention); !swept)
          spdlog::warn("packages: {}", message_of(swept.error()));
      },
  };
}

}  // namespace larder
