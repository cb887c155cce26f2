#include "config/yaml_file.hpp"

#include "config/file_text.hpp"

#include <yaml-cpp/yaml.h>

#include <map>

namespace larder::config {

namespace {

struct bad_yaml {
  YAML::Mark where;
  std::string what;
};

yaml_entry::shape shape_of(const YAML::Node& node) {
  switch (node.Type()) {
  case YAML::NodeType::Scalar:
    return yaml_entry::shape::text;
  case YAML::NodeType::Sequence:
    return yaml_entry::shape::list;
  case YAML::NodeType::Map:
    return yaml_entry::shape::map;
  default:
    return yaml_entry::shape::nothing;
  }
}

// Adds the keys of `map`, and those of the maps in it when it is the root.
void flatten(const YAML::Node& map, const std::string& prefix,
             std::vector<yaml_entry>& out) {
  std::map<std::string, int> seen;
  for (const auto& pair : map) {
    const auto mark = pair.first.Mark();
    if (!pair.first.IsScalar())
      throw bad_yaml{mark, "a key must be a word"};
    yaml_entry entry;
    entry.name = prefix + pair.first.Scalar();
    entry.is = shape_of(pair.second);
    entry.line = mark.line + 1;
    if (entry.is == yaml_entry::shape::text)
      entry.text = pair.second.Scalar();
    // yaml-cpp keeps both and finds the first: one of them would be ignored.
    const auto [first, fresh] = seen.emplace(entry.name, entry.line);
    if (!fresh)
      throw bad_yaml{mark, '"' + entry.name + "\" is here again; line "
                               + std::to_string(first->second)
                               + " has it already"};
    const auto name = entry.name;
    out.push_back(std::move(entry));
    if (prefix.empty() && pair.second.IsMap())
      flatten(pair.second, name + ".", out);
  }
}

std::vector<yaml_entry> flatten_documents(const std::string& text) {
  std::vector<yaml_entry> out;
  const auto documents = YAML::LoadAll(text);
  if (documents.size() > 1)
    throw bad_yaml{documents[1].Mark(), "a second document; expected one"};
  // A file of comments alone says nothing, which is fine.
  if (documents.empty() || documents[0].IsNull())
    return out;
  if (!documents[0].IsMap())
    throw bad_yaml{documents[0].Mark(), "expected `section:` lines with "
                                        "`key: value` lines below them"};
  flatten(documents[0], "", out);
  return out;
}

}  // namespace

result<std::vector<yaml_entry>> read_yaml(const std::string& path) {
  const auto text = file_text(path);
  if (!text)
    return text.error();
  const auto at = [&](const YAML::Mark& mark, const std::string& what) {
    return config_error{path + ":" + std::to_string(mark.line + 1) + ": "
                        + what};
  };
  try {
    return flatten_documents(*text);
  } catch (const bad_yaml& bad) {
    return at(bad.where, bad.what);
  } catch (const YAML::Exception& bad) {
    return at(bad.mark, "not YAML: " + bad.msg);
  }
}

}  // namespace larder::config
