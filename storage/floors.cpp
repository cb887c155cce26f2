#include "storage/floors.hpp"

#include <algorithm>
#include <string_view>

namespace larder {

namespace {

std::uint64_t fingerprint(key_view k) {
  std::hash<std::string_view> hash;
  return hash(k.type) * 0x9E3779B97F4A7C15ull ^ hash(k.id);
}

}  // namespace

void floors::merge(floor& into, const floor& other) {
  into.revision = std::max(into.revision, other.revision);
  into.set = std::max(into.set, other.set);
  into.shared_distrusted |= other.shared_distrusted;
}

floors::floor& floors::at(key_view k) {
  auto id = fingerprint(k);
  auto [i, added] = young_.try_emplace(id);
  if (!added)
    return i->second;
  if (auto old = old_.find(id); old != old_.end()) {
    i->second = old->second;
    old_.erase(old);
  }
  if (size() > limit_) {
    auto kept = i->second;
    for (auto& [_, f] : old_)
      merge(everywhere_, f);
    merged_lately_ = true;
    old_ = std::move(young_);
    young_.clear();
    old_.erase(id);
    i = young_.emplace(id, kept).first;
  }
  return i->second;
}

floors::floor floors::find(key_view k) const {
  auto found = everywhere_;
  auto id = fingerprint(k);
  if (auto i = young_.find(id); i != young_.end())
    merge(found, i->second);
  else if (auto j = old_.find(id); j != old_.end())
    merge(found, j->second);
  return found;
}

void floors::raise(key_view k, std::int64_t revision, tick now) {
  auto& f = at(k);
  f.revision = std::max(f.revision, revision);
  f.set = now;
}

void floors::distrust(key_view k, tick now) {
  auto& f = at(k);
  f.set = now;
  f.shared_distrusted = true;
}

void floors::trust_shared(key_view k, std::int64_t revision, tick now) {
  auto& f = at(k);
  f.revision = std::max(f.revision, revision);
  f.set = std::max(f.set, now);
  f.shared_distrusted = false;
}

bool floors::admits_truth(key_view k, std::int64_t revision, tick began) const {
  auto f = find(k);
  return began > f.set || (revision >= f.revision && !f.shared_distrusted);
}

bool floors::admits_shared(key_view k, std::int64_t revision) const {
  auto f = find(k);
  return revision >= f.revision && !f.shared_distrusted;
}

bool floors::distrusts_shared(key_view k) const {
  return find(k).shared_distrusted;
}

void floors::age() {
  old_ = std::move(young_);
  young_.clear();
  if (!merged_lately_)
    everywhere_ = {};
  merged_lately_ = false;
}

void floors::reset(tick now) {
  young_.clear();
  old_.clear();
  everywhere_ = {};
  everywhere_.set = now;
}

}  // namespace larder
