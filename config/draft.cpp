#include "config/draft.hpp"

#include "config/setting_table.hpp"

namespace larder::config {

void draft::set(const setting& s, std::string_view text, std::string where) {
  if (const auto wanted = assign(s, values, text))
    complain(where + ": " + std::string(s.name) + " is " + quote_shown(s, text)
             + "; expected " + *wanted);
  origins_[std::string(s.name)] = std::move(where);
}

void draft::complain(std::string problem) {
  problems_.push_back(std::move(problem));
}

bool draft::is_set(std::string_view name) const {
  return origins_.find(name) != origins_.end();
}

std::string draft::origin(std::string_view name) const {
  const auto found = origins_.find(name);
  return found == origins_.end() ? std::string{} : " (" + found->second + ")";
}

std::string draft::describe(std::string_view name) const {
  const auto* s = find_setting(name);
  const auto shown = print_shown(*s, values);
  return std::string(name) + " is " + (shown.empty() ? "not set" : shown)
         + origin(name);
}

std::string draft::problems() const {
  std::string out;
  for (const auto& problem : problems_)
    out += (out.empty() ? "" : "\n") + problem;
  return out;
}

}  // namespace larder::config
