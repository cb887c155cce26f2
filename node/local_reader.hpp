// Reading in the process that the node runs in: the same memory as the front
// door's, without NATS, in nanoseconds.
//
// Used by programs that run a node in themselves; see node/larder.hpp.
//
// Thread rule: a local_reader belongs to one thread, and so do the values that
// it gives. Every thread may have one.
#pragma once

#include "storage/read_view.hpp"

#include <caf/error.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace larder {

class local_reader;
class local_source;
struct local_answer;

/// What a read gave: a look at a value in the node's memory, which stays where
/// it is for as long as this lives, whatever happens to the entry. It cannot be
/// copied or moved, so it cannot outlive the block that it was read in, nor
/// reach another thread: keep() is for that.
class local_value {
 public:
  ~local_value();
  local_value(const local_value&) = delete;
  local_value& operator=(const local_value&) = delete;

  /// Whether there is a value. If not, error() says why: `not_found`, or what
  /// kept the node from looking.
  explicit operator bool() const { return value_ != nullptr; }
  const caf::error& error() const;

  /// The bytes, as they were put. Only if there is a value, like all below.
  std::string_view content() const { return value_->content(); }
  std::int64_t revision() const { return value_->revision(); }
  std::int32_t version() const { return value_->version(); }
  std::string_view epoch() const { return value_->epoch().text(); }
  /// Which tier it came from: "memory", "jetstream", "postgres" …
  std::string_view tier() const;
  /// True if the node could not prove that it is fresh.
  bool stale() const;

  /// A share of the value that any thread may hold for as long as it likes.
  artifact_ptr keep() const { return artifact_ptr{value_}; }

 private:
  friend class local_reader;
  local_value(const artifact& found, local_reader& by)
      : value_(&found), pinned_by_(&by) {}
  explicit local_value(std::unique_ptr<local_answer> other);
  void forget_other();

  const artifact* value_;
  local_reader* pinned_by_ = nullptr;
  /// What did not come from memory; ours.
  local_answer* other_ = nullptr;
};

class local_reader {
 public:
  explicit local_reader(std::shared_ptr<local_source> from);
  ~local_reader();

  /// The calling thread's own; made when it first asks.
  static local_reader& of_this_thread(const std::shared_ptr<local_source>& s);

  /// Memory, then the tiers behind it, exactly as `template.get` reads them:
  /// a hit costs nanoseconds, a miss blocks until there is an answer or the
  /// deadline of the settings has passed.
  local_value get(std::string_view type, std::string_view id) {
    if (const auto* found = look(type, id))
      return {*found, *this};
    return ask(type, id);
  }

  /// Memory alone; never blocks. Without a value it may still be elsewhere.
  local_value peek(std::string_view type, std::string_view id) {
    if (const auto* found = look(type, id))
      return {*found, *this};
    return nothing();
  }

 private:
  friend class local_value;
  const artifact* look(std::string_view type, std::string_view id);
  local_value ask(std::string_view type, std::string_view id);
  local_value nothing();
  void unpin() {
    // Entries that were removed meanwhile may go now; a thread that reads no
    // more holds up nobody.
    if (--pins_ == 0)
      view_.offline();
  }

  std::shared_ptr<local_source> source_;
  read_view view_;
  std::uint32_t pins_ = 0;
  /// How far the cheap clock may be behind.
  std::int64_t clock_lag_;
};

inline local_value::~local_value() {
  if (pinned_by_ != nullptr)
    pinned_by_->unpin();
  else
    forget_other();
}

}  // namespace larder
