#include "storage/embedded_database.hpp"

#include "storage/embedded_commit.hpp"
#include "storage/embedded_text.hpp"
#include "storage/error.hpp"

#include <algorithm>
#include <random>
#include <tuple>
#include <utility>

namespace larder {

using namespace embedded;

namespace {

constexpr std::string_view format = "2";
// Its index holds fewer words.
constexpr std::string_view format_before = "1";

std::int64_t system_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::pair<std::uint64_t, std::uint64_t> decode_epoch(std::string_view bytes) {
  return {decode_number(bytes),
          bytes.size() > 8 ? decode_number(bytes.substr(8)) : 1};
}

std::string random_origin() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) {
    char part[9];
    std::snprintf(part, sizeof part, "%08x", device());
    id += part;
  }
  return id;
}

}  // namespace

// -- opening -----------------------------------------------------------------

embedded_database::embedded_database(embedded_options options,
                                     std::unique_ptr<rocks_database> rocks)
    : options_(std::move(options)), rocks_(std::move(rocks)),
      index_(*rocks_, search, "") {}

caf::expected<std::shared_ptr<embedded_database>>
embedded_database::open(embedded_options options) {
  if (!options.clock)
    options.clock = system_time;
  rocks_options with;
  with.families = family_names();
  // Values that are read often are in the node's memory already.
  with.block_cache_bytes = std::size_t{16} << 20;
  with.write_buffer_bytes = std::size_t{4} << 20;
  with.least_free_bytes = options.least_free_bytes;
  with.reserve_bytes = options.least_free_bytes / 2;
  auto rocks = rocks_database::open(options.directory, std::move(with));
  if (!rocks)
    return rocks.error();
  std::shared_ptr<embedded_database> database{
      new embedded_database(std::move(options), std::move(*rocks))};
  if (auto ok = database->load(); !ok)
    return ok.error();
  return database;
}

caf::expected<void> embedded_database::load() {
  std::map<std::string, std::string, std::less<>> found;
  if (auto ok = rocks_->each(embedded::state, {}, {},
                             [&](auto k, auto v) {
                               found.emplace(k, v);
                               return true;
                             });
      !ok)
    return ok;
  auto is_new = found.empty();
  auto is_older = found["format"] == format_before;
  if (!is_new && !is_older && found["format"] != format)
    return fail(ec::configuration,
                "the embedded store in " + directory() + " has format "
                    + found["format"] + ", and this binary knows "
                    + std::string{format} + ": use the newer larder");
  origin_ = is_new ? options_.origin.empty() ? random_origin() : options_.origin
                   : found["origin"];
  std::tie(timeline_, counter_) = decode_epoch(found["epoch"]);
  revision_ = static_cast<std::int64_t>(decode_number(found["revision"]));
  if (auto known = decode_publication(found["publication"]))
    upto_ = *known;
  search_is_stale_ = found.count("search") > 0;
  if (auto ok = rocks_->each(embedded::outbox, {}, {},
                             [&](auto k, auto) {
                               unpublished_.insert(
                                   static_cast<std::int64_t>(decode_number(k)));
                               return true;
                             });
      !ok)
    return ok;
  auto current = index_.is_current();
  if (!current)
    return current.error();
  search_is_stale_ |= is_older || !*current;
  timeline_ =
      std::max(timeline_ + 1, static_cast<std::uint64_t>(now()) / 1'000'000);
  upto_.log_sequence = 0;
  upto_.message_id.clear();
  rocks_batch batch;
  batch.put(embedded::state, "format", format);
  if (search_is_stale_)
    batch.put(embedded::state, "search", "stale");
  batch.put(embedded::state, "origin", origin_);
  if (auto ok = put_state(batch, durability()); !ok)
    return ok;
  return mend_search();
}

caf::expected<void> embedded_database::put_state(rocks_batch& batch,
                                                 rocks_write how) {
  batch.put(embedded::state, "epoch",
            encode_number(timeline_) + encode_number(counter_));
  batch.put(embedded::state, "revision",
            encode_number(static_cast<std::uint64_t>(revision_)));
  batch.put(embedded::state, "publication", encode(upto_));
  return rocks_->write(batch, how);
}

