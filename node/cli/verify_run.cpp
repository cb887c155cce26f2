#include "node/cli/verify_run.hpp"

#include "cluster/holdings.hpp"
#include "cluster/nats_peers.hpp"
#include "cluster/subjects.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace larder::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr std::uint32_t page_keys = 256;

/// Pages that ripen at a time.
constexpr std::size_t max_ripening = 1'024;

/// Reads under way at a time.
constexpr std::size_t max_reads = 64;

constexpr std::uint32_t one_day_ms = 24 * 60 * 60 * 1'000;

std::string truth_request(const std::vector<key>& keys) {
  json list = json::array();
  for (auto& k : keys)
    list.push_back(to_json(k));
  return json{{"keys", std::move(list)}}.dump();
}

std::vector<key> keys_of(const std::vector<fingerprint>& all) {
  std::vector<key> keys;
  keys.reserve(all.size());
  for (auto& f : all)
    keys.push_back(f.key);
  return keys;
}

}  // namespace

verify_run::verify_run(remote& through, verify_plan plan,
                       std::function<void(std::uint64_t)> checked)
    : through_(through), plan_(std::move(plan)), checked_(std::move(checked)) {}

caf::expected<verify_report> verify_run::run() {
  if (auto err = find_nodes())
    return err;
  if (!plan_.all)
    if (auto err = sample())
      return err;
  while (!exhausted_ || !ripening_.empty()) {
    auto ripe = [&] {
      return ripening_.front().known + promised_age <= clock::now();
    };
    while (!exhausted_ && ripening_.size() < max_ripening
           && (ripening_.empty() || !ripe()))
      if (auto err = next_page())
        return err;
    if (ripening_.empty())
      break;
    std::this_thread::sleep_until(ripening_.front().known + promised_age);
    auto oldest = std::move(ripening_.front());
    ripening_.pop_front();
    if (auto err = compare(oldest))
      return err;
  }
  return std::move(report_);
}

caf::error verify_run::find_nodes() {
  auto living = through_.poll_nodes("ping");
  if (!living)
    return living.error();
  std::set<std::string> names;
  for (auto& one : *living)
    names.insert(one.node);
  for (auto& name : plan_.nodes)
    if (!names.contains(name))
      return fail(ec::unavailable, "node " + name
                                       + " does not answer; `larder nodes` "
                                         "lists those that do");
  if (!plan_.nodes.empty())
    names = {plan_.nodes.begin(), plan_.nodes.end()};
  for (auto& name : names)
    report_.places.push_back({name});
  if (plan_.nodes.empty())
    report_.places.push_back({"JetStream"});
  return {};
}

bool verify_run::is_shared(std::size_t place) const {
  return plan_.nodes.empty() && place + 1 == report_.places.size();
}

// -- what to compare ---------------------------------------------------------

caf::expected<std::vector<fingerprint>>
verify_run::truth(const std::string& request) {
  auto reply = through_.ask(
      control_node(report_.places.front().place, truth_operation), {}, request);
  if (!reply)
    return reply.error();
  return fingerprints_in(reply->data());
}

caf::error verify_run::take_page(const std::string& request) {
  auto found = truth(request);
  if (!found)
    return found.error();
  if (plan_.type)
    std::erase_if(*found, [&](auto& f) { return f.key.type != *plan_.type; });
  if (!found->empty())
    ripening_.push_back({std::move(*found), clock::now()});
  return {};
}

caf::error verify_run::next_page() {
  json request{{"limit", page_keys}};
  if (plan_.type)
    request["type"] = *plan_.type;
  if (last_)
    request["after"] = to_json(*last_);
  auto before = ripening_.size();
  if (auto err = take_page(request.dump()))
    return err;
  if (ripening_.size() == before) {
    exhausted_ = true;
    return {};
  }
  last_ = ripening_.back().keys.back().key;
  exhausted_ = ripening_.back().keys.size() < page_keys;
  return {};
}

// What changed lately, and what the nodes hold: the newest keys, those that are
// read most, and some at random.
caf::error verify_run::sample() {
  exhausted_ = true;
  auto half = std::max(1u, plan_.sample / 2);
  auto changed =
      truth(json{{"changed_within_ms", one_day_ms}, {"limit", half}}.dump());
  if (!changed)
    return changed.error();
  std::set<key> chosen;
  for (auto& f : *changed)
    chosen.insert(f.key);
  for (std::size_t i = 0; i < report_.places.size(); ++i) {
    if (is_shared(i))
      continue;
    auto reply =
        through_.ask(control_node(report_.places[i].place, held_operation), {},
                     held_request({}, half));
    if (!reply)
      return reply.error();
    if (auto held = holdings_in(reply->data(), 0))
      chosen.insert(held->sample.begin(), held->sample.end());
  }
  std::vector<key> keys{chosen.begin(), chosen.end()};
  for (std::size_t at = 0; at < keys.size(); at += page_keys) {
    auto end = std::min(keys.size(), at + page_keys);
    if (auto err =
            take_page(truth_request({keys.begin() + static_cast<long>(at),
                                     keys.begin() + static_cast<long>(end)})))
      return err;
  }
  return {};
}

