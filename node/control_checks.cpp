// The control actor's other half: what those ask who compare nodes with the
// source of truth (actors/sampler.hpp, `larder verify`).
#include "cluster/holdings.hpp"
#include "node/control.hpp"
#include "node/json_body.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t max_keys = 4'096;
constexpr std::uint32_t max_sample = 1'024;
constexpr milliseconds truth_patience{5'000};
constexpr milliseconds shared_patience{2'000};

caf::expected<std::vector<key>> keys_in(const json& request) {
  std::vector<key> keys;
  auto list = request.find("keys");
  if (list == request.end())
    return keys;
  if (!list->is_array() || list->size() > max_keys)
    return fail(ec::invalid_request, "\"keys\" is no list of at most "
                                         + std::to_string(max_keys) + " keys");
  for (auto& one : *list) {
    auto k = key_of(one);
    if (!k)
      return k.error();
    keys.push_back(std::move(*k));
  }
  return keys;
}

std::uint32_t number_in(const json& request, const char* name,
                        std::uint32_t most) {
  auto i = request.find(name);
  if (i == request.end() || !i->is_number_unsigned())
    return 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(i->get<std::uint64_t>(), most));
}

answer_mark mark_of(const artifact& a, std::int64_t& budget) {
  budget -= static_cast<std::int64_t>(a.content().size());
  return {true, a.info(), budget >= 0 ? digest_of(a.content()) : "", false};
}

/// About `n` keys of the memory of this node: half of them those that were
/// read most of late, half of them any.
std::vector<key> sample_of(read_view& view, std::uint32_t n,
                           std::mt19937_64& random) {
  std::vector<const artifact*> seen;
  view.look_around(random(), [&](const artifact& a) { seen.push_back(&a); });
  auto hot = std::min<std::size_t>(n / 2, seen.size());
  auto middle = seen.begin() + static_cast<long>(hot);
  std::partial_sort(seen.begin(), middle, seen.end(), [](auto* a, auto* b) {
    return a->cached().reads.load(std::memory_order_relaxed)
           > b->cached().reads.load(std::memory_order_relaxed);
  });
  std::shuffle(middle, seen.end(), random);
  seen.resize(std::min<std::size_t>(n, seen.size()));
  std::vector<key> keys;
  for (auto* a : seen)
    keys.push_back({std::string{a->type()}, std::string{a->id()}});
  return keys;
}

}  // namespace

void control_state::held(call_ptr c, const json& request) {
  auto keys = keys_in(request);
  if (!keys)
    return refuse(c, keys.error());
  if (request.value("tier", json("memory")) == json("jetstream"))
    return held_in_jetstream(std::move(c), std::move(*keys));
  node_holdings holdings;
  std::int64_t budget = fingerprint_budget;
  auto now = nanoseconds_of(self_->clock().now());
  for (auto& k : *keys) {
    auto* found = view_->peek(k, now);
    holdings.held.push_back(found ? std::optional{mark_of(*found, budget)}
                                  : std::nullopt);
  }
  if (auto n = number_in(request, "sample", max_sample); n > 0)
    holdings.sample = sample_of(*view_, n, random_);
  view_->offline();
  answer(c, to_json(holdings));
}

void control_state::held_in_jetstream(call_ptr c, std::vector<key> keys) {
  struct looking {
    node_holdings holdings;
    std::size_t outstanding;
    std::int64_t budget = fingerprint_budget;
    caf::error failure;
  };
  auto all = std::make_shared<looking>();
  all->holdings.held.resize(keys.size());
  all->outstanding = keys.size() + 1;
  auto part = [this, c, all] {
    if (--all->outstanding > 0)
      return;
    if (all->failure)
      return refuse(c, all->failure);
    answer(c, to_json(all->holdings));
  };
  for (std::size_t i = 0; i < keys.size(); ++i)
    self_->request(context_.warm, shared_patience, get_atom::value, keys[i])
        .then(
            [this, all, part, i](const kv_entry& entry) {
              // Nodes take nothing from others.
              if (entry.sequence != 0 && !entry.info.epoch.empty()
                  && entry.generation
                         == context_.memory->freshness->bucket_generation)
                all->holdings.held[i] =
                    entry.value ? mark_of(*entry.value, all->budget)
                                : answer_mark{false, entry.info, "", false};
              part();
            },
            [all, part](const caf::error& why) {
              all->failure = why;
              part();
            });
  part();
}

void control_state::truth(call_ptr c, const json& request) {
  survey_question what;
  auto keys = keys_in(request);
  if (!keys)
    return refuse(c, keys.error());
  what.keys = std::move(*keys);
  what.changed_within = milliseconds{
      number_in(request, "changed_within_ms", 24 * 60 * 60 * 1'000)};
  what.limit = number_in(request, "limit", max_keys);
  if (auto type = request.find("type");
      type != request.end() && type->is_string())
    what.type = type->get<std::string>();
  if (auto after = request.find("after");
      after != request.end() && after->is_object()) {
    auto k = key_of(*after);
    if (!k)
      return refuse(c, k.error());
    what.after = std::move(*k);
  }
  self_->request(context_.sampler, truth_patience, survey_atom::value, what)
      .then(
          [this, c](const std::vector<fingerprint>& found) {
            answer(c, to_json(std::span{found}));
          },
          [this, c](const caf::error& why) {
            refuse(c, why == caf::sec::request_timeout
                          ? fail(ec::unavailable,
                                 "the source of truth does not answer")
                          : why);
          });
}

}  // namespace larder