larder::epoch embedded_database::epoch_of(std::uint64_t timeline,
                                          std::uint64_t counter) const {
  return larder::epoch{origin_ + '-' + std::to_string(timeline) + '-'
                       + std::to_string(counter)};
}

caf::expected<larder::epoch>
embedded_database::epoch_at(const rocks_snapshot& at) const {
  std::string bytes;
  auto found = rocks_->get(embedded::state, "epoch", bytes, &at);
  if (!found)
    return found.error();
  auto [timeline, counter] = decode_epoch(bytes);
  return epoch_of(timeline, counter);
}

// -- writing -----------------------------------------------------------------

caf::expected<embedded_database::results>
embedded_database::write(std::span<const write_request> requests) {
  waiting_write mine{requests, {}, {}, false};
  {
    std::lock_guard guard{queue_mutex_};
    queue_.push_back(&mine);
  }
  std::lock_guard turn{turn_};
  if (!mine.done) {
    std::vector<waiting_write*> all;
    {
      std::lock_guard guard{queue_mutex_};
      all.swap(queue_);
    }
    commit(all);
  }
  if (mine.failure)
    return mine.failure;
  return std::move(mine.outcomes);
}

void embedded_database::commit(std::span<waiting_write* const> writes) {
  embedded_commit one{*rocks_, index_, revision_, now(),
                      epoch_of(timeline_, counter_)};
  for (auto* w : writes)
    for (auto& request : w->requests)
      w->outcomes.push_back(one.apply(request));
  // Whatever becomes of the batch, its revisions are used up: it may come to
  // light after a crash.
  revision_ = one.revision();
  caf::error failure;
  if (!one.added().empty()) {
    rocks_batch batch;
    if (!one.finish(batch)) {
      batch.put(embedded::state, "search", "stale");
      search_is_stale_ = true;
    }
    if (auto ok = put_state(batch, durability()); !ok)
      failure = ok.error();
    else
      unpublished_.insert(one.added().begin(), one.added().end());
  }
  for (auto* w : writes) {
    w->failure = failure;
    w->done = true;
  }
}

caf::expected<void>
embedded_database::count_usage(std::span<const larder::usage> reads) {
  std::lock_guard turn{turn_};
  rocks_batch batch;
  std::string bytes;
  std::map<std::string, std::uint64_t> sums;
  for (auto& u : reads)
    sums[encode(key_view{u.key})] += u.reads;
  for (auto& [name, n] : sums) {
    auto known = rocks_->get(revisions, name, bytes);
    if (!known)
      return known.error();
    auto row = *known ? decode_revision(bytes) : std::nullopt;
    if (n == 0 || !row || row->deleted)
      continue;
    auto counted = rocks_->get(embedded::usage, name, bytes);
    if (!counted)
      return counted.error();
    auto sum = (*counted ? decode_number(bytes) : 0) + n;
    batch.put(embedded::usage, name,
              encode_number(sum)
                  + encode_number(static_cast<std::uint64_t>(now())));
  }
  // Not worth a sync.
  if (batch.empty())
    return caf::unit;
  return rocks_->write(batch, rocks_write::fast);
}

caf::expected<void> embedded_database::truncate() {
  std::lock_guard turn{turn_};
  rocks_batch batch;
  auto at = now();
  auto ok =
      rocks_->each(revisions, {}, {}, [&](auto name, std::string_view bytes) {
        auto row = decode_revision(bytes);
        if (!row || row->deleted)
          return true;
        batch.erase(changes, change_key(row->changed_at, row->revision));
        *row = {++revision_, row->version, true, at};
        batch.put(changes, change_key(row->changed_at, row->revision), name);
        batch.put(revisions, name, encode(*row));
        batch.erase(values, name);
        batch.erase(embedded::usage, name);
        return true;
      });
  if (!ok)
    return ok;
  for (auto id : unpublished_)
    batch.erase(embedded::outbox,
                encode_number(static_cast<std::uint64_t>(id)));
  index_.clear(batch);
  ++counter_;
  upto_.log_sequence = 0;
  upto_.message_id.clear();
  if (auto done = put_state(batch, durability()); !done)
    return done;
  unpublished_.clear();
  return caf::unit;
}

// -- the index ---------------------------------------------------------------

caf::expected<void> embedded_database::mend_search() {
  std::lock_guard turn{turn_};
  return search_is_stale_ ? rebuild_search() : caf::expected<void>{caf::unit};
}

