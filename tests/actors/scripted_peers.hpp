// Peers without a wire: the test says what each node holds.
//
// Used by the sampler's tests. Thread rule: one thread.
#pragma once

#include "cluster/peers.hpp"
#include "storage/error.hpp"

#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace larder::test {

/// Nodes that answer at once what the test has put into their memory.
class scripted_peers final : public peers {
 public:
  std::map<std::string, std::map<key, answer_mark>> memory;
  /// What clients are answered; what is in memory where there is nothing.
  std::map<std::string, std::map<key, answer_mark>> below;
  int rounds = 0;
  std::vector<std::pair<std::string, key>> reads;

  void holdings(std::vector<key> keys, std::uint32_t sample,
                std::chrono::milliseconds,
                on<std::vector<node_holdings>> done) override {
    ++rounds;
    std::vector<node_holdings> all;
    for (auto& [node, entries] : memory) {
      node_holdings one;
      one.node = node;
      for (auto& k : keys) {
        auto i = entries.find(k);
        one.held.push_back(i == entries.end() ? std::nullopt
                                              : std::optional{i->second});
      }
      // Others each time.
      auto i = entries.begin();
      if (!entries.empty())
        std::advance(i, rounds * 37 % entries.size());
      for (; i != entries.end() && one.sample.size() < sample; ++i)
        one.sample.push_back(i->first);
      all.push_back(std::move(one));
    }
    done(std::move(all));
  }

  void read(const std::string& node, const key& k, std::chrono::milliseconds,
            on<answer_mark> done) override {
    reads.emplace_back(node, k);
    for (auto* from : {&below, &memory})
      if (auto i = (*from)[node].find(k); i != (*from)[node].end())
        return done(i->second);
    done(fail(ec::unavailable, "as the test has it"));
  }
};

}  // namespace larder::test
