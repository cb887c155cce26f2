#include "config/load.hpp"

#include "config/draft.hpp"
#include "config/nats_context.hpp"
#include "config/rules.hpp"
#include "config/secret_files.hpp"
#include "config/setting_table.hpp"
#include "config/yaml_file.hpp"

#include <set>

namespace larder::config {

namespace {

using shape = yaml_entry::shape;

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string did_you_mean(std::string_view name) {
  return "did you mean " + in_quotes(nearest_setting(name).name) + "?";
}

// A key with keys below it was meant to be a section.
std::string did_you_mean(const yaml_entry& entry) {
  if (entry.is != shape::map || entry.name.find('.') != std::string::npos)
    return did_you_mean(std::string_view(entry.name));
  return "did you mean " + in_quotes(nearest_section(entry.name).name) + "?";
}

std::string_view name_of(shape is) {
  switch (is) {
  case shape::list:
    return "a list";
  case shape::map:
    return "a section";
  default:
    return "without a value";
  }
}

// A section is a map, or nothing at all (every key commented out).
void check_section(const yaml_entry& entry, const std::string& where,
                   draft& into) {
  if (entry.is != shape::map && entry.is != shape::nothing)
    into.complain(where + ": " + in_quotes(entry.name)
                  + " is a section; expected its keys on the lines below");
}

void apply_entry(const setting& s, const yaml_entry& entry,
                 const std::string& where, draft& into) {
  if (entry.is == shape::text)
    return into.set(s, entry.text, where);
  into.complain(where + ": " + std::string(s.name) + " is "
                + std::string(name_of(entry.is)) + "; expected " + expected(s)
                + (is_text(s) ? ", \"\" for none" : ""));
}

void apply_file(const std::string& path, draft& into) {
  const auto entries = read_yaml(path);
  if (!entries)
    return into.complain(entries.error().message);
  // One complaint for an unknown section, not one for each of its keys.
  std::set<std::string, std::less<>> unknown;
  for (const auto& entry : *entries) {
    const auto where = path + ":" + std::to_string(entry.line);
    const auto parent = entry.name.substr(0, entry.name.find('.'));
    if (const auto* s = find_setting(entry.name)) {
      apply_entry(*s, entry, where, into);
      if (entry.is == shape::map)
        unknown.insert(entry.name);
    } else if (is_section(entry.name)) {
      check_section(entry, where, into);
    } else if (!unknown.contains(parent)) {
      into.complain(where + ": unknown key " + in_quotes(entry.name) + "; "
                    + did_you_mean(entry));
      unknown.insert(entry.name);
    }
  }
}

void apply_flags(const sources& from, draft& into) {
  for (const auto& [name, text] : from.flags) {
    if (const auto* s = find_setting(name))
      into.set(*s, text, "command line");
    else
      into.complain("command line: no setting " + in_quotes(name) + "; "
                    + did_you_mean(name));
  }
}

}  // namespace

result<settings> load(const sources& from) {
  draft d;
  if (from.file)
    apply_file(*from.file, d);
  apply_environment(from.env, d);
  apply_flags(from, d);
  // What follows builds on good values: a rule about a refused one would only
  // repeat the complaint in a more confusing way.
  if (d.is_good())
    apply_nats_context(from.env, from.use_selected_nats_context, d);
  if (d.is_good())
    apply_secret_files(d);
  if (d.is_good())
    check_rules(d);
  if (!d.is_good())
    return config_error{d.problems()};
  return d.values;
}

}  // namespace larder::config
