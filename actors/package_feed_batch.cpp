// The feed's way from changes to documents in the store.
#include "actors/package_feed.hpp"
#include "actors/package_worker.hpp"
#include "actors/packages.hpp"
#include "actors/port.hpp"

#include <utility>

namespace larder {

namespace {

// Of one change, and for good: it cannot be a package (anybody may write into
// the database), or what this store has of it is damaged. All else goes on.
bool concerns_it_alone(const caf::error& why) {
  auto code = code_of(why);
  return code == ec::invalid_request || code == ec::too_large
         || code == ec::internal;
}

// Whether the store lacks the change. A removal may concern versions beside the
// one that is answered, so it is lacked unless the package is gone already.
caf::expected<bool> lacks(const package_store& store,
                          const package_change& change) {
  if (change.revision == 0)
    return true;
  if (!store.believes(change.revision))
    return false;
  auto kept = store.get(change.key.ecosystem, change.key.name, change.version);
  if (!kept && concerns_it_alone(kept.error()))
    return false;
  if (!kept)
    return kept.error();
  return kept->revision < change.revision
         || (change.removed && kept->document.has_value());
}

}  // namespace

void package_feed_state::settle(batch_ptr b) {
  using events = std::vector<package_event>;
  ask<events>(
      self_,
      in_store<events>(
          context_.store, time_point::max(),
          [asked = b->events](package_store& store) -> caf::expected<events> {
            events needed;
            for (auto& e : asked) {
              auto needs = lacks(store, e.change);
              if (!needs)
                return needs.error();
              if (*needs)
                needed.push_back(e);
            }
            return needed;
          }),
      [this, b](caf::expected<events> needed) {
        if (!needed)
          return b->done(false);
        stats_.known += b->events.size() - needed->size();
        // One more, so that it is not over before all have been asked
        // for.
        b->outstanding = needed->size() + 1;
        for (auto& e : *needed)
          look_for(b, e);
        settled(b);
      });
}

void package_feed_state::look_for(const batch_ptr& b, const package_event& e) {
  if (e.change.removed)
    return found(b, {e.change, {}});
  self_
      ->request(context_.warm, caf::infinite, get_atom::value,
                key{e.change.key.ecosystem, e.change.key.name})
      .then([this, b,
             e](const kv_entry& entry) { take_from_bucket(b, e, entry); },
            [this, b, e](const caf::error&) { ask_node(b, e); });
}

// The bucket has one version of a package, perhaps not this one.
void package_feed_state::take_from_bucket(const batch_ptr& b,
                                          const package_event& e,
                                          const kv_entry& entry) {
  auto& wanted = e.change;
  if (entry.value && entry.info.epoch == package_epoch()
      && is_plausible_revision(entry.info.revision)
      && entry.info.revision >= wanted.revision) {
    auto document = entry.value->content();
    auto parsed = parse_package(document, context_.limits);
    if (parsed && parsed->ecosystem == wanted.key.ecosystem
        && parsed->name == wanted.key.name
        && (wanted.revision == 0 || parsed->version == wanted.version))
      return found(b,
                   {{wanted.key, parsed->version, entry.info.revision, false},
                    std::string{document}});
  }
  ask_node(b, e);
}

void package_feed_state::ask_node(const batch_ptr& b, const package_event& e) {
  if (e.node.empty() || e.node == context_.node)
    return ask_database(b, e);
  ask<package_lookup>(
      self_,
      [&](auto answered) {
        context_.peers->get(e.node, e.change.key, e.change.version,
                            context_.timeout, answered);
      },
      [this, b, e](caf::expected<package_lookup> got) {
        if (!got)
          return ask_database(b, e);
        // Removed since; the log tells of that too.
        if (!got->document)
          return settled(b);
        if (got->revision < e.change.revision)
          return ask_database(b, e);
        found(b, {{e.change.key, e.change.version, got->revision, false},
                  std::move(*got->document)});
      });
}

void package_feed_state::ask_database(const batch_ptr& b,
                                      const package_event& e) {
  auto nobody = [this, b, e] {
    // Without a revision there was nothing to be expected.
    if (e.change.revision > 0)
      b->missing.push_back(e);
    settled(b);
  };
  if (!context_.database)
    return nobody();
  ask<package_rows>(
      self_,
      in_database<package_rows>(
          context_.database,
          [key = e.change.key](package_database& d) { return d.load(key); }),
      [this, b, e, nobody](caf::expected<package_rows> rows) {
        if (!rows)
          return nobody();
        if (rows->removed_at >= e.change.revision && rows->removed_at > 0)
          return found(b, {{e.change.key, "", rows->removed_at, true}, {}});
        auto before = b->updates.size();
        for (auto& row : rows->versions)
          if (e.change.revision == 0
              || (row.change.version == e.change.version
                  && row.change.revision >= e.change.revision))
            b->updates.push_back(std::move(row));
        if (b->updates.size() == before)
          return nobody();
        settled(b);
      });
}

void package_feed_state::found(const batch_ptr& b, package_update update) {
  b->updates.push_back(std::move(update));
  settled(b);
}

void package_feed_state::settled(const batch_ptr& b) {
  if (--b->outstanding == 0)
    apply(b);
}

void package_feed_state::apply(const batch_ptr& b) {
  for (auto& e : b->missing)
    missing_.emplace(message_id(e.change), e);
  // The place stays before what is missing.
  if (!b->missing.empty())
    b->position.reset();
  if (b->updates.empty() && !b->position)
    return b->done(true);
  std::vector<package_key> keys;
  for (auto& u : b->updates)
    keys.push_back(u.change.key);
  using outcomes = std::vector<caf::expected<package_written>>;
  ask<outcomes>(
      self_,
      in_store<outcomes>(context_.writes, time_point::max(),
                         [updates = std::move(b->updates),
                          position = b->position](package_store& store) {
                           return store.apply_many(updates, position);
                         }),
      [this, b, keys = std::move(keys)](caf::expected<outcomes> applied) {
        if (!applied)
          return b->done(false);
        for (auto& one : *applied) {
          stats_.applied += one && one->applied ? 1 : 0;
          // What this node refuses it will refuse again; a disk that fails may
          // not.
          if (!one && !concerns_it_alone(one.error()))
            return b->done(false);
        }
        self_
            ->request(context_.packages, caf::infinite, changed_atom::value,
                      keys)
            .then([b](done_atom) { b->done(true); },
                  [b](const caf::error&) { b->done(true); });
      });
}

}  // namespace larder
