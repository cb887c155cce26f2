#include "config/reload.hpp"

#include "config/draft.hpp"
#include "config/rules.hpp"
#include "config/setting_table.hpp"

namespace larder::config {

namespace {

std::vector<std::string> differing(const settings& before,
                                   const settings& after, bool by_reload) {
  std::vector<std::string> out;
  for (const auto& s : all_settings())
    if (s.reload == by_reload && print(s, before) != print(s, after))
      out.emplace_back(s.name);
  return out;
}

}  // namespace

std::vector<std::string> needs_restart(const settings& before,
                                       const settings& after) {
  return differing(before, after, false);
}

std::vector<std::string> reload_applies(const settings& before,
                                        const settings& after) {
  return differing(before, after, true);
}

result<settings> after_reload(const settings& running, const settings& loaded) {
  draft mixture;
  mixture.values = running;
  for (const auto& s : all_settings())
    if (s.reload)
      assign(s, mixture.values, print(s, loaded));
  check_rules(mixture);
  if (!mixture.is_good())
    return config_error{"a reload cannot apply this, a restart may: "
                        + mixture.problems()};
  return mixture.values;
}

}  // namespace larder::config
