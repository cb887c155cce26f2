// Cargo: the sparse index (one line of JSON a version) and a .crate, a tar file
// whose SHA-256 is in the index. The rest is in Cargo.toml in the archive.
#include "storage/digest.hpp"
#include "storage/error.hpp"
#include "storage/package_version.hpp"
#include "storage/registry.hpp"
#include "storage/registry_json.hpp"
#include "storage/toml.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>

namespace larder {

namespace {

using nlohmann::json;
using std::chrono::steady_clock;

constexpr std::size_t max_versions = 100'000;
/// The index's own settings change rarely.
constexpr std::chrono::minutes settings_last{10};

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

/// "1", "2", "3/s" or "se/rd": the directory of a crate in the index.
std::string prefix_of(std::string_view name) {
  if (name.size() < 3)
    return std::to_string(name.size());
  if (name.size() == 3)
    return "3/" + std::string{name.substr(0, 1)};
  return std::string{name.substr(0, 2)} + "/" + std::string{name.substr(2, 2)};
}

void replace_all(std::string& text, std::string_view what,
                 const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// "dl" of the index' config.json, filled in.
std::string archive_url(std::string dl, const std::string& name,
                        const std::string& version, const std::string& sum) {
  auto before = dl;
  replace_all(dl, "{crate}", url_escaped(name));
  replace_all(dl, "{version}", url_escaped(version));
  replace_all(dl, "{prefix}", prefix_of(name));
  replace_all(dl, "{lowerprefix}", prefix_of(lower(name)));
  replace_all(dl, "{sha256-checksum}", sum);
  if (dl == before)
    dl += "/" + url_escaped(name) + "/" + url_escaped(version) + "/download";
  return dl;
}

void add_dependencies(const json& line, package& to) {
  for (auto& item : list_of(line, "deps")) {
    auto name = text_of(item, "package");
    if (name.empty())
      name = text_of(item, "name");
    auto kind = text_of(item, "kind");
    if (item.is_object() && item.contains("optional")
        && item["optional"].is_boolean() && item["optional"].get<bool>())
      kind = "optional";
    if (!name.empty())
      to.dependencies.push_back(
          {name, text_of(item, "req"), kind.empty() ? "normal" : kind});
  }
}

bool is_yanked(const json& line) {
  return line.contains("yanked") && line["yanked"].is_boolean()
         && line["yanked"].get<bool>();
}

class cargo_registry : public registry {
 public:
  using registry::registry;

  caf::expected<std::optional<registry_release>>
  find(registry_client& client, const registry_address& at,
       const registry_query& query) override {
    if (query.name.empty() || query.name.size() > 64
        || !is_plain(query.name, "-_"))
      return fail(ec::invalid_request, "\"" + query.name
                                           + "\" cannot be the name of a "
                                             "crate");
    auto name = lower(query.name);
    auto url = at.url + "/" + prefix_of(name) + "/" + name;
    auto answer = client.get(
        {url, "text/plain, */*", limits_.document_bytes, query.known});
    if (!answer)
      return answer.error();
    if (answer->status == 304)
      return std::optional<registry_release>{};
    auto dl = download_place(client, at);
    if (!dl)
      return dl.error();
    return read(answer->body, {answer->etag, answer->last_modified},
                without_login(url), *dl, query);
  }

  readme_origin describe(const unpacked_archive& files,
                         package& document) override {
    auto manifest_file = files.find("Cargo.toml");
    std::string readme;
    if (manifest_file != nullptr) {
      auto manifest = parse_toml(manifest_file->content);
      if (manifest) {
        auto& about = object_of(*manifest, "package");
        document.description = text_of(about, "description");
        document.homepage = text_of(about, "homepage");
        document.repository = text_of(about, "repository");
        document.licenses = licenses_of(text_of(about, "license"));
        document.keywords = texts_of(list_of(about, "keywords"));
        document.tags = texts_of(list_of(about, "categories"));
        readme = text_of(about, "readme");
      }
    }
    return take_readme(files, readme, document);
  }

 private:
  caf::expected<std::string> download_place(registry_client& client,
                                            const registry_address& at) {
    auto now = steady_clock::now();
    if (at.url == settings_of_ && now - settings_read_ < settings_last)
      return settings_dl_;
    auto url = at.url + "/config.json";
    auto answer = client.get({url, "application/json, */*", 1ull << 20, {}});
    if (!answer)
      return answer.error();
    auto settings = parse_document(answer->body, without_login(url));
    if (!settings)
      return settings.error();
    auto dl = text_of(*settings, "dl");
    if (origin_of(dl).empty())
      return fail(ec::unavailable,
                  without_login(url)
                      + " does not say where crates are (\"dl\"); expected the "
                        "config.json of a sparse index");
    settings_of_ = at.url;
    settings_read_ = now;
    settings_dl_ = dl;
    return dl;
  }

  static caf::expected<std::optional<registry_release>>
  read(std::string_view body, validators known, const std::string& where,
       const std::string& dl, const registry_query& query) {
    registry_release release;
    release.known = std::move(known);
    auto& document = release.document;
    document.ecosystem = "cargo";
    document.name = query.name;
    std::string newest, newest_yanked, chosen;
    std::string_view chosen_line;
    // Names and versions alone are kept of each line; the chosen one is read
    // again.
    std::vector<std::pair<std::string, std::string_view>> lines;
    while (!body.empty()) {
      auto end = std::min(body.find('\n'), body.size());
      auto text = body.substr(0, end);
      body.remove_prefix(std::min(end + 1, body.size()));
      if (text.find_first_not_of(" \t\r") == std::string_view::npos)
        continue;
      auto line =
          parse_document(text, where, [](std::size_t depth, auto& name) {
            return depth == 1
                   && (name == "vers" || name == "yanked" || name == "name");
          });
      if (!line)
        return line.error();
      auto version = text_of(*line, "vers");
      if (version.empty())
        return fail(ec::unavailable,
                    where + " has a line without a version (\"vers\")");
      if (auto name = text_of(*line, "name"); !name.empty())
        document.name = name;
      if (lines.size() >= max_versions)
        return fail(ec::too_large, where + " lists more than "
                                       + std::to_string(max_versions)
                                       + " versions");
      document.versions.push_back(version);
      lines.emplace_back(version, text);
      auto& best = is_yanked(*line) ? newest_yanked : newest;
      if (best.empty() || is_preferred("cargo", version, best))
        best = version;
    }
    auto wanted = !query.version.empty() ? query.version
                  : !newest.empty()      ? newest
                                         : newest_yanked;
    auto found = std::find_if(lines.begin(), lines.end(),
                              [&](auto& l) { return l.first == wanted; });
    if (wanted.empty() || found == lines.end())
      return no_such_version(document, query.version);
    auto line = parse_document(found->second, where);
    if (!line)
      return line.error();
    document.version = wanted;
    release.newest = wanted == (newest.empty() ? newest_yanked : newest);
    if (is_yanked(*line))
      document.deprecated = "yanked";
    add_dependencies(*line, document);
    auto sum = text_of(*line, "cksum");
    if (auto raw = from_hex(sum); raw && raw->size() == 32)
      release.digests.push_back({"sha256", *raw, sum});
    document.archive.url = archive_url(dl, document.name, wanted, sum);
    return std::optional<registry_release>{std::move(release)};
  }

  std::string settings_of_;
  std::string settings_dl_;
  steady_clock::time_point settings_read_;
};

}  // namespace

std::unique_ptr<registry> make_cargo_registry(registry_limits l) {
  return std::make_unique<cargo_registry>(l);
}

}  // namespace larder
