// The packages actor's other half: what is stored, removed and collected.
#include "actors/package_worker.hpp"
#include "actors/packages.hpp"
#include "actors/port.hpp"

#include <caf/send.hpp>

#include <utility>

namespace larder {

namespace {

// Others look for what is new in the tiers that all nodes share: so they have
// it before the writer is answered, unless that takes too long.
constexpr std::chrono::milliseconds telling{500};

caf::error removed_meanwhile(const package_key& key) {
  return fail(ec::not_found, key.ecosystem + "/" + key.name
                                 + " was removed while it was collected; "
                                   "collect it again");
}

}  // namespace

void packages_state::tell(std::function<void()> then) {
  self_->request(context_.relay, telling, flush_atom::value)
      .then([then](done_atom) { then(); },
            [then](const caf::error&) { then(); });
}

// -- writes ------------------------------------------------------------------

caf::result<std::vector<package_outcome>>
packages_state::store(std::vector<std::string> documents, time_point deadline) {
  using outcomes = std::vector<caf::expected<package_written>>;
  auto reply = self_->make_response_promise<std::vector<package_outcome>>();
  ask<outcomes>(self_,
                in_store<outcomes>(
                    context_.workers.writes, deadline,
                    [documents = std::move(documents)](package_store& store) {
                      return store.store_many(documents);
                    }),
                [this, reply](caf::expected<outcomes> written) mutable {
                  if (!written)
                    return void(reply.deliver(written.error()));
                  std::vector<package_outcome> result;
                  for (auto& one : *written) {
                    auto& out = result.emplace_back();
                    if (!one) {
                      out.failure = one.error();
                      continue;
                    }
                    drop(one->key);
                    ++stats_.stored;
                    out.written = std::move(*one);
                  }
                  // An import does not wait for the others.
                  if (result.size() > 1) {
                    caf::anon_send(context_.relay, wake_atom::value);
                    return void(reply.deliver(std::move(result)));
                  }
                  tell([reply, result = std::move(result)]() mutable {
                    reply.deliver(std::move(result));
                  });
                });
  return reply;
}

// What no tier has is not removed: a removal that nobody needs would be kept
// and told to all nodes.
caf::result<package_written> packages_state::remove(const package_key& key,
                                                    time_point deadline) {
  auto reply = self_->make_response_promise<package_written>();
  auto self = packages_actor{self_};
  package_read q;
  q.key = key;
  q.deadline = deadline;
  self_->request(self, caf::infinite, get_atom::value, std::move(q))
      .then([this, key, deadline, reply](
                const package_found&) { remove_known(key, deadline, reply); },
            [this, key, deadline, reply](const caf::error& why) mutable {
              if (code_of(why) == ec::not_found)
                reply.deliver(fail(ec::not_found, key.ecosystem + "/" + key.name
                                                      + " is not stored"));
              else
                remove_known(key, deadline, reply);
            });
  return reply;
}

void packages_state::remove_known(
    const package_key& key, time_point deadline,
    caf::typed_response_promise<package_written> reply) {
  ask<package_written>(
      self_,
      in_store<package_written>(context_.workers.writes, deadline,
                                [key](package_store& store) {
                                  return store.remove(key.ecosystem, key.name);
                                }),
      [this, reply](caf::expected<package_written> gone) mutable {
        if (!gone)
          return void(reply.deliver(gone.error()));
        drop(gone->key);
        ++stats_.removed;
        tell([reply, gone = std::move(*gone)]() mutable {
          reply.deliver(std::move(gone));
        });
      });
}

// -- the registry ------------------------------------------------------------

caf::result<package_collected> packages_state::collect(package_read q) {
  if (!context_.collector)
    return fail(ec::not_supported,
                "this node collects nothing: no collector is part of it");
  auto reply = self_->make_response_promise<package_collected>();
  auto& c = collects_[{q.key.ecosystem, q.key.name, q.version}];
  if (c) {
    c->waiting.push_back(reply);
    return reply;
  }
  c = std::make_shared<collecting>();
  c->asked = std::move(q);
  c->waiting.push_back(reply);
  ask<remembered>(
      self_,
      in_store<remembered>(
          context_.workers.gets, c->asked.deadline,
          [key = c->asked.key, version = c->asked.version](
              package_store& store) -> caf::expected<remembered> {
            auto state = store.collector_state(key.ecosystem, key.name);
            if (!state)
              return state.error();
            auto known = store.get(key.ecosystem, key.name, version);
            if (!known)
              return known.error();
            return remembered{state->value_or(""), known->document.value_or(""),
                              known->revision};
          }),
      [this, c = collecting_ptr{c}](caf::expected<remembered> known) {
        if (!known)
          return answer(c, known.error());
        ask_registry(c, std::move(*known));
      });
  return reply;
}

void packages_state::ask_registry(const collecting_ptr& c, remembered known) {
  collect_request request;
  request.package = c->asked.key;
  request.version = c->asked.version;
  request.state = known.state;
  request.known = known.known;
  request.deadline = c->asked.deadline;
  self_
      ->request(context_.collector, caf::infinite, collect_atom::value,
                std::move(request))
      .then(
          [this, c, known = std::move(known)](collect_reply& reply) {
            take_collected(c, known, std::move(reply));
          },
          [this, c](const caf::error& why) { answer(c, why); });
}

// The state is kept whatever came of it: it says that there is no such package,
// or when to ask again. Not if the package has been removed meanwhile: then it
// would say that nothing has changed since.
void packages_state::take_collected(const collecting_ptr& c,
                                    const remembered& known,
                                    collect_reply reply) {
  package_collected result;
  result.outcome = reply.outcome;
  result.failure = reply.failure;
  result.bytes = reply.bytes;
  result.found.tier = tier::registry;
  result.found.document = reply.document;
  auto is_new = reply.outcome == collect_outcome::collected;
  ask<package_written>(
      self_,
      in_store<package_written>(
          context_.workers.writes, time_point::max(),
          [key = c->asked.key, is_new, seen = known.revision,
           document = std::move(reply.document), limits = context_.limits,
           state = reply.state == known.state ? std::string{} : reply.state](
              package_store& store) -> caf::expected<package_written> {
            package_written written;
            if (is_new) {
              auto stored = store.fill(document, seen);
              if (!stored)
                return stored.error();
              if (!stored->applied && !stored->existed)
                return removed_meanwhile(key);
              written = std::move(*stored);
            } else if (!document.empty()) {
              auto parsed = parse_package(document, limits);
              if (!parsed)
                return parsed.error();
              auto kept = store.get(key.ecosystem, key.name, parsed->version);
              if (!kept)
                return kept.error();
              if (!kept->document)
                return removed_meanwhile(key);
              written = {key, kept->version, kept->revision, false};
            }
            if (!state.empty())
              if (auto ok =
                      store.put_collector_state(key.ecosystem, key.name, state);
                  !ok)
                return ok.error();
            return written;
          }),
      [this, c, is_new, result = std::move(result)](
          caf::expected<package_written> written) mutable {
        if (result.outcome == collect_outcome::failed)
          return answer(c, result.failure);
        if (!written)
          return answer(c, written.error());
        result.found.version = written->version;
        result.found.revision = written->revision;
        if (!is_new)
          return answer(c, std::move(result));
        drop(written->key);
        ++stats_.stored;
        tell([this, c, result = std::move(result)]() mutable {
          answer(c, std::move(result));
        });
      });
}

void packages_state::answer(const collecting_ptr& c,
                            caf::expected<package_collected> what) {
  auto& q = c->asked;
  collects_.erase({q.key.ecosystem, q.key.name, q.version});
  answer_all(c->waiting, std::move(what));
}

}  // namespace larder
