#include "storage/simple_index.hpp"

#include "storage/digest.hpp"
#include "storage/error.hpp"
#include "storage/registry_json.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace larder {

namespace {

using nlohmann::json;

constexpr std::size_t max_files = 100'000;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size()
         && text.substr(text.size() - end.size()) == end;
}

/// The few entities that a serialiser writes.
std::string without_entities(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 7> entities{
      {{"&amp;", '&'},
       {"&lt;", '<'},
       {"&gt;", '>'},
       {"&quot;", '"'},
       {"&#39;", '\''},
       {"&#x27;", '\''},
       {"&#34;", '"'}}};
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    auto known = std::find_if(entities.begin(), entities.end(), [&](auto& e) {
      return text.substr(i, e.first.size()) == e.first;
    });
    if (text[i] == '&' && known != entities.end()) {
      result += known->second;
      i += known->first.size();
    } else {
      result += text[i++];
    }
  }
  return result;
}

/// The value of an attribute in the inside of a tag; `there` says whether it
/// has it at all.
std::string attribute(std::string_view tag, std::string_view name,
                      bool& there) {
  there = false;
  for (auto at = tag.find(name); at != std::string_view::npos;
       at = tag.find(name, at + 1)) {
    auto before = at == 0 ? ' ' : tag[at - 1];
    auto after = at + name.size();
    if (std::isspace(static_cast<unsigned char>(before)) == 0)
      continue;
    if (after == tag.size()
        || std::isspace(static_cast<unsigned char>(tag[after])) != 0) {
      there = true;
      return {};
    }
    if (tag[after] != '=' || after + 1 >= tag.size())
      continue;
    there = true;
    auto quote = tag[after + 1];
    auto begin = after + 2;
    if (quote != '"' && quote != '\'') {
      begin = after + 1;
      return without_entities(
          tag.substr(begin, tag.find_first_of(" \t\r\n", begin) - begin));
    }
    return without_entities(tag.substr(begin, tag.find(quote, begin) - begin));
  }
  return {};
}

void take_hash(std::string_view text, simple_file& to) {
  if (auto raw = from_hex(text); raw && raw->size() == 32) {
    to.sha256 = *raw;
    to.sha256_text = text;
  }
}

std::vector<simple_file> read_html(std::string_view body) {
  std::vector<simple_file> files;
  std::size_t tag_end = 0;
  // From the end of one tag: what looks like a tag within it is none, and the
  // page is gone through once.
  for (auto at = body.find("<a");
       at != std::string_view::npos && files.size() <= max_files;
       at = body.find("<a", tag_end)) {
    tag_end = body.find('>', at);
    if (tag_end == std::string_view::npos)
      break;
    auto tag = body.substr(at + 2, tag_end - at - 2);
    auto text_end = body.find("</a", tag_end);
    if (text_end == std::string_view::npos)
      break;
    bool there = false;
    auto url = attribute(tag, "href", there);
    if (!there)
      continue;
    simple_file file;
    auto text = body.substr(tag_end + 1, text_end - tag_end - 1);
    auto first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    auto last = text.find_last_not_of(" \t\r\n") + 1;
    file.name = without_entities(text.substr(first, last - first));
    auto hash = url.find('#');
    file.url = url.substr(0, hash);
    if (hash != std::string::npos && url.compare(hash, 8, "#sha256=") == 0)
      take_hash(url.substr(hash + 8, 64), file);
    file.yanked_reason = attribute(tag, "data-yanked", file.yanked);
    files.push_back(std::move(file));
  }
  return files;
}

simple_file read_file(const json& item) {
  simple_file file;
  file.name = text_of(item, "filename");
  file.url = text_of(item, "url");
  take_hash(text_of(object_of(item, "hashes"), "sha256"), file);
  if (item.is_object() && item.contains("yanked")) {
    file.yanked_reason = text_of(item, "yanked");
    file.yanked =
        item["yanked"].is_string()
        || (item["yanked"].is_boolean() && item["yanked"].get<bool>());
  }
  return file;
}

}  // namespace

caf::expected<std::vector<simple_file>>
parse_simple_index(std::string_view body, std::string_view content_type,
                   const std::string& where) {
  if (content_type.find("json") == std::string_view::npos) {
    if (body.find('<') == std::string_view::npos)
      return fail(ec::unavailable,
                  where
                      + " does not serve what a registry serves: expected a "
                        "page of links");
    auto files = read_html(body);
    if (files.size() > max_files)
      return fail(ec::too_large, where + " lists more than "
                                     + std::to_string(max_files) + " files");
    return files;
  }
  auto page = parse_document(body, where, [](std::size_t depth, auto& name) {
    return depth != 1 || name == "files";
  });
  if (!page)
    return page.error();
  std::vector<simple_file> files;
  for (auto& item : list_of(*page, "files"))
    files.push_back(read_file(item));
  return files;
}

std::string normalized_python_name(std::string_view name) {
  std::string result;
  for (auto c : name) {
    auto separates = c == '-' || c == '_' || c == '.';
    if (!separates)
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (result.empty() || result.back() != '-')
      result += '-';
  }
  return result;
}

std::string version_of_python_file(std::string_view file,
                                   std::string_view package) {
  auto wheel = ends_with(file, ".whl");
  for (auto end : {".whl", ".tar.gz", ".tgz", ".zip"})
    if (ends_with(file, end)) {
      file.remove_suffix(std::string_view{end}.size());
      break;
    }
  // The name may have dashes of its own; what follows it begins the version.
  for (auto dash = file.find('-'); dash != std::string_view::npos;
       dash = file.find('-', dash + 1)) {
    if (normalized_python_name(file.substr(0, dash)) != package)
      continue;
    auto rest = file.substr(dash + 1);
    if (wheel)
      rest = rest.substr(0, rest.find('-'));
    if (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest[0])) != 0)
      return std::string{rest};
  }
  return {};
}

int rank_of_python_file(std::string_view file) {
  if (ends_with(file, ".tar.gz") || ends_with(file, ".tgz"))
    return 4;
  if (ends_with(file, "-none-any.whl"))
    return 2;
  if (ends_with(file, ".whl"))
    return 1;
  return ends_with(file, ".zip") ? 3 : 0;
}

}  // namespace larder
