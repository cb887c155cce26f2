#include "tests/support/simulated_kv.hpp"

#include <algorithm>

namespace larder::test {

const simulated_kv_server::record*
simulated_kv_server::find(const key& k, world::duration when) const {
  auto i = places_.find(k);
  if (i == places_.end())
    return nullptr;
  const record* newest = nullptr;
  for (auto place = i->second.rbegin(); place != i->second.rend(); ++place) {
    if (history_[*place].stored_at <= when) {
      newest = &history_[*place];
      break;
    }
  }
  if (!newest || world_.now() >= newest->stored_at + ttl_)
    return nullptr;
  for (auto p : purges_) {
    auto& purge = history_[p];
    if (purge.sequence > newest->sequence && purge.stored_at <= when
        && (purge.key == k || (purge.key.type.empty() && !k.id.empty()))
        && (purge.purged_type.empty() || purge.purged_type == k.type))
      return nullptr;
  }
  return newest;
}

kv_entry simulated_kv_server::get(const key& k) {
  auto when = world_.now();
  if (world_.random().chance(lag_probability_))
    when -= world_.random().between(0ns, lag_);
  auto* r = find(k, when);
  if (!r)
    return {};
  // A value of the reader's own: nodes share bytes, not objects, and what a
  // cache notes on an artifact must stay on its node.
  return {r->value ? artifact::make(k, r->value->content(), r->info) : nullptr,
          r->info, r->generation, r->sequence};
}

void simulated_kv_server::append(const key& k, artifact_ptr value,
                                 version_info info, std::uint32_t generation) {
  places_[k].push_back(history_.size());
  history_.push_back({++sequence_,
                      k,
                      std::move(value),
                      info,
                      generation,
                      world_.now(),
                      false,
                      {}});
}

caf::expected<std::uint64_t> simulated_kv_server::put(const kv_put& entry) {
  // The leader decides: no lag here.
  auto* r = find(entry.key, world_.now());
  auto current = r ? r->sequence : 0;
  if (current != entry.expected_sequence)
    return conflict(static_cast<std::int64_t>(current),
                    "the entry's sequence is " + std::to_string(current)
                        + ", expected "
                        + std::to_string(entry.expected_sequence));
  append(entry.key, entry.value, entry.info, entry.generation);
  return sequence_;
}

void simulated_kv_server::put_foreign(const key& k, std::string_view content) {
  append(k, artifact::make(k, content, {}), {}, 0);
}

void simulated_kv_server::purge(const key& k) {
  purges_.push_back(history_.size());
  history_.push_back({++sequence_, k, nullptr, {}, 0, world_.now(), true, {}});
}

void simulated_kv_server::clear(const std::optional<std::string>& type) {
  purges_.push_back(history_.size());
  history_.push_back(
      {++sequence_, {}, nullptr, {}, 0, world_.now(), true, type.value_or("")});
}

void simulated_kv_server::wipe() {
  world_.note("kv server: wiped");
  history_.clear();
  index_again();
}

void simulated_kv_server::lose_tail(std::size_t n) {
  n = std::min(n, history_.size());
  world_.note("kv server: loses its last " + std::to_string(n) + " records");
  history_.resize(history_.size() - n);
  index_again();
}

void simulated_kv_server::index_again() {
  places_.clear();
  purges_.clear();
  for (std::size_t i = 0; i < history_.size(); ++i) {
    if (history_[i].purge)
      purges_.push_back(i);
    else
      places_[history_[i].key].push_back(i);
  }
  sequence_ = history_.empty() ? 0 : history_.back().sequence;
}

void simulated_kv_server::lag(double probability, world::duration lag) {
  lag_probability_ = probability;
  lag_ = lag;
}

void simulated_kv::get(const key& k, std::chrono::milliseconds timeout,
                       on_get done) {
  wire_.call<kv_entry>(
      "get " + k.id, timeout,
      [server = &server_, k]() -> caf::expected<kv_entry> {
        return server->get(k);
      },
      std::move(done));
}

void simulated_kv::put(kv_put entry, std::chrono::milliseconds timeout,
                       on_put done) {
  auto what = "put " + entry.key.id + " revision "
              + std::to_string(entry.info.revision) + " over "
              + std::to_string(entry.expected_sequence);
  wire_.call<std::uint64_t>(
      std::move(what), timeout,
      [server = &server_, entry = std::move(entry)] {
        return server->put(entry);
      },
      std::move(done));
}

void simulated_kv::purge(const key& k, std::chrono::milliseconds timeout,
                         on_done done) {
  wire_.call<void>(
      "purge " + k.id, timeout,
      [server = &server_, k]() -> caf::expected<void> {
        server->purge(k);
        return caf::unit;
      },
      std::move(done));
}

void simulated_kv::clear(std::optional<std::string> type,
                         std::chrono::milliseconds timeout, on_done done) {
  wire_.call<void>(
      "clear", timeout,
      [server = &server_, type]() -> caf::expected<void> {
        server->clear(type);
        return caf::unit;
      },
      std::move(done));
}

}  // namespace larder::test