caf::expected<void> embedded_database::rebuild_search() {
  rocks_batch batch;
  index_.clear(batch);
  batch.put(embedded::state, "search", "stale");
  if (auto ok = rocks_->write(batch, rocks_write::fast); !ok)
    return ok;
  // In pieces: all words at once may be more than memory.
  auto cursor = rocks_->cursor(values);
  bool more = cursor.seek({});
  while (more) {
    search_update words{index_};
    for (int n = 0; n < 500 && more; ++n, more = cursor.next())
      if (auto value = decode_value(cursor.value())) {
        auto document = document_of(decode_key(cursor.key()), *value);
        words.change(nullptr, &document);
      }
    batch.clear();
    if (auto ok = words.finish(batch); !ok)
      return ok;
    if (auto ok = rocks_->write(batch, rocks_write::fast); !ok)
      return ok;
  }
  if (auto err = cursor.failed())
    return err;
  batch.clear();
  batch.erase(embedded::state, "search");
  if (auto ok = rocks_->write(batch, durability()); !ok)
    return ok;
  search_is_stale_ = false;
  return caf::unit;
}

// -- the outbox --------------------------------------------------------------

embedded_database::outbox_moment
embedded_database::unpublished(std::uint32_t limit) {
  std::lock_guard turn{turn_};
  outbox_moment moment{rocks_->snapshot(), {}, unpublished_.size() > limit};
  for (auto id : unpublished_) {
    if (moment.ids.size() == limit)
      break;
    moment.ids.push_back(id);
  }
  return moment;
}

std::uint64_t embedded_database::backlog() {
  std::lock_guard turn{turn_};
  return unpublished_.size();
}

// Not synced: lost in a power cut, it costs a second publication of the same
// change, which everybody recognises.
caf::expected<void>
embedded_database::published(std::span<const std::int64_t> ids,
                             const publication& upto) {
  std::lock_guard turn{turn_};
  rocks_batch batch;
  for (auto id : ids)
    if (unpublished_.count(id) > 0)
      batch.erase(embedded::outbox,
                  encode_number(static_cast<std::uint64_t>(id)));
  if (upto.log_sequence > upto_.log_sequence) {
    upto_.log_sequence = upto.log_sequence;
    upto_.message_id = upto.message_id;
  }
  if (upto.bucket_generation == 0) {
    ++upto_.bucket_generation;
    upto_.bucket_mark = 0;
  } else if (upto.bucket_generation == upto_.bucket_generation) {
    upto_.bucket_mark = std::max(upto_.bucket_mark, upto.bucket_mark);
  }
  if (auto ok = put_state(batch, rocks_write::fast); !ok)
    return ok;
  for (auto id : ids)
    unpublished_.erase(id);
  return caf::unit;
}

caf::expected<void> embedded_database::renew_bucket(std::uint32_t from) {
  std::lock_guard turn{turn_};
  if (upto_.bucket_generation != from)
    return caf::unit;
  ++upto_.bucket_generation;
  upto_.bucket_mark = 0;
  rocks_batch batch;
  return put_state(batch, durability());
}

caf::expected<larder::epoch>
embedded_database::raise_epoch(const larder::epoch& from) {
  std::lock_guard turn{turn_};
  if (epoch_of(timeline_, counter_) == from) {
    ++counter_;
    upto_.log_sequence = 0;
    upto_.message_id.clear();
    rocks_batch batch;
    if (auto ok = put_state(batch, durability()); !ok)
      return ok.error();
  }
  return epoch_of(timeline_, counter_);
}

// One process has the database, so memory will do.
bool embedded_database::hold_lease(const std::string& name,
                                   const std::string& holder,
                                   std::chrono::milliseconds ttl) {
  std::lock_guard guard{leases_mutex_};
  auto& held = leases_[name];
  if (!held.holder.empty() && held.holder != holder && now() < held.expires_at)
    return false;
  held = {holder, now() + std::chrono::nanoseconds{ttl}.count()};
  return true;
}

void embedded_database::release_lease(const std::string& name,
                                      const std::string& holder) {
  std::lock_guard guard{leases_mutex_};
  if (auto i = leases_.find(name);
      i != leases_.end() && i->second.holder == holder)
    leases_.erase(i);
}

}  // namespace larder
