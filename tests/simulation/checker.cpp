#include "tests/simulation/checker.hpp"

#include <algorithm>
#include <map>

namespace larder::simulation {

namespace {

using test::world;
using states = std::vector<committed_state>;

std::string seconds_of(world::duration d) {
  return std::to_string(static_cast<double>(d.count()) * 1e-9) + " s";
}

/// A write that its writer knew to be committed, at `known_at`.
struct acknowledged {
  world::duration known_at;
  std::size_t position;
};

class judge {
 public:
  judge(const history& h, const truth_log& truth, rules r)
      : history_(h), truth_(truth), rules_(r) {
    for (std::size_t i = 0; i < h.size(); ++i)
      if (h[i].answered && h[i].failure == ec::none
          && h[i].action != action::read)
        judge_write(i);
    for (auto& [_, list] : acknowledged_)
      std::sort(list.begin(), list.end(),
                [](auto& a, auto& b) { return a.known_at < b.known_at; });
    for (std::size_t i = 0; i < h.size(); ++i)
      if (h[i].answered && h[i].action == action::read)
        judge_read(i);
  }

  std::vector<violation> found;

 private:
  void blame(std::size_t i, std::string what) {
    found.push_back({i, std::move(what)});
  }

  void judge_write(std::size_t i) {
    auto& o = history_[i];
    auto& all = truth_.of(o.key);
    auto wrote = [&](const committed_state& s) {
      return s.revision == o.revision && s.at >= o.began
             && (o.action == action::write ? s.content == o.content
                                           : !s.content);
    };
    auto at = std::find_if(all.begin(), all.end(), wrote);
    if (at == all.end())
      return blame(i, "acknowledged revision " + std::to_string(o.revision)
                          + ", which was never committed");
    if (at->at > o.ended)
      return blame(i, "acknowledged " + seconds_of(at->at - o.ended)
                          + " before its commit");
    if (o.expected_revision) {
      auto& before = *(at - 1);
      auto current = before.content ? before.revision : 0;
      if (current != *o.expected_revision)
        blame(i, "expected revision " + std::to_string(*o.expected_revision)
                     + ", but replaced " + std::to_string(current));
    }
    acknowledged_[o.key].push_back(
        {o.ended, static_cast<std::size_t>(at - all.begin())});
  }

  /// The oldest position in the key's order that a fresh read may give.
  std::size_t oldest_allowed(const operation& o) {
    std::size_t oldest = 0;
    auto until = o.began - rules_.freshness;
    auto& all = truth_.of(o.key);
    for (auto& a : acknowledged_[o.key]) {
      if (a.known_at > until)
        break;
      oldest = std::max(oldest, a.position);
    }
    // Programs that write past Larder know of their commits at once; so does
    // the operator who restores a backup. Any writer's commit that old counts,
    // acknowledged or not, if a later one was acknowledged; these do by
    // themselves.
    for (std::size_t p = all.size(); p-- > oldest + 1;)
      if (all[p].external && all[p].at <= until)
        return p;
    return oldest;
  }

  void judge_read(std::size_t i) {
    auto& o = history_[i];
    if (o.failure != ec::none && o.failure != ec::not_found)
      return;
    auto& all = truth_.of(o.key);
    if (o.stale && !o.allow_stale)
      blame(i, "got a stale value and had allowed none");
    // Where the answer stands in the key's order: its last place that was
    // committed before the answer came.
    std::optional<std::size_t> place;
    for (std::size_t p = 0; p < all.size() && all[p].at <= o.ended; ++p)
      if (o.failure == ec::not_found
              ? !all[p].content
              : all[p].content == o.value && all[p].revision == o.revision)
        place = p;
    if (!place)
      return blame(i, o.failure == ec::not_found
                          ? "not found, but was never absent until then"
                          : "revision " + std::to_string(o.revision) + " with "
                                + o.value.value_or("nothing")
                                + ", which was never committed so");
    if (o.failure == ec::none && o.revision < o.min_revision)
      blame(i, "revision " + std::to_string(o.revision)
                   + ", older than the asked "
                   + std::to_string(o.min_revision));
    if (o.failure == ec::not_found && o.min_revision > 0)
      judge_absence(i, *place);
    if (o.stale)
      return;
    auto oldest = oldest_allowed(o);
    if (*place < oldest)
      blame(i, "unmarked read of revision "
                   + std::to_string(all[*place].revision) + ", replaced by "
                   + std::to_string(all[oldest].revision) + " "
                   + seconds_of(o.began - all[oldest].at)
                   + " before the read began");
  }

  void judge_absence(std::size_t i, std::size_t place) {
    auto& o = history_[i];
    auto& all = truth_.of(o.key);
    // After a restore the asked revision may have never been.
    if (all[place].revision < o.min_revision && all.back().restores == 0)
      blame(i, "not found as of revision " + std::to_string(all[place].revision)
                   + ", older than the asked "
                   + std::to_string(o.min_revision));
  }

  const history& history_;
  const truth_log& truth_;
  rules rules_;
  std::map<key, std::vector<acknowledged>> acknowledged_;
};

}  // namespace

std::vector<violation> check(const history& h, const truth_log& truth,
                             rules r) {
  return std::move(judge{h, truth, r}.found);
}

}  // namespace larder::simulation
