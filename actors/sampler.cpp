#include "actors/sampler.hpp"

#include "actors/port.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// The place of what JetStream has, among nodes.
constexpr const char* jetstream = "JetStream";

constexpr milliseconds relay_patience{500};

/// A message that is on its way holds the actor, and a node that stops waits
/// for it.
constexpr milliseconds longest_nap{250};

/// Lines of one round.
constexpr std::size_t max_logged = 8;

std::string text_of(const key& k) {
  return k.type + '/' + k.id;
}

std::string text_of(const version_info& info, bool present) {
  return (present ? "revision " : "no value as of revision ")
         + std::to_string(info.revision) + " of epoch "
         + std::string{info.epoch.text()};
}

}  // namespace

sampler_actor::behavior_type sampler(sampler_state::pointer self,
                                     sampler_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](survey_atom, const survey_question& what) {
        return state.survey(what);
      },
      [&state](poll_atom) { state.poll(); },
      [](const continuation& go_on) { go_on(); },
  };
}

void sampler_state::start(sampler_context context) {
  context_ = std::move(context);
  truth_ = std::move(*context_.truth);
  rest();
}

void sampler_state::rest() {
  show();
  due_ = now() + context_.interval;
  if (context_.interval > 0ms)
    self_->delayed_send(self_, std::min(context_.interval, longest_nap),
                        poll_atom::value);
}

void sampler_state::poll() {
  if (auto left = due_ - now(); left > 0ns) {
    self_->delayed_send(self_,
                        std::min<time_point::duration>(left, longest_nap),
                        poll_atom::value);
    return;
  }
  self_->request(context_.relay, relay_patience, stats_atom::value)
      .then(
          [this](const relay_stats& relay) {
            stats_.active = relay.active;
            if (relay.active)
              return begin_round();
            subjects_.clear();
            recent_.clear();
            rest();
          },
          // It waits for a source of truth that does not answer us either.
          [this](const caf::error&) { rest(); });
}

// -- a round -----------------------------------------------------------------
//
// 1. Ask every node what it would answer from memory for keys that were read
//    in the source of truth a while ago, and for some that it holds; look into
//    JetStream for some.
// 2. Then ask the source of truth: for the same keys (an answer may be newer
//    than what was known), for those that nodes hold, for what changed lately.
//    What is learned here is what answers of later rounds are held against.
// 3. Compare. Where JetStream has something old, read through every node as
//    its clients do, and compare that.
// 4. Heal what was found.

void sampler_state::begin_round() {
  answers_.clear();
  shared_.clear();
  offered_.clear();
  nodes_.clear();
  bad_.clear();
  logged_ = 0;
  ++stats_.rounds;
  recent_.push_back({now(), {}});
  outstanding_ = 1;
  finish_healing();
  auto looks = choose(std::max(1u, context_.keys / 4), &subject::looked);
  ask_nodes(choose(context_.keys, &subject::asked));
  for (auto& k : looks)
    look_into_shared(k);
  part_done();
}

void sampler_state::ask_nodes(std::vector<key> keys) {
  auto asked = now();
  for (auto& k : keys)
    subjects_[k].asked = asked;
  asked_ = keys;
  ++outstanding_;
  using found_type = std::vector<node_holdings>;
  ask<found_type>(
      self_,
      [&](auto done) {
        context_.peers->holdings(keys, std::max(2u, context_.keys / 2),
                                 context_.patience, done);
      },
      [this, keys, asked](caf::expected<found_type> found) {
        if (found)
          heard(keys, asked, std::move(*found));
        part_done();
      });
}

void sampler_state::heard(const std::vector<key>& keys, time_point asked,
                          std::vector<node_holdings> answers) {
  for (auto& one : answers) {
    nodes_.push_back(one.node);
    for (std::size_t i = 0; i < keys.size() && i < one.held.size(); ++i)
      if (one.held[i])
        answers_.push_back({one.node, keys[i], std::move(*one.held[i]), asked});
  }
  // Some of each node's, in turns: no node shall crowd out the others.
  for (std::size_t i = 0; offered_.size() < context_.keys; ++i) {
    auto before = offered_.size();
    for (auto& one : answers)
      if (i < one.sample.size())
        offered_.push_back(std::move(one.sample[i]));
    if (offered_.size() == before)
      return;
  }
}

void sampler_state::look_into_shared(const key& k) {
  auto asked = now();
  std::uint32_t generation = context_.freshness->bucket_generation;
  // A relay that is late is late in JetStream too, and nodes know it; and
  // they know when the bucket has lost something.
  if (nanoseconds_of(asked) >= context_.freshness->fence_until
      || generation == 0)
    return;
  subjects_[k].looked = asked;
  ++outstanding_;
  self_->request(context_.warm, context_.timeout, get_atom::value, k)
      .then(
          [this, k, asked, generation](const kv_entry& entry) {
            // Nodes take nothing from others.
            if (entry.sequence != 0 && !entry.info.epoch.empty()
                && entry.generation == generation)
              shared_.push_back(
                  {jetstream,
                   k,
                   {entry.value != nullptr, entry.info,
                    entry.value ? digest_of(entry.value->content()) : ""},
                   asked});
            part_done();
          },
          [this](const caf::error&) { part_done(); });
}

