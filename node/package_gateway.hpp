// The gateway of packages: turns requests into messages to the actors and
// stores that know, and their answers into replies. Everything that a client
// may get wrong in a body is found here.
//
// The front door hands it every request of the collection's subjects.
#pragma once

#include "actors/package_handles.hpp"
#include "config/settings.hpp"
#include "node/call.hpp"
#include "node/package_reply.hpp"
#include "node/package_request.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

using package_gateway_actor = caf::typed_actor<
    // Answer it, now or later.
    caf::reacts_to<call_ptr>,
    // The limits that hold from now on.
    caf::reacts_to<limits_atom, config::limit_settings>,
    // What the parts of the plane count.
    caf::replies_to<stats_atom>::with<package_statistics>,
    // To itself.
    caf::reacts_to<continuation>>;

struct package_gateway_context {
  packages_actor packages;
  package_workers workers;
  package_relay_actor relay;
  package_feed_actor feed;
  /// Null: this node collects nothing.
  collector_actor collector;
  package_subjects subjects;
  config::limit_settings limits;
  config::package_settings settings;
  package_limits document_limits;
  /// Bytes that one reply may have.
  std::function<std::uint64_t()> max_reply_bytes;
  /// Of the feed: how much is heard of and not in the store. May be null.
  std::shared_ptr<std::atomic<std::size_t>> backlog;
};

class package_gateway_state {
 public:
  using pointer =
      package_gateway_actor::stateful_pointer<package_gateway_state>;
  static inline const char* name = "package_gateway";

  explicit package_gateway_state(pointer self) : self_(self) {}
  void start(package_gateway_context context) { context_ = std::move(context); }
  void serve(call_ptr c);
  void limit(const config::limit_settings& limits) { context_.limits = limits; }
  caf::result<package_statistics> stats();

 private:
  using milliseconds = std::chrono::milliseconds;

  void get(call_ptr c);
  void store(call_ptr c);
  void store_many(call_ptr c);
  void remove(call_ptr c);
  void list(call_ptr c, bool with_documents);
  void search(call_ptr c);
  void search_by_tags(call_ptr c);
  void snippets(call_ptr c);
  void versions(call_ptr c);
  void revisions(call_ptr c);
  void tell_stats(call_ptr c);
  void collect(call_ptr c, std::string_view ecosystem);
  void write_if(const call_ptr& c, milliseconds wait,
                package_conditional write);

  static void refuse(const call_ptr& c, caf::error why);
  /// The package that a body names; empty, and the body refused, if it names
  /// none.
  static package_key key_in(request_fields& body);
  /// Nothing: packages of all of them.
  static std::optional<std::string> ecosystem_in(request_fields& body);
  /// Answers with what the store's thread makes of it, once it has what was
  /// heard of that package (without a name: of any).
  void answer_with(
      call_ptr c, const package_worker_actor& worker,
      std::function<caf::expected<std::string>(package_store&)> question,
      const package_key& about = {});
  /// Goes on when the store has what was heard of that package, or at the end
  /// of a short patience.
  void after_news(const call_ptr& c, const package_key& about,
                  std::function<void()> go_on);
  /// Goes on with what the parts of the plane have counted, those that answer.
  void count(std::function<void(const package_statistics&)> go_on);
  /// How long the asker waits; answers him, and says so, if his header is none.
  std::optional<milliseconds> patience(const call_ptr& c,
                                       milliseconds if_absent) const;
  milliseconds left(const call& c, milliseconds deadline) const;
  std::size_t room() const;

  pointer self_;
  package_gateway_context context_;
};

package_gateway_actor::behavior_type
package_gateway(package_gateway_state::pointer self,
                package_gateway_context context);

}  // namespace larder

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(larder::package_statistics)
