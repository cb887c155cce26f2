// What changes the package store.
#include "storage/error.hpp"
#include "storage/package_batch.hpp"
#include "storage/package_store_parts.hpp"

#include <algorithm>
#include <utility>

namespace larder {

using namespace package_records;

namespace {

/// A batch of an import is written when it is as large as that.
constexpr std::size_t import_bytes = 8 << 20;

constexpr std::chrono::microseconds most_ahead = std::chrono::hours{24};

caf::error no_revision(std::int64_t revision) {
  return fail(ec::invalid_request,
              "the revision is " + std::to_string(revision)
                  + "; expected one above 0, and none that the clock reaches "
                    "only after a day: are the clocks of all nodes right?");
}

}  // namespace

bool is_plausible_revision(std::int64_t revision, std::int64_t now) {
  return revision > 0 && revision - most_ahead.count() <= now;
}

bool is_plausible_revision(std::int64_t revision) {
  std::chrono::microseconds now =
      std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::system_clock::now().time_since_epoch());
  return is_plausible_revision(revision, now.count());
}

bool package_store::believes(std::int64_t revision) const {
  return is_plausible_revision(revision, parts_->now());
}

/// Writes of many packages, as few synced ones as can be. A batch that cannot
/// be committed is the failure of all in it.
class package_store::many_writes {
 public:
  explicit many_writes(const parts& store) : store_(store), batch_(store) {}

  /// `told`, if it is given, is what the document must be of.
  void put(std::string_view document, const package_batch::origin& from,
           const package_change* told = nullptr) {
    auto p = parse_package(document, store_.options.limits);
    if (!p)
      return refuse(std::move(p.error()));
    package_key own{p->ecosystem, p->name};
    if (told != nullptr
        && (own != told->key
            || (!told->version.empty() && p->version != told->version)))
      return refuse(fail(ec::invalid_request,
                         "the document is of " + own.ecosystem + "/" + own.name
                             + " " + p->version + "; expected one of "
                             + told->key.ecosystem + "/" + told->key.name + " "
                             + told->version));
    make_room(own);
    outcomes_.push_back(batch_.put(document, *p, from));
    note_failure();
  }

  void remove(const package_key& key, std::optional<std::int64_t> revision) {
    if (auto ok = check_package_key(key.ecosystem, key.name); !ok)
      return refuse(std::move(ok.error()));
    make_room(key);
    outcomes_.push_back(batch_.remove(key, revision));
    note_failure();
  }

  void refuse(caf::error why) { outcomes_.emplace_back(std::move(why)); }

  bool failed() const { return failed_; }
  package_batch& batch() { return batch_; }

  /// All outcomes, in order.
  std::vector<caf::expected<package_written>> commit_all() {
    commit();
    return std::move(outcomes_);
  }

 private:
  void commit() {
    if (auto ok = batch_.commit(); !ok) {
      for (auto i = uncommitted_; i < outcomes_.size(); ++i)
        if (outcomes_[i])
          outcomes_[i] = ok.error();
      failed_ = true;
      // What it holds is not to be tried again with the next.
      batch_.reset();
    }
    uncommitted_ = outcomes_.size();
  }

  /// A batch reads what is on disk, so a package comes once in it.
  void make_room(const package_key& next) {
    if (batch_.has(next) || batch_.bytes() > import_bytes)
      commit();
  }

  void note_failure() {
    auto& last = outcomes_.back();
    failed_ = failed_ || (!last && code_of(last.error()) == ec::unavailable);
  }

  const parts& store_;
  package_batch batch_;
  std::vector<caf::expected<package_written>> outcomes_;
  std::size_t uncommitted_ = 0;
  bool failed_ = false;
};

caf::expected<package_written> package_store::store(std::string_view document) {
  many_writes one{*parts_};
  one.put(document, {});
  return std::move(one.commit_all().front());
}

caf::expected<package_written> package_store::fill(std::string_view document,
                                                   std::int64_t seen) {
  many_writes one{*parts_};
  one.put(document, {{}, seen});
  return std::move(one.commit_all().front());
}

caf::expected<std::vector<caf::expected<package_written>>>
package_store::store_many(std::span<const std::string> written) {
  many_writes many{*parts_};
  for (auto& document : written)
    many.put(document, {});
  return many.commit_all();
}

caf::expected<std::vector<caf::expected<package_written>>>
package_store::apply_many(std::span<const package_update> updates,
                          const std::optional<package_log_position>& position) {
  many_writes many{*parts_};
  for (auto& [change, document] : updates)
    if (!believes(change.revision))
      many.refuse(no_revision(change.revision));
    else if (change.removed)
      many.remove(change.key, change.revision);
    else
      many.put(document, {change.revision, {}}, &change);
  // What is not on disk must be read from the log again.
  if (position && !many.failed())
    many.batch().set_position(*position);
  return many.commit_all();
}

