// One run of `larder verify`: what the source of truth has, what nodes and
// JetStream have, and where they differ.
//
// Keys are read in the source of truth (through a node, which asks it without
// its caches), are let ripen for as long as the promise allows a node to be
// behind, and only then are the nodes asked: see cluster/consistency.hpp.
//
// Used by verify.cpp. Thread rule: one thread.
#pragma once

#include "cluster/consistency.hpp"
#include "node/cli/remote.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace larder::cli {

struct verify_plan {
  /// None: every node that lives, and JetStream.
  std::vector<std::string> nodes;
  /// None: about `sample` keys that changed lately or that nodes hold.
  bool all = false;
  std::uint32_t sample = 200;
  std::optional<std::string> type;
  /// Read as clients do, instead of looking into memory.
  bool read = false;
};

struct verify_tally {
  /// A node, or "JetStream".
  std::string place;
  std::uint64_t checked = 0;
  /// Of these it answered itself; for the rest it would ask below.
  std::uint64_t held = 0;
  std::uint64_t fresh = 0;
  std::uint64_t marked = 0;
  std::uint64_t inconsistent = 0;
};

struct verify_finding {
  std::string place;
  larder::key key;
  verdict why;
  answer_mark answered;
  fingerprint truth;
};

struct verify_report {
  std::vector<verify_tally> places;
  std::vector<verify_finding> findings;
};

class verify_run {
 public:
  /// `checked` is called with how many keys have been compared so far.
  verify_run(remote& through, verify_plan plan,
             std::function<void(std::uint64_t)> checked);

  /// Fails with `unavailable` (a node does not answer, the source of truth
  /// cannot be asked) and whatever the nodes say.
  caf::expected<verify_report> run();

 private:
  using clock = truth_history::time_point::clock;
  struct page {
    std::vector<fingerprint> keys;
    clock::time_point known;
  };
  struct doubt {
    std::size_t place;
    answer_mark answer;
    fingerprint before;
  };
  using marks = std::vector<std::optional<answer_mark>>;

  caf::error find_nodes();
  caf::error sample();
  caf::error next_page();
  caf::error take_page(const std::string& request);
  caf::expected<std::vector<fingerprint>> truth(const std::string& request);
  caf::error compare(const page& p);
  caf::expected<marks> ask(std::size_t place, const std::vector<key>& keys);
  caf::expected<marks> read(const std::string& node,
                            const std::vector<key>& keys);
  caf::error settle(std::vector<doubt> doubts);
  void count(std::size_t place, const key& k, const answer_mark& answer,
             const fingerprint& before, const fingerprint& after);
  bool is_shared(std::size_t place) const;

  remote& through_;
  verify_plan plan_;
  std::function<void(std::uint64_t)> checked_;
  std::deque<page> ripening_;
  std::optional<key> last_;
  bool exhausted_ = false;
  std::uint64_t compared_ = 0;
  verify_report report_;
};

}  // namespace larder::cli
