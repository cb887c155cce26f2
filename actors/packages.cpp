#include "actors/packages.hpp"

#include "actors/package_worker.hpp"
#include "actors/port.hpp"
#include "storage/package_version.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

constexpr std::chrono::seconds tick_interval{1};
constexpr std::uint64_t ticks_an_hour = 3'600;

// Smaller documents than this are rare; more entries are not kept.
constexpr std::uint64_t least_entry = 512;

key_view name_of_entry(const package_key& key) {
  return {key.ecosystem, key.name};
}

std::string told(const package_read& q) {
  return q.key.ecosystem + "/" + q.key.name
         + (q.version.empty() ? "" : " " + q.version);
}

// Of a document of that package (and version, if there is one), its version:
// anybody may write into the tiers that nodes share.
std::optional<std::string> version_in(std::string_view document,
                                      const package_key& key,
                                      const std::string& version,
                                      const package_limits& limits) {
  auto p = parse_package(document, limits);
  if (!p || p->ecosystem != key.ecosystem || p->name != key.name
      || (!version.empty() && p->version != version))
    return std::nullopt;
  return std::move(p->version);
}

}  // namespace

const epoch& package_epoch() {
  static const epoch it{"packages"};
  return it;
}

packages_actor::behavior_type packages(packages_state::pointer self,
                                       packages_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](get_atom, package_read& q) { return state.get(std::move(q)); },
      [&state](write_atom, std::vector<std::string>& documents,
               time_point deadline) {
        return state.store(std::move(documents), deadline);
      },
      [&state](write_atom, package_conditional& write, time_point deadline) {
        return state.write_if(std::move(write), deadline);
      },
      [&state](remove_atom, const package_key& key, time_point deadline) {
        return state.remove(key, deadline);
      },
      [&state](collect_atom, package_read& q) {
        return state.collect(std::move(q));
      },
      [&state](changed_atom, const std::vector<package_key>& keys) {
        state.changed(keys);
        return done_atom::value;
      },
      [](const continuation& go_on) { go_on(); },
      [&state](sweep_atom) { state.tick(); },
      [&state](stats_atom) { return state.stats(); },
  };
}

packages_state::~packages_state() {
  reader_.reset();
  memory_.reset();
}

void packages_state::start(packages_context context) {
  context_ = std::move(context);
  domain_ = std::make_unique<read_domain>();
  hot_cache_limits limits;
  limits.max_bytes = context_.memory_bytes;
  limits.max_entries = context_.memory_bytes / least_entry;
  memory_ = std::make_unique<hot_cache>(*domain_, limits);
  reader_ = std::make_unique<reader>(*domain_);
  tick();
}

void packages_state::tick() {
  caf::anon_send(context_.workers.writes, open_atom::value);
  // What was accepted before a crash, or could not be published then.
  caf::anon_send(context_.relay, wake_atom::value);
  if (++ticks_ % ticks_an_hour == 0) {
    caf::anon_send(context_.workers.writes, sweep_atom::value);
    if (context_.database)
      caf::anon_send(context_.database, sweep_atom::value);
  }
  memory_->reclaim();
  self_->delayed_send(self_, tick_interval, sweep_atom::value);
}

// -- memory ------------------------------------------------------------------

// An entry is the version that is answered when none is asked for: its version,
// a line feed, which no version holds, and the document.
std::optional<package_found> packages_state::in_memory(const package_read& q) {
  std::optional<package_found> result;
  if (auto* entry = reader_->find(*memory_, name_of_entry(q.key))) {
    auto content = entry->content();
    auto end = content.find('\n');
    auto version = content.substr(0, end);
    if ((q.version.empty() || q.version == version)
        && entry->revision() >= q.min_revision)
      result =
          package_found{std::string{content.substr(end + 1)},
                        std::string{version}, entry->revision(), tier::memory};
  }
  reader_->offline();
  return result;
}

void packages_state::keep_in_memory(const package_key& key,
                                    const package_found& found) {
  version_info info;
  info.revision = found.revision;
  memory_->put(artifact::make(name_of_entry(key),
                              found.version + '\n' + found.document, info));
}

