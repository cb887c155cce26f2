// The packages actor: answers from the first tier that has a package, and keeps
// what a lower one had in the tiers above it.
//
// Memory is asked first, then the store on this node's disk, then the JetStream
// bucket, the database, the registry: the store has all that the log has told
// this node, and answers sooner than a round trip to the bucket.
//
// One lookup a package below memory, however many ask for it at once. A lookup
// during which the package changed is answered, but not kept in memory.
#pragma once

#include "actors/handles.hpp"
#include "actors/package_handles.hpp"
#include "storage/hot_cache.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace larder {

struct packages_context {
  package_workers workers;
  /// The bucket of packages.
  warm_actor warm;
  /// Null: there is no database.
  package_database_actor database;
  /// Null: this node collects nothing.
  collector_actor collector;
  /// Tells the other nodes.
  package_relay_actor relay;
  std::uint64_t memory_bytes = 64ull << 20;
  package_limits limits;
};

/// Revisions of packages are given by the nodes, not by a source of truth, and
/// never begin anew.
const epoch& package_epoch();

class packages_state {
 public:
  using pointer = packages_actor::stateful_pointer<packages_state>;
  static inline const char* name = "packages";

  explicit packages_state(pointer self) : self_(self) {}
  ~packages_state();
  void start(packages_context context);

  caf::result<package_found> get(package_read q);
  caf::result<std::vector<package_outcome>>
  store(std::vector<std::string> documents, time_point deadline);
  caf::result<package_written> remove(const package_key& key,
                                      time_point deadline);
  caf::result<package_written> write_if(package_conditional write,
                                        time_point deadline);
  caf::result<package_collected> collect(package_read q);
  void changed(const std::vector<package_key>& keys);
  void tick();
  package_plane_stats stats() const;

 private:
  using promise = caf::typed_response_promise<package_found>;
  using lookup_key =
      std::tuple<std::string, std::string, std::string, bool, std::int64_t>;
  static lookup_key key_of(const package_read& q) {
    return {q.key.ecosystem, q.key.name, q.version, q.collect, q.min_revision};
  }
  struct lookup {
    package_read asked;
    std::vector<promise> waiting;
    /// The package was written meanwhile.
    bool changed = false;
    /// The newest removal that a tier told of.
    std::int64_t removed_at = 0;
    /// The newest that was too old for the asker.
    std::int64_t too_old = 0;
    /// A tier could not be asked, so that it is not known that there is none.
    caf::error trouble;
  };
  using lookup_ptr = std::shared_ptr<lookup>;

  using collect_promise = caf::typed_response_promise<package_collected>;
  struct collecting {
    package_read asked;
    std::vector<collect_promise> waiting;
  };
  using collecting_ptr = std::shared_ptr<collecting>;
  struct remembered {
    std::string state;
    std::string known;
    /// Whoever removes the package after that has the last word.
    std::int64_t revision = 0;
  };

  std::optional<package_found> in_memory(const package_read& q);
  void keep_in_memory(const package_key& key, const package_found& found);
  void drop(const package_key& key);

  void look_in_store(const lookup_ptr& l);
  void look_in_bucket(const lookup_ptr& l);
  void take_entry(const lookup_ptr& l, const kv_entry& entry);
  void look_in_database(const lookup_ptr& l);
  void take_rows(const lookup_ptr& l, package_rows rows);
  void look_in_registry(const lookup_ptr& l);
  void keep_and_finish(const lookup_ptr& l, std::vector<package_update> updates,
                       package_found found);
  bool will_do(const lookup_ptr& l, std::int64_t revision);
  void finish(const lookup_ptr& l, package_found found, bool keep);
  void none(const lookup_ptr& l);
  void answer(const lookup_ptr& l, caf::expected<package_found> what);

  void tell(std::function<void()> then);
  void remove_known(const package_key& key, time_point deadline,
                    caf::typed_response_promise<package_written> reply);
  void write_now(package_conditional write, time_point deadline,
                 caf::typed_response_promise<package_written> reply);
  void ask_registry(const collecting_ptr& c, remembered known);
  void take_collected(const collecting_ptr& c, const remembered& known,
                      collect_reply reply);
  void answer(const collecting_ptr& c, caf::expected<package_collected> what);

  /// The last of them gets the document itself, the others copies.
  template <class T>
  static void answer_all(std::vector<caf::typed_response_promise<T>>& waiting,
                         caf::expected<T> what) {
    for (auto& reply : waiting)
      if (!what)
        reply.deliver(what.error());
      else if (&reply == &waiting.back())
        reply.deliver(std::move(*what));
      else
        reply.deliver(*what);
  }

  pointer self_;
  packages_context context_;
  std::unique_ptr<read_domain> domain_;
  std::unique_ptr<hot_cache> memory_;
  std::unique_ptr<reader> reader_;
  std::map<lookup_key, lookup_ptr> lookups_;
  std::map<std::tuple<std::string, std::string, std::string>, collecting_ptr>
      collects_;
  std::uint64_t ticks_ = 0;
  package_plane_stats stats_;
};

packages_actor::behavior_type packages(packages_state::pointer self,
                                       packages_context context);

}  // namespace larder
