// Actors that do nothing by themselves: each notes what it is asked, and the
// test answers when it likes. So a test decides what is slow, what fails and
// what overtakes what.
//
// Used by the actors' tests. The notes hold promises: a test fixture keeps them
// as members, which go before its actor system does. Thread rule: one thread.
#pragma once

#include "actors/handles.hpp"

#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder::test {

/// What was asked, and the way to answer it.
template <class What, class Reply>
class asked {
 public:
  asked(What w, caf::typed_response_promise<Reply> r)
      : what(std::move(w)), reply(std::move(r)) {}

  What what;
  caf::typed_response_promise<Reply> reply;

  void answer(Reply r) { send(caf::make_message(std::move(r))); }
  void refuse(caf::error why) { send(caf::make_message(std::move(why))); }
  void refuse(ec code) { refuse(fail(code, "as the test has it")); }

 private:
  // Not by the promise itself: outside its actor it does not know on which
  // thread it is.
  void send(caf::message m) {
    caf::response_promise& way = reply;
    if (way.source() == nullptr)
      return;  // nobody waits
    way.source()->enqueue(caf::make_mailbox_element(nullptr,
                                                    way.id().response_id(), {},
                                                    std::move(m)),
                          nullptr);
  }
};

/// The oldest request, taken out. Throws if there is none.
template <class Asked>
Asked next(std::deque<Asked>& from) {
  auto first = std::move(from.at(0));
  from.pop_front();
  return first;
}

struct read_question {
  larder::key key;
  /// false: its revision alone.
  bool whole = true;
  time_point deadline;
};

struct scripted_cold {
  std::deque<asked<read_question, lookup>> reads;
  std::deque<asked<write_request, version_info>> writes;
  std::vector<usage> used;

  cold_actor spawn(caf::actor_system& system);
};

struct scripted_warm {
  std::deque<asked<key, kv_entry>> gets;
  std::deque<asked<shared_fill, bool>> writes;
  /// Whether nobody else in the cluster fills what is asked for.
  bool grants_leases = true;
  int leases_asked = 0;
  int leases_released = 0;

  warm_actor spawn(caf::actor_system& system);
};

struct scripted_shard {
  std::deque<asked<change_notice, done_atom>> changes;
  std::deque<asked<bool, done_atom>> epochs;

  shard_actor spawn(caf::actor_system& system);
};

struct scripted_relay {
  /// The epochs that it was told to end.
  std::vector<epoch> ended;

  relay_actor spawn(caf::actor_system& system);
};

struct keys_question {
  std::vector<key> keys;
  bool whole = true;
};

struct scripted_worker {
  std::deque<asked<keys_question, std::vector<lookup>>> reads;
  std::deque<asked<std::vector<write_request>, std::vector<write_outcome>>>
      writes;
  std::deque<asked<std::string, std::vector<list_item>>> lists;
  std::deque<asked<std::vector<usage>, done_atom>> used;
  std::deque<asked<std::string, artifact_matches>> searches;
  int indexed = 0;
  bool more_to_index = false;

  cold_worker_actor spawn(caf::actor_system& system);
};

}  // namespace larder::test
