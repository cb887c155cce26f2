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
  into.distrusted = std::max(into.distrusted, other.distrusted);
  into.expected = std::max(into.expected, other.expected);
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
    everywhere_.expected = 0;
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
  f.distrusted = now;
}

void floors::trust_shared(key_view k, std::int64_t revision, tick began) {
  auto& f = at(k);
  f.revision = std::max(f.revision, revision);
  if (f.distrusted < began)
    f.distrusted = 0;
}

bool floors::admits_truth(key_view k, std::int64_t revision, tick began) const {
  auto f = find(k);
  return began > reset_
         && (began > f.set || (revision >= f.revision && f.distrusted == 0));
}

bool floors::admits_shared(key_view k, std::int64_t revision) const {
  auto f = find(k);
  return revision >= f.revision && f.distrusted == 0;
}

bool floors::distrusts_shared(key_view k) const {
  return find(k).distrusted != 0;
}

void floors::expect_shared(key_view k, std::int64_t revision) {
  auto& f = at(k);
  f.expected = std::max(f.expected, revision);
}

void floors::came_to_shared(key_view k, std::int64_t revision) {
  auto& f = at(k);
  if (f.expected <= revision)
    f.expected = 0;
}

bool floors::expects_shared(key_view k) const {
  return find(k).expected != 0;
}

void floors::age() {
  old_ = std::move(young_);
  young_.clear();
  if (!merged_lately_)
    everywhere_ = {};
  merged_lately_ = false;
}

void floors::reset(tick now) {
  for (auto* floors : {&young_, &old_}) {
    std::erase_if(*floors, [](auto& f) { return f.second.distrusted == 0; });
    for (auto& [_, f] : *floors)
      f.revision = f.expected = 0;
  }
  everywhere_.revision = 0;
  reset_ = now;
}

}  // namespace larder
