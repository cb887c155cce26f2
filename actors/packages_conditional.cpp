// The packages actor's writes that name the revision they were made after.
#include "actors/package_worker.hpp"
#include "actors/packages.hpp"
#include "actors/port.hpp"

#include <memory>
#include <utility>

namespace larder {

namespace {

// One thread writes to the store: nothing comes between the look and the write.
caf::expected<package_written> write(package_store& store,
                                     const package_conditional& w) {
  auto& [ecosystem, name] = w.key;
  auto kept = store.get(ecosystem, name, w.version);
  if (!kept)
    return std::move(kept.error());
  auto current = kept->document ? kept->revision : 0;
  if (current != w.expected)
    return conflict(
        current, ecosystem + "/" + name
                     + (current > 0 ? " has revision " + std::to_string(current)
                                    : std::string{" is not stored"})
                     + ", and the write expects "
                     + (w.expected > 0 ? std::to_string(w.expected)
                                       : std::string{"none"})
                     + "; read it, then try again");
  if (!w.document.empty())
    return store.store(w.document);
  if (current == 0)
    return fail(ec::not_found, ecosystem + "/" + name + " is not stored");
  return store.remove(ecosystem, name);
}

}  // namespace

// What another tier has that this disk has not is put there by reading it.
caf::result<package_written> packages_state::write_if(package_conditional w,
                                                      time_point deadline) {
  auto reply = self_->make_response_promise<package_written>();
  auto self = packages_actor{self_};
  package_read q;
  q.key = w.key;
  q.version = w.version;
  q.deadline = deadline;
  auto kept = std::make_shared<package_conditional>(std::move(w));
  self_->request(self, caf::infinite, get_atom::value, std::move(q))
      .then(
          [this, kept, deadline, reply](const package_found&) {
            write_now(std::move(*kept), deadline, reply);
          },
          [this, kept, deadline, reply](const caf::error& why) mutable {
            if (code_of(why) == ec::not_found)
              write_now(std::move(*kept), deadline, reply);
            else
              reply.deliver(why);
          });
  return reply;
}

void packages_state::write_now(
    package_conditional w, time_point deadline,
    caf::typed_response_promise<package_written> reply) {
  auto removes = w.document.empty();
  ask<package_written>(
      self_,
      in_store<package_written>(
          context_.workers.writes, deadline,
          [w = std::move(w)](package_store& store) { return write(store, w); }),
      [this, reply, removes](caf::expected<package_written> done) mutable {
        if (!done)
          return void(reply.deliver(done.error()));
        drop(done->key);
        ++(removes ? stats_.removed : stats_.stored);
        tell([reply, done = std::move(*done)]() mutable {
          reply.deliver(std::move(done));
        });
      });
}

}  // namespace larder
