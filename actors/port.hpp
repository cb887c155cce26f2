// How an actor asks an asynchronous port: the completion, on whatever thread it
// runs, sends the rest of the work to the actor as a message, and the actor
// goes on where it left off.
//
// For the .cpp files of actors that own a port; their interface has
// `caf::reacts_to<continuation>`, their behavior `[](continuation& c) { c();
// }`.
#pragma once

#include "actors/messages.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/expected.hpp>
#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace larder {

/// Calls `start` with a completion for `caf::expected<T>`; runs `then` with the
/// completion's argument in the actor.
template <class T, class Self, class Start, class Then>
void ask(Self* self, Start start, Then then) {
  auto to = caf::actor_cast<caf::strong_actor_ptr>(self);
  start([to, then = std::make_shared<Then>(std::move(then))](
            caf::expected<T> result) {
    auto kept = std::make_shared<caf::expected<T>>(std::move(result));
    caf::anon_send(caf::actor_cast<caf::actor>(to),
                   continuation{[then, kept] { (*then)(std::move(*kept)); }});
  });
}

}  // namespace larder
