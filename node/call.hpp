// One request on its way through the node: what a client asked, and how the
// answer gets back to it.
//
// Made by the front door, carried to the gateway and back. Belongs to one
// thread at a time; answer() may be called from any, once.
#pragma once

#include "actors/messages.hpp"
#include "cluster/subjects.hpp"
#include "storage/nats_request.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/error.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder {

/// To who serves calls: the limits that hold from now on.
using limits_atom = caf::atom_constant<caf::atom("limits")>;

/// What comes back: a value, a JSON body, or an error.
struct reply {
  /// A value: its bytes are the body, its version goes into headers.
  artifact_ptr value;
  larder::tier tier = larder::tier::memory;
  bool stale = false;
  std::chrono::milliseconds stale_for{0};
  /// Without a value: the body, JSON. With a failure: in place of the usual
  /// one.
  std::string body;
  /// Headers beside those that every reply with a body has.
  std::vector<std::pair<const char*, std::string>> lines;
  caf::error failure;
  /// Several replies to one request: more follow this one.
  bool more = false;
  /// What reads of many keys in one request found.
  std::vector<answer> counted;
  std::uint64_t counted_misses = 0;
};

class call {
 public:
  using answer_function = std::function<void(std::shared_ptr<call>, reply)>;

  call(nats::request m, time_point arrived, answer_function answer)
      : message(std::move(m)), arrived(arrived), answer_(std::move(answer)) {}

  /// The NATS message, kept: body, headers and where the answer goes.
  nats::request message;
  /// The request subject, without the prefix of an addressed request: what it
  /// asks for, and the rest of it.
  request_op op = request_op::get;
  std::string tokens;
  /// Of a service beside the collection: then `tokens` is the whole subject.
  bool of_service = false;
  /// An operator's operation, instead of the above.
  std::string control;
  time_point arrived;

  void answer(std::shared_ptr<call> self, reply r) {
    answer_(std::move(self), std::move(r));
  }

 private:
  answer_function answer_;
};

using call_ptr = std::shared_ptr<call>;

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::call_ptr)
