// The feed of packages: follows the change log and puts into this node's store
// what other nodes accepted. Where it stopped is kept in the store, with what
// it applied; so a node that was away goes on from there.
//
// A record names a change; the document is taken from the bucket, else from the
// node that accepted it, else from the database. What none of them can give now
// is tried again, and the kept place stays before it.
//
// When the log does not reach back to the kept place, or is another one, the
// node reads all that the log has and compares its store with the database, or
// with those of the other nodes where there is none: reconcile.
#pragma once

#include "actors/package_tiers.hpp"
#include "cluster/package_peers.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder {

struct package_feed_context : package_tiers {
  packages_actor packages;
  std::shared_ptr<package_peers> peers;
  /// Between attempts: to open the log, to get a document, to reconcile.
  std::chrono::milliseconds pause{1'000};
  package_limits limits;
  /// Records applied in one write. Nobody waits for more than that.
  std::uint32_t batch = 256;
  /// How many records have come and are not done with: without any, nobody has
  /// to ask. May be null.
  std::shared_ptr<std::atomic<std::size_t>> backlog;
};

class package_feed_state {
 public:
  using pointer = package_feed_actor::stateful_pointer<package_feed_state>;
  static inline const char* name = "package_feed";

  explicit package_feed_state(pointer self) : self_(self) {}
  void start(package_feed_context context);
  void open();
  void record(std::uint64_t reader, const log_record& record);
  void lost(std::uint64_t reader);
  void poll();
  caf::result<done_atom> settle_first(const package_key& key);
  package_feed_stats stats() const;

 private:
  /// Changes on their way into the store.
  struct batch {
    std::vector<package_event> events;
    /// Of the last record; nothing if the place must not move.
    std::optional<package_log_position> position;
    std::vector<package_update> updates;
    std::vector<package_event> missing;
    std::size_t outstanding = 0;
    std::function<void(bool)> done;
  };
  using batch_ptr = std::shared_ptr<batch>;

  // Opening the log: package_feed.cpp.
  void opened(const package_log_position& kept, const log_info& info);
  void read(std::uint64_t from);
  void open_again();
  void forget_records();
  void take_records();
  void settle_heard(std::size_t count);
  /// Of another node: what a reader here may have to wait for.
  bool is_news(const package_event& e) const { return e.node != context_.node; }
  void count_off(std::size_t records);
  void keep_place();

  // One batch: package_feed_batch.cpp.
  void settle(batch_ptr b);
  void look_for(const batch_ptr& b, const package_event& e);
  void take_from_bucket(const batch_ptr& b, const package_event& e,
                        const kv_entry& entry);
  void ask_node(const batch_ptr& b, const package_event& e);
  void ask_database(const batch_ptr& b, const package_event& e);
  void found(const batch_ptr& b, package_update update);
  void settled(const batch_ptr& b);
  void apply(const batch_ptr& b);

  // After a gap: package_feed_reconcile.cpp.
  void reconcile();
  void reconcile_with_nodes();
  void reconcile_with(std::vector<std::string> nodes);
  void next_source();
  void next_page();
  void compare(const package_revision_page& page);
  void reconciled(bool whole);

  pointer self_;
  package_feed_context context_;
  std::uint64_t reader_ = 0;
  bool reading_ = false;
  /// To open the log. Before that it is not known whether there are news.
  bool has_tried_ = false;
  /// In a row, to open it; counted up to a few.
  int failures_ = 0;
  bool open_scheduled_ = false;
  struct heard_record {
    std::uint64_t sequence = 0;
    package_event event;
  };
  struct waiter {
    /// How many of the news it waits for.
    std::uint64_t until = 0;
    caf::typed_response_promise<done_atom> reply;
  };
  std::deque<heard_record> records_;
  /// Packages with news that are not in the store yet, in the log's order, and
  /// how many of them were settled since the start.
  std::deque<package_key> news_;
  std::uint64_t settled_news_ = 0;
  std::vector<waiter> waiters_;
  bool busy_ = false;
  std::int64_t log_created_ = 0;
  /// The place up to which all is applied.
  package_log_position position_;
  /// By message id: changes whose document could not be had.
  std::map<std::string, package_event> missing_;
  bool retrying_ = false;
  /// The last of them that was tried again.
  std::string retried_;

  /// Reconciling: the sources left (empty name: the database), the one that is
  /// asked, and how far.
  bool must_reconcile_ = false;
  bool reconciling_ = false;
  std::vector<std::string> sources_;
  std::string source_;
  std::optional<package_key> after_;
  bool whole_ = true;
  /// While the database does not answer: the nodes have told all they have.
  bool nodes_compared_ = false;

  package_feed_stats stats_;
};

package_feed_actor::behavior_type package_feed(package_feed_state::pointer self,
                                               package_feed_context context);

}  // namespace larder