caf::expected<package_written> package_store::remove(std::string_view ecosystem,
                                                     std::string_view name) {
  many_writes one{*parts_};
  one.remove({std::string{ecosystem}, std::string{name}}, {});
  return std::move(one.commit_all().front());
}

// -- the change log
// -------------------------------------------------------------

caf::expected<package_log_position> package_store::position() const {
  auto value = parts_->detail(log_key);
  if (!value)
    return std::move(value.error());
  if (!*value)
    return package_log_position{};
  auto position = decode_position(**value);
  if (!position)
    return damaged(log_key);
  return *position;
}

caf::expected<void>
package_store::set_position(const package_log_position& position) {
  rocks_batch batch;
  batch.put(details, log_key, encode(position));
  return parts_->db->write(batch, parts_->how());
}

caf::expected<std::vector<package_change>>
package_store::pending_changes(std::uint32_t limit) const {
  std::vector<package_change> found;
  caf::error broken;
  auto ok = parts_->db->each_prefix(
      details, "o", [&](std::string_view key, std::string_view value) {
        if (found.size() >= limit)
          return false;
        auto head = key.substr(1);
        package_change change;
        change.removed = head.ends_with('\1');
        if (change.removed) {
          head.remove_suffix(1);
        } else {
          auto end = head.rfind('\0');
          change.version = head.substr(end + 1);
          head = head.substr(0, end);
        }
        auto where = parse_head(head);
        auto revision = decode_revision(value);
        if (!where || !revision) {
          broken = damaged(key);
          return false;
        }
        change.key = std::move(*where);
        change.revision = *revision;
        found.push_back(std::move(change));
        return true;
      });
  if (!ok)
    return std::move(ok.error());
  if (broken)
    return broken;
  return found;
}

caf::expected<void>
package_store::mark_published(std::span<const package_change> changes) {
  rocks_batch batch;
  for (auto& change : changes) {
    auto head = head_key(change.key);
    auto key = change.removed ? pending_removal_key(head)
                              : pending_put_key(head, change.version);
    auto value = parts_->detail(key);
    if (!value)
      return std::move(value.error());
    if (*value && decode_revision(**value) == change.revision)
      batch.erase(details, key);
  }
  return batch.empty() ? caf::expected<void>{caf::unit}
                       : parts_->db->write(batch, rocks_write::fast);
}

// -- collectors
// -----------------------------------------------------------------

caf::expected<std::optional<std::string>>
package_store::collector_state(std::string_view ecosystem,
                               std::string_view name) const {
  if (auto ok = check_package_key(ecosystem, name); !ok)
    return std::move(ok.error());
  return parts_->detail(collector_key(head_key(ecosystem, name)));
}

caf::expected<void> package_store::put_collector_state(
    std::string_view ecosystem, std::string_view name, std::string_view state) {
  if (auto ok = check_package_key(ecosystem, name); !ok)
    return ok;
  if (state.size() > parts_->options.limits.bytes)
    return fail(ec::too_large,
                "the collector's state is " + std::to_string(state.size())
                    + " bytes long; expected at most "
                    + std::to_string(parts_->options.limits.bytes));
  rocks_batch batch;
  batch.put(details, collector_key(head_key(ecosystem, name)), state);
  return parts_->db->write(batch, rocks_write::fast);
}

// -- forgetting
// -----------------------------------------------------------------

caf::expected<std::uint64_t> package_store::sweep() {
  auto until = parts_->now() - parts_->options.tombstone_retention.count();
  auto end = removal_key(std::max<std::int64_t>(until, 0), {});
  auto next = removal_key(0, {});
  auto prefix = next.size();
  std::uint64_t forgotten = 0;
  for (;;) {
    // In small batches: whoever waits for a write waits for one of these.
    rocks_batch batch;
    caf::error broken;
    std::uint32_t seen = 0;
    auto begin = next;
    auto ok = parts_->db->each(
        details, begin, end, [&](std::string_view key, std::string_view) {
          auto head = key.substr(prefix);
          auto revision = decode_revision(key.substr(1, 8));
          auto kept = parts_->document(head);
          // What is damaged stays for check() to tell, and keeps nothing else
          // from being forgotten.
          if (!kept && code_of(kept.error()) != ec::internal) {
            broken = std::move(kept.error());
            return false;
          }
          if (kept) {
            batch.erase(details, key);
            // If it was not stored again, or removed again, since.
            if (*kept && !(*kept)->meta.present
                && (*kept)->meta.removed == revision) {
              batch.erase(documents, head);
              forgotten += 1;
            }
          }
          next = std::string{key} + '\0';
          return ++seen < 1'000;
        });
    if (!ok)
      return std::move(ok.error());
    if (broken)
      return broken;
    if (seen == 0)
      return forgotten;
    if (auto written = parts_->db->write(batch, parts_->how()); !written)
      return std::move(written.error());
  }
}

}  // namespace larder