// -- comparing ---------------------------------------------------------------

caf::error verify_run::compare(const page& p) {
  auto keys = keys_of(p.keys);
  std::vector<doubt> doubts;
  for (std::size_t place = 0; place < report_.places.size(); ++place) {
    auto answers = ask(place, keys);
    if (!answers)
      return answers.error();
    auto& tally = report_.places[place];
    tally.checked += keys.size();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto& one = (*answers)[i];
      auto& before = p.keys[i];
      // Of another epoch: no node takes it from JetStream.
      if (!one || (is_shared(place) && one->info.epoch != before.info.epoch))
        continue;
      ++tally.held;
      // One that seems newer may be of nowhere.
      if (one->info == before.info
          && keeps_promise(judge(*one, before, before)))
        count(place, keys[i], *one, before, before);
      else
        doubts.push_back({place, std::move(*one), before});
    }
  }
  compared_ += keys.size();
  checked_(compared_);
  return settle(std::move(doubts));
}

caf::error verify_run::settle(std::vector<doubt> doubts) {
  if (doubts.empty())
    return {};
  // A relay that is late is late in JetStream too, and nodes know it: only
  // what is still there a while later is wrong.
  auto shared = std::any_of(doubts.begin(), doubts.end(), [&](auto& d) {
    return is_shared(d.place)
           && !keeps_promise(judge(d.answer, d.before, d.before));
  });
  std::vector<key> keys;
  for (auto& d : doubts)
    keys.push_back(d.before.key);
  marks again(keys.size());
  if (shared) {
    std::this_thread::sleep_for(promised_age);
    auto looked = ask(report_.places.size() - 1, keys);
    if (!looked)
      return looked.error();
    again = std::move(*looked);
  }
  auto after = truth(truth_request(keys));
  if (!after)
    return after.error();
  if (after->size() != keys.size())
    return fail(ec::internal, "the source of truth did not answer every key");
  for (std::size_t i = 0; i < doubts.size(); ++i) {
    auto& d = doubts[i];
    if (is_shared(d.place) && again[i])
      d.answer = *again[i];
    count(d.place, keys[i], d.answer, d.before, (*after)[i]);
  }
  return {};
}

void verify_run::count(std::size_t place, const key& k,
                       const answer_mark& answer, const fingerprint& before,
                       const fingerprint& after) {
  auto& tally = report_.places[place];
  auto v = judge(answer, before, after);
  if (v == verdict::fresh)
    ++tally.fresh;
  else if (v == verdict::marked)
    ++tally.marked;
  else {
    ++tally.inconsistent;
    report_.findings.push_back({tally.place, k, v, answer, after});
  }
}

// -- answers -----------------------------------------------------------------

caf::expected<verify_run::marks> verify_run::ask(std::size_t place,
                                                 const std::vector<key>& keys) {
  auto shared = is_shared(place);
  auto& name = report_.places[shared ? 0 : place].place;
  if (plan_.read && !shared)
    return read(name, keys);
  auto reply =
      through_.ask(control_node(name, held_operation), {},
                   held_request(keys, 0, shared ? "jetstream" : "memory"));
  if (!reply)
    return reply.error();
  auto held = holdings_in(reply->data(), keys.size());
  if (!held)
    return held.error();
  return std::move(held->held);
}

caf::expected<verify_run::marks>
verify_run::read(const std::string& node, const std::vector<key>& keys) {
  struct reading {
    std::mutex mutex;
    std::condition_variable changed;
    marks answers;
    std::size_t outstanding = 0;
    caf::error failure;
  };
  auto all = std::make_shared<reading>();
  all->answers.resize(keys.size());
  collection_subjects collection;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    {
      std::unique_lock lock{all->mutex};
      all->changed.wait(lock, [&] { return all->outstanding < max_reads; });
      ++all->outstanding;
    }
    through_.ask_later(addressed(node, collection.of(request_op::get, keys[i])),
                       {}, {},
                       [all, i](const caf::expected<nats::message>& reply) {
                         std::lock_guard lock{all->mutex};
                         if (reply) {
                           if (auto mark = mark_of(*reply))
                             all->answers[i] = std::move(*mark);
                         } else if (code_of(reply.error()) == ec::not_found) {
                           all->answers[i] = answer_mark{};
                         } else {
                           all->failure = reply.error();
                         }
                         --all->outstanding;
                         all->changed.notify_all();
                       });
  }
  std::unique_lock lock{all->mutex};
  all->changed.wait(lock, [&] { return all->outstanding == 0; });
  if (all->failure)
    return all->failure;
  return std::move(all->answers);
}

}  // namespace larder::cli
