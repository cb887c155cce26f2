// The sampler's other half: what it keeps in mind of the source of truth. Its
// rounds are in sampler.cpp.
#include "actors/sampler.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// Shares of reads are those of so long.
constexpr milliseconds recently{5 * 60 * 1'000};

/// Changes of so long ago are asked for, so that each may be looked for once
/// more when the longest window is over.
constexpr milliseconds changed_within{65'000};

/// A key is kept in mind for so long after it was last met; one in four for
/// long enough to be judged by the longest window.
constexpr milliseconds kept_short{20'000};
constexpr milliseconds kept_long{70'000};

}  // namespace

std::vector<key> sampler_state::choose(std::size_t most,
                                       time_point subject::*last) const {
  std::vector<std::pair<time_point, const key*>> all;
  all.reserve(subjects_.size());
  for (auto& [k, s] : subjects_)
    if (!s.known.empty())
      all.emplace_back(s.*last, &k);
  auto n = std::min(most, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<long>(n), all.end(),
                    [](auto& a, auto& b) {
                      return a.first != b.first ? a.first < b.first
                                                : *a.second < *b.second;
                    });
  std::vector<key> keys;
  keys.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    keys.push_back(*all[i].second);
  return keys;
}

bool sampler_state::learn(const std::vector<key>& of) {
  std::vector<key> keys;
  for (auto& k : of)
    if (subjects_.contains(k))
      keys.push_back(k);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty())
    return true;
  auto found = truth_->fingerprints(keys);
  if (!found)
    return false;
  auto at = now();
  for (auto& f : *found) {
    auto& s = subjects_[f.key];
    s.known.learn(std::move(f), at);
  }
  return true;
}

bool sampler_state::learn_changed() {
  auto found =
      truth_->changed_within(changed_within, std::max(1u, context_.keys / 4));
  if (!found)
    return false;
  auto at = now();
  for (auto& f : *found) {
    keep_in_mind(f.key);
    if (auto i = subjects_.find(f.key); i != subjects_.end())
      i->second.known.learn(std::move(f), at);
  }
  return true;
}

void sampler_state::keep_in_mind(const key& k) {
  auto i = subjects_.find(k);
  if (i == subjects_.end()) {
    if (subjects_.size() >= std::size_t{2} * context_.keys)
      return;
    i = subjects_.try_emplace(k).first;
  }
  i->second.until = now() + (hash_of(k) % 4 == 0 ? kept_long : kept_short);
}

void sampler_state::forget_old() {
  auto t = now();
  std::erase_if(subjects_, [&](auto& one) { return one.second.until <= t; });
  for (auto& [k, s] : subjects_)
    s.known.forget_before(t - sampler_windows.back() - context_.interval);
  while (!recent_.empty() && recent_.front().first + recently < t)
    recent_.pop_front();
}

caf::result<std::vector<fingerprint>>
sampler_state::survey(const survey_question& what) {
  auto found = !what.keys.empty() ? truth_->fingerprints(what.keys)
               : what.changed_within > 0ms
                   ? truth_->changed_within(what.changed_within, what.limit)
                   : truth_->survey(what.type, what.limit, what.after);
  if (!found)
    return found.error();
  return std::move(*found);
}

}  // namespace larder
