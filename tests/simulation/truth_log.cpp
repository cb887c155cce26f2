#include "tests/simulation/truth_log.hpp"

namespace larder::simulation {

std::vector<committed_state>& truth_log::at(const key& k) {
  auto& states = states_[k];
  if (states.empty())
    states.emplace_back();
  return states;
}

const std::vector<committed_state>& truth_log::of(const key& k) const {
  static const std::vector<committed_state> never_written(1);
  auto i = states_.find(k);
  return i == states_.end() ? never_written : i->second;
}

void truth_log::committed(const key& k, const version_info& info,
                          std::optional<std::string> content, bool external) {
  ++commits_;
  world_.note("committed " + k.id + " revision " + std::to_string(info.revision)
              + (content ? " " + *content : " deleted"));
  at(k).push_back(
      {world_.now(), info.revision, std::move(content), external, restores_});
}

void truth_log::observe(const std::vector<key>& keys) {
  if (!database_)
    return;
  auto found = test::memory_store{database_}.get(keys);
  // The database may have been told to fail; it has changed all the same.
  if (!found)
    return;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& now = (*found)[i];
    std::optional<std::string> content;
    if (now.value)
      content.emplace(now.value->content());
    auto& last = at(keys[i]).back();
    if (last.content != content || last.revision != now.info.revision)
      committed(keys[i], now.info, std::move(content), true);
  }
}

void truth_log::restored(const std::vector<key>& keys) {
  ++restores_;
  observe(keys);
}

}  // namespace larder::simulation