// The first reader of an invalidated key replaces what JetStream has.
void sampler_state::finish_healing() {
  for (auto& k : std::exchange(healed_, {})) {
    ++outstanding_;
    ask<answer_mark>(
        self_,
        [&](auto done) {
          context_.peers->read(context_.node, k, context_.timeout, done);
        },
        [this](const caf::expected<answer_mark>&) { part_done(); });
  }
}

void sampler_state::part_done() {
  if (--outstanding_ == 0)
    compare();
}

void sampler_state::compare() {
  for (auto& k : offered_)
    keep_in_mind(k);
  auto of = asked_;
  of.insert(of.end(), offered_.begin(), offered_.end());
  for (auto& s : shared_)
    of.push_back(s.key);
  // Without the source of truth there is nothing to hold answers against.
  if (!learn(of) || !learn_changed())
    return end_round();
  for (auto& s : answers_)
    weigh(s);
  std::vector<key> suspected;
  for (auto& s : shared_) {
    auto i = subjects_.find(s.key);
    auto* before = i == subjects_.end()
                       ? nullptr
                       : i->second.known.known_at(s.asked - promised_age);
    // Nodes do not take an entry of another epoch.
    if (before == nullptr || s.answer.info.epoch != before->info.epoch
        || keeps_promise(judge(s.answer, *before, i->second.known.latest())))
      continue;
    suspected.push_back(s.key);
    spdlog::warn("sampler: JetStream's entry of {} has {}; the source of truth "
                 "has {}",
                 text_of(s.key), text_of(s.answer.info, s.answer.present),
                 text_of(before->info, before->present));
  }
  if (suspected.empty())
    return end_round();
  read_through_nodes(suspected);
}

void sampler_state::read_through_nodes(const std::vector<key>& keys) {
  answers_.clear();
  asked_ = keys;
  bad_.insert(bad_.end(), keys.begin(), keys.end());
  outstanding_ = 1;
  auto part = [this] {
    if (--outstanding_ == 0)
      compare_reads();
  };
  for (auto& k : keys)
    for (auto& node : nodes_) {
      ++outstanding_;
      auto asked = now();
      ask<answer_mark>(
          self_,
          [&](auto done) {
            context_.peers->read(node, k, context_.timeout, done);
          },
          [this, part, node, k, asked](caf::expected<answer_mark> answer) {
            if (answer)
              answers_.push_back({node, k, std::move(*answer), asked});
            part();
          });
    }
  part();
}

void sampler_state::compare_reads() {
  if (learn(asked_))
    for (auto& s : answers_)
      weigh(s);
  end_round();
}

void sampler_state::end_round() {
  std::sort(bad_.begin(), bad_.end());
  bad_.erase(std::unique(bad_.begin(), bad_.end()), bad_.end());
  for (auto& k : bad_)
    heal(k);
  forget_old();
  rest();
}

// -- answers -----------------------------------------------------------------

void sampler_state::weigh(const sample& s) {
  auto i = subjects_.find(s.key);
  if (i == subjects_.end())
    return;
  auto& known = i->second.known;
  auto worst = verdict::fresh;
  for (std::size_t w = 0; w < sampler_windows.size(); ++w) {
    auto* before = known.known_at(s.asked - sampler_windows[w]);
    if (before == nullptr)
      continue;
    auto v = judge(s.answer, *before, known.latest());
    for (auto* one : {&stats_.total[w], &recent_.back().second[w]}) {
      ++one->reads;
      one->consistent += keeps_promise(v) ? 1 : 0;
    }
    if (!keeps_promise(v) && keeps_promise(worst))
      worst = v;
  }
  if (keeps_promise(worst))
    return;
  ++stats_.inconsistent;
  bad_.push_back(s.key);
  if (++logged_ > max_logged)
    return;
  auto& truth = known.latest();
  spdlog::error("sampler: node {} answered {} with {}, which {}; the source of "
                "truth has {}, changed {} ms ago. Every node drops it now",
                s.node, text_of(s.key),
                text_of(s.answer.info, s.answer.present), name_of(worst),
                text_of(truth.info, truth.present), truth.age.count());
}

void sampler_state::heal(const key& k) {
  change what;
  what.key = k;
  what.op = change_op::invalidate;
  ask<std::uint64_t>(
      self_,
      [&](auto done) {
        context_.log->publish(context_.collection.event(what), {},
                              to_body(what), context_.timeout, done);
      },
      [this, k](const caf::expected<std::uint64_t>& stored) {
        // Not stored: the next round finds it again.
        if (!stored)
          return;
        ++stats_.repaired;
        healed_.push_back(k);
        show();
      });
}

// -- the rest ---------------------------------------------------------------

void sampler_state::show() {
  auto s = stats_;
  for (auto& [at, shares] : recent_)
    for (std::size_t w = 0; w < shares.size(); ++w) {
      s.recent[w].reads += shares[w].reads;
      s.recent[w].consistent += shares[w].consistent;
    }
  context_.board->show(s);
}

time_point sampler_state::now() const {
  return self_->clock().now();
}

}  // namespace larder
