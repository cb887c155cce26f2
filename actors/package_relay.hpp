// The relay of packages: tells the other nodes of what this one accepted. The
// store notes every such write with the write itself, and forgets the note when
// the relay has done its work; so nothing is lost in a crash.
//
// Of each write: the database first, where there is one; then the bucket, where
// the other nodes look for the document; then the record in the log. Twice does
// no harm: everybody keeps the higher revision.
//
// Without the database the others are told all the same; the notes stay until
// it has the documents too, and then they are told once more.
#pragma once

#include "actors/package_tiers.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace larder {

struct package_relay_context : package_tiers {
  /// Changes in one round, and bytes of their documents.
  std::uint32_t batch = 256;
  std::uint64_t batch_bytes = 8ull << 20;
};

class package_relay_state {
 public:
  using pointer = package_relay_actor::stateful_pointer<package_relay_state>;
  static inline const char* name = "package_relay";

  explicit package_relay_state(pointer self) : self_(self) {}
  void start(package_relay_context context) { context_ = std::move(context); }
  void wake();
  caf::result<done_atom> flush();
  package_relay_stats stats() const { return stats_; }

 private:
  struct item {
    package_change change;
    /// What is sent: the newest, if there is a newer one by now.
    package_update update;
    /// It is the version that is answered when none is asked for.
    bool preferred = false;
    /// Only the database lacks it.
    bool published = false;
  };
  struct round {
    std::vector<item> items;
    /// There is more than was taken.
    bool more = false;
    bool in_database = true;
    bool in_log = true;
    /// What of `published_` is not pending any more is not in it.
    std::set<std::string> published;
    std::size_t outstanding = 0;
  };
  using round_ptr = std::shared_ptr<round>;

  void start_round();
  void put_in_database(const round_ptr& r);
  void put_in_bucket(const round_ptr& r);
  void put_in_log(const round_ptr& r);
  void finish(const round_ptr& r);
  void end_round(bool go_on);

  static caf::expected<round> gather(package_store& store,
                                     const std::set<std::string>& published,
                                     std::uint32_t batch,
                                     std::uint64_t batch_bytes);

  pointer self_;
  package_relay_context context_;
  bool busy_ = false;
  bool again_ = false;
  /// Who waits for the round after this one, and for this one.
  std::vector<caf::typed_response_promise<done_atom>> next_;
  std::vector<caf::typed_response_promise<done_atom>> now_;
  /// In the log but not in the database, by message id.
  std::set<std::string> published_;
  package_relay_stats stats_;
};

package_relay_actor::behavior_type
package_relay(package_relay_state::pointer self, package_relay_context context);

}  // namespace larder
