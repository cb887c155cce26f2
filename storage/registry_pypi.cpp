// PyPI: the simple index (PEP 503 in HTML, PEP 691 in JSON), which lists files
// with their SHA-256; the source archive of a version, else a wheel; and the
// core metadata in it.
#include "storage/error.hpp"
#include "storage/package_version.hpp"
#include "storage/python_metadata.hpp"
#include "storage/registry.hpp"
#include "storage/simple_index.hpp"

#include <algorithm>
#include <map>

namespace larder {

namespace {

constexpr auto accept =
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html; q=0.2, text/html; q=0.1";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size()
         && text.substr(text.size() - end.size()) == end;
}

/// The best archive of one version, and whether all of them are yanked.
struct candidate {
  const simple_file* file = nullptr;
  bool yanked = true;
  std::string yanked_reason;
};

class pypi_registry : public registry {
 public:
  using registry::registry;

  caf::expected<std::optional<registry_release>>
  find(registry_client& client, const registry_address& at,
       const registry_query& query) override {
    if (query.name.empty() || !is_plain(query.name, "-_."))
      return fail(ec::invalid_request, "\"" + query.name
                                           + "\" cannot be the name of a "
                                             "Python package");
    auto name = normalized_python_name(query.name);
    auto url = at.url + "/" + url_escaped(name) + "/";
    auto answer =
        client.get({url, accept, limits_.document_bytes, query.known});
    if (!answer)
      return answer.error();
    if (answer->status == 304)
      return std::optional<registry_release>{};
    auto files = parse_simple_index(answer->body, answer->content_type,
                                    without_login(url));
    if (!files)
      return files.error();
    auto page = answer->url.empty() ? url : answer->url;
    return choose(*files, {answer->etag, answer->last_modified}, page, name,
                  query);
  }

  readme_origin describe(const unpacked_archive& files,
                         package& document) override {
    auto metadata = metadata_of(files);
    if (metadata == nullptr)
      return take_readme(files, {}, document);
    auto about = parse_python_metadata(metadata->content);
    document.description = about.summary;
    document.homepage = about.homepage;
    document.repository = about.repository;
    document.licenses = about.licenses;
    document.keywords = about.keywords;
    document.dependencies = about.dependencies;
    // The same text twice in most archives; a file is where people look.
    if (auto origin = take_readme(files, {}, document); !origin.path.empty())
      return origin;
    if (about.description.empty())
      return {};
    document.readme = about.description;
    return {metadata->path, about.description_line};
  }

 private:
  /// Of a source archive or of a wheel: the one nearest to the top.
  static const unpacked_file* metadata_of(const unpacked_archive& files) {
    const unpacked_file* best = nullptr;
    for (auto& file : files.files)
      if (file.path == "PKG-INFO" || file.path == "METADATA"
          || ends_with(file.path, ".dist-info/METADATA")
          || ends_with(file.path, ".egg-info/PKG-INFO"))
        if (best == nullptr || file.path.size() < best->path.size())
          best = &file;
    return best;
  }

  static caf::expected<std::optional<registry_release>>
  choose(const std::vector<simple_file>& files, validators known,
         const std::string& page, const std::string& name,
         const registry_query& query) {
    std::map<std::string, candidate> candidates;
    for (auto& file : files) {
      auto version = version_of_python_file(file.name, name);
      auto rank = rank_of_python_file(file.name);
      if (version.empty() || rank == 0 || file.sha256.empty())
        continue;
      auto& c = candidates[version];
      if (c.file == nullptr || rank > rank_of_python_file(c.file->name))
        c.file = &file;
      c.yanked = c.yanked && file.yanked;
      if (file.yanked)
        c.yanked_reason = file.yanked_reason;
    }
    registry_release release;
    release.known = std::move(known);
    auto& document = release.document;
    document.ecosystem = "pypi";
    document.name = name;
    std::string newest, newest_yanked;
    for (auto& [version, c] : candidates) {
      document.versions.push_back(version);
      auto& best = c.yanked ? newest_yanked : newest;
      if (best.empty() || is_preferred("pypi", version, best))
        best = version;
    }
    std::sort(
        document.versions.begin(), document.versions.end(),
        [](auto& a, auto& b) { return compare_versions("pypi", a, b) < 0; });
    if (newest.empty())
      newest = newest_yanked;
    auto wanted = query.version.empty() ? newest : query.version;
    auto found =
        std::find_if(candidates.begin(), candidates.end(), [&](auto& c) {
          return c.first == wanted
                 || (!wanted.empty()
                     && compare_versions("pypi", c.first, wanted) == 0);
        });
    if (found == candidates.end())
      return no_such_version(document, query.version);
    document.version = found->first;
    release.newest = found->first == newest;
    if (found->second.yanked)
      document.deprecated = found->second.yanked_reason.empty()
                                ? "yanked"
                                : "yanked: " + found->second.yanked_reason;
    auto& file = *found->second.file;
    auto url = resolve_url(page, file.url);
    if (!url)
      return fail(ec::unavailable, without_login(page)
                                       + " has an address that is none for "
                                       + file.name);
    document.archive.url = *url;
    release.digests.push_back({"sha256", file.sha256, file.sha256_text});
    return std::optional<registry_release>{std::move(release)};
  }
};

}  // namespace

std::unique_ptr<registry> make_pypi_registry(registry_limits l) {
  return std::make_unique<pypi_registry>(l);
}

}  // namespace larder