void packages_state::drop(const package_key& key) {
  memory_->drop(name_of_entry(key));
  for (auto i = lookups_.lower_bound({key.ecosystem, key.name, "", false, 0});
       i != lookups_.end() && std::get<0>(i->first) == key.ecosystem
       && std::get<1>(i->first) == key.name;
       ++i)
    i->second->changed = true;
}

void packages_state::changed(const std::vector<package_key>& keys) {
  for (auto& key : keys)
    drop(key);
}

// -- one package -------------------------------------------------------------

caf::result<package_found> packages_state::get(package_read q) {
  if (auto found = in_memory(q)) {
    ++stats_.hits[static_cast<std::size_t>(tier::memory)];
    return std::move(*found);
  }
  auto reply = self_->make_response_promise<package_found>();
  auto& l = lookups_[key_of(q)];
  // Of one that has changed meanwhile: what it finds may be older than a write
  // that this asker knows of.
  if (l && !l->changed) {
    ++stats_.coalesced;
    l->waiting.push_back(reply);
    return reply;
  }
  l = std::make_shared<lookup>();
  l->asked = std::move(q);
  l->waiting.push_back(reply);
  look_in_store(lookup_ptr{l});
  return reply;
}

void packages_state::look_in_store(const lookup_ptr& l) {
  auto& q = l->asked;
  // No deadline: it takes microseconds, and others may wait for it longer.
  ask<package_lookup>(
      self_,
      in_store<package_lookup>(
          context_.workers.gets, time_point::max(),
          [key = q.key, version = q.version](package_store& store) {
            return store.get(key.ecosystem, key.name, version);
          }),
      [this, l](caf::expected<package_lookup> found) {
        if (!found) {
          l->trouble = found.error();
          return look_in_bucket(l);
        }
        if (found->document && will_do(l, found->revision))
          return finish(l,
                        {std::move(*found->document), std::move(found->version),
                         found->revision, tier::rocksdb},
                        l->asked.version.empty());
        if (!found->document)
          l->removed_at = found->revision;
        look_in_bucket(l);
      });
}

bool packages_state::will_do(const lookup_ptr& l, std::int64_t revision) {
  if (revision <= l->removed_at)
    return false;
  l->too_old = std::max(l->too_old, revision);
  return revision >= l->asked.min_revision;
}

void packages_state::look_in_bucket(const lookup_ptr& l) {
  auto& key = l->asked.key;
  self_
      ->request(context_.warm, caf::infinite, get_atom::value,
                larder::key{key.ecosystem, key.name})
      .then([this, l](const kv_entry& entry) { take_entry(l, entry); },
            [this, l](const caf::error& why) {
              if (!l->trouble)
                l->trouble = why;
              look_in_database(l);
            });
}

// Entries of other programs carry no revision: they are not taken.
void packages_state::take_entry(const lookup_ptr& l, const kv_entry& entry) {
  auto& q = l->asked;
  auto revision = entry.info.revision;
  if (entry.info.epoch != package_epoch() || !is_plausible_revision(revision))
    return look_in_database(l);
  if (!entry.value) {
    // The bucket lives for an hour: whatever else has the package is newer.
    l->removed_at = std::max(l->removed_at, revision);
    return look_in_database(l);
  }
  auto document = entry.value->content();
  auto version = version_in(document, q.key, q.version, context_.limits);
  if (!version || !will_do(l, revision))
    return look_in_database(l);
  package_found found{std::string{document}, *version, revision,
                      tier::jetstream};
  std::vector<package_update> updates{
      {{q.key, *version, revision, false}, found.document}};
  keep_and_finish(l, std::move(updates), std::move(found));
}

void packages_state::look_in_database(const lookup_ptr& l) {
  if (!context_.database)
    return look_in_registry(l);
  ask<package_rows>(
      self_,
      in_database<package_rows>(
          context_.database,
          [key = l->asked.key](package_database& d) { return d.load(key); }),
      [this, l](caf::expected<package_rows> rows) {
        if (rows)
          return take_rows(l, std::move(*rows));
        if (!l->trouble)
          l->trouble = rows.error();
        look_in_registry(l);
      });
}

void packages_state::take_rows(const lookup_ptr& l, package_rows rows) {
  auto& q = l->asked;
  l->removed_at = std::max(l->removed_at, rows.removed_at);
  auto& versions = rows.versions;
  // A removal that the database has not heard of yet; what the store would
  // refuse.
  std::erase_if(versions, [&](const package_update& row) {
    return row.change.revision <= l->removed_at
           || !is_plausible_revision(row.change.revision);
  });
  auto choose = [&] {
    if (q.version.empty())
      return std::max_element(
          versions.begin(), versions.end(), [&](auto& a, auto& b) {
            return is_preferred(q.key.ecosystem, b.change.version,
                                a.change.version);
          });
    return std::find_if(versions.begin(), versions.end(), [&](auto& row) {
      return row.change.version == q.version;
    });
  };
  auto best = choose();
  while (best != versions.end()
         && !version_in(best->document, q.key, best->change.version,
                        context_.limits)) {
    versions.erase(best);
    best = choose();
  }
  if (best == versions.end() || !will_do(l, best->change.revision))
    return look_in_registry(l);
  package_found found{best->document, best->change.version,
                      best->change.revision, tier::postgres};
  keep_and_finish(l, std::move(versions), std::move(found));
}

// What a lower tier had is kept in the store; if it cannot be, it is answered
// all the same, but not from memory the next time: without the store this node
// does not hear of changes.
void packages_state::keep_and_finish(const lookup_ptr& l,
                                     std::vector<package_update> updates,
                                     package_found found) {
  using outcomes = std::vector<caf::expected<package_written>>;
  ask<outcomes>(
      self_,
      in_store<outcomes>(context_.workers.writes, l->asked.deadline,
                         [updates = std::move(updates)](package_store& store) {
                           return store.apply_many(updates, std::nullopt);
                         }),
      [this, l,
       found = std::move(found)](caf::expected<outcomes> written) mutable {
        auto kept =
            written
            && std::any_of(written->begin(), written->end(), [&](auto& one) {
                 return one && one->applied && one->version == found.version;
               });
        finish(l, std::move(found), kept && l->asked.version.empty());
      });
}

void packages_state::look_in_registry(const lookup_ptr& l) {
  if (!l->asked.collect)
    return none(l);
  auto self = packages_actor{self_};
  self_->request(self, caf::infinite, collect_atom::value, l->asked)
      .then(
          [this, l](package_collected& c) {
            // Unchanged there since this node had it, and that was too old.
            l->too_old = std::max(l->too_old, c.found.revision);
            if (c.found.revision < l->asked.min_revision)
              return none(l);
            finish(l, std::move(c.found), false);
          },
          [this, l](const caf::error& why) { answer(l, why); });
}

void packages_state::none(const lookup_ptr& l) {
  // A tier that could not be asked may have it.
  if (l->trouble)
    return answer(l, l->trouble);
  if (l->too_old > 0)
    return answer(l, fail(ec::unavailable,
                          "no tier has revision "
                              + std::to_string(l->asked.min_revision) + " of "
                              + told(l->asked) + " yet, the newest is "
                              + std::to_string(l->too_old) + "; retry soon"));
  ++stats_.misses;
  answer(l, fail(ec::not_found,
                 told(l->asked)
                     + " is not stored; with \"collect\": true its registry "
                       "is asked"));
}

void packages_state::finish(const lookup_ptr& l, package_found found,
                            bool keep) {
  if (keep && !l->changed)
    keep_in_memory(l->asked.key, found);
  stats_.hits[static_cast<std::size_t>(found.tier)] += l->waiting.size();
  answer(l, std::move(found));
}

void packages_state::answer(const lookup_ptr& l,
                            caf::expected<package_found> what) {
  auto i = lookups_.find(key_of(l->asked));
  if (i != lookups_.end() && i->second == l)
    lookups_.erase(i);
  answer_all(l->waiting, std::move(what));
}

package_plane_stats packages_state::stats() const {
  auto s = stats_;
  s.entries = memory_->size();
  s.bytes = memory_->bytes();
  s.evictions = memory_->evictions();
  return s;
}

}  // namespace larder
