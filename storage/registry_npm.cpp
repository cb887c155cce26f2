// npm: the packument of a package (abbreviated, where the registry can), and a
// tar file whose digest is in it. The rest is in package.json in the archive,
// which the digest covers.
#include "storage/digest.hpp"
#include "storage/error.hpp"
#include "storage/package_version.hpp"
#include "storage/registry.hpp"
#include "storage/registry_json.hpp"

#include <algorithm>
#include <array>

namespace larder {

namespace {

using nlohmann::json;

// The abbreviated form first: a tenth of the whole one's size.
constexpr auto accept =
    "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// Letters of any kind have been in names once; what matters is that a name is
/// one part of a path, or two with a scope.
bool is_name(std::string_view name) {
  auto part = [](std::string_view text) {
    return !text.empty() && text.front() != '.' && is_plain(text, "-._~!*'()");
  };
  if (name.empty() || name.front() != '@')
    return part(name);
  auto slash = name.find('/');
  return slash != std::string_view::npos && part(name.substr(1, slash - 1))
         && part(name.substr(slash + 1));
}

/// A tarball under the registry's own origin: mirrors hand out the addresses of
/// what they mirror, and nothing but the configured registry is to be asked.
std::string own_url(const std::string& base, const std::string& url) {
  auto path = url.substr(origin_of(url).size());
  auto origin = std::string{origin_of(base)};
  auto prefix = base.substr(origin.size());
  if (path.compare(0, prefix.size(), prefix) == 0)
    return origin + path;
  return base + path;
}

/// "sha512-… sha1-…" (Subresource Integrity), and the older shasum.
std::vector<archive_digest> digests_of(const json& dist) {
  std::vector<archive_digest> result;
  auto integrity = text_of(dist, "integrity");
  for (std::size_t at = 0; at < integrity.size();) {
    auto end = std::min(integrity.find_first_of(" \t\n", at), integrity.size());
    auto item = integrity.substr(at, end - at);
    at = end + 1;
    auto dash = item.find('-');
    if (dash == std::string::npos)
      continue;
    auto coded = item.substr(dash + 1, item.find('?') - dash - 1);
    if (auto raw = from_base64(coded); raw && !raw->empty())
      result.push_back({item.substr(0, dash), *raw, item});
  }
  auto shasum = text_of(dist, "shasum");
  if (auto raw = from_hex(shasum); raw && !raw->empty())
    result.push_back({"sha1", *raw, shasum});
  static const std::array<std::string, 4> order{"sha512", "sha384", "sha256",
                                                "sha1"};
  auto rank = [](const archive_digest& d) {
    return std::find(order.begin(), order.end(), d.algorithm);
  };
  result.erase(std::remove_if(result.begin(), result.end(),
                              [&](auto& d) { return rank(d) == order.end(); }),
               result.end());
  std::stable_sort(result.begin(), result.end(),
                   [&](auto& a, auto& b) { return rank(a) < rank(b); });
  return result;
}

void add_dependencies(const json& version, const char* member, const char* kind,
                      package& to) {
  for (auto& [name, requirement] : object_of(version, member).items())
    if (requirement.is_string())
      to.dependencies.push_back({name, requirement.get<std::string>(), kind});
}

/// A person or place: a text, or an object with the text in `member`.
std::string text_or_member(const json& value, const char* member) {
  return value.is_string() ? value.get<std::string>() : text_of(value, member);
}

std::vector<std::string> licenses_in(const json& manifest) {
  std::vector<std::string> result;
  if (manifest.contains("license"))
    result = licenses_of(text_or_member(manifest["license"], "type"));
  // The form of before 2015.
  for (auto& item : list_of(manifest, "licenses"))
    if (auto text = text_or_member(item, "type"); !text.empty())
      result.push_back(text);
  return result;
}

class npm_registry : public registry {
 public:
  using registry::registry;

  caf::expected<std::optional<registry_release>>
  find(registry_client& client, const registry_address& at,
       const registry_query& query) override {
    if (!is_name(query.name))
      return fail(ec::invalid_request,
                  "\"" + query.name
                      + "\" cannot be the name of an npm package");
    auto url = at.url + "/" + url_escaped(query.name);
    auto answer =
        client.get({url, accept, limits_.document_bytes, query.known});
    if (!answer)
      return answer.error();
    if (answer->status == 304)
      return std::optional<registry_release>{};
    return read(answer->body, {answer->etag, answer->last_modified},
                without_login(url), at, query);
  }

  readme_origin describe(const unpacked_archive& files,
                         package& document) override {
    auto manifest_file = files.find("package.json");
    if (manifest_file != nullptr) {
      auto manifest = parse_document(manifest_file->content, "package.json");
      if (manifest)
        describe_by(*manifest, document);
    }
    return take_readme(files, {}, document);
  }

 private:
  static caf::expected<std::optional<registry_release>>
  read(const std::string& body, validators known, const std::string& where,
       const registry_address& at, const registry_query& query) {
    registry_release release;
    release.known = std::move(known);
    auto& document = release.document;
    document.ecosystem = "npm";
    document.name = query.name;
    // Twice through it, so that of all versions only one is ever in memory.
    auto index = parse_document(body, where, [](std::size_t depth, auto& name) {
      return depth > 2
                 ? false
                 : depth == 2 || name == "dist-tags" || name == "versions";
    });
    if (!index)
      return index.error();
    for (auto& [version, unused] : object_of(*index, "versions").items())
      document.versions.push_back(version);
    // The library hands them out by their bytes.
    std::sort(
        document.versions.begin(), document.versions.end(),
        [](auto& a, auto& b) { return compare_versions("npm", a, b) < 0; });
    auto& tags = object_of(*index, "dist-tags");
    auto latest = text_of(tags, "latest");
    auto wanted = query.version.empty() ? latest : query.version;
    auto has = [&](const std::string& version) {
      return std::find(document.versions.begin(), document.versions.end(),
                       version)
             != document.versions.end();
    };
    // A tag may stand for a version, as with npm itself.
    if (!has(wanted))
      wanted = text_of(tags, wanted.c_str());
    if (wanted.empty() || !has(wanted))
      return no_such_version(document, query.version);
    document.version = wanted;
    release.newest = wanted == latest;
    auto whole =
        parse_document(body, where, [&](std::size_t depth, auto& name) {
          return depth == 1 ? name == "versions" : depth > 2 || name == wanted;
        });
    if (!whole)
      return whole.error();
    auto& version = object_of(object_of(*whole, "versions"), wanted);
    if (version.contains("deprecated"))
      document.deprecated =
          version["deprecated"].is_boolean()
              ? version["deprecated"].get<bool>() ? "deprecated" : ""
              : text_of(version, "deprecated");
    add_dependencies(version, "dependencies", "normal", document);
    add_dependencies(version, "optionalDependencies", "optional", document);
    add_dependencies(version, "peerDependencies", "peer", document);
    add_dependencies(version, "devDependencies", "dev", document);
    auto& dist = object_of(version, "dist");
    auto tarball = text_of(dist, "tarball");
    if (origin_of(tarball).empty())
      return fail(ec::unavailable, where + " does not say where the archive of "
                                       + wanted + " is (dist.tarball)");
    document.archive.url = own_url(at.url, tarball);
    release.digests = digests_of(dist);
    return std::optional<registry_release>{std::move(release)};
  }

  static void describe_by(const json& manifest, package& document) {
    document.description = text_of(manifest, "description");
    document.homepage = text_of(manifest, "homepage");
    if (manifest.contains("repository"))
      document.repository = text_or_member(manifest["repository"], "url");
    document.licenses = licenses_in(manifest);
    document.keywords = texts_of(list_of(manifest, "keywords"));
    // What the index keeps to itself in its abbreviated form.
    if (std::none_of(document.dependencies.begin(), document.dependencies.end(),
                     [](auto& d) { return d.kind == "dev"; }))
      add_dependencies(manifest, "devDependencies", "dev", document);
  }
};

}  // namespace

std::unique_ptr<registry> make_npm_registry(registry_limits l) {
  return std::make_unique<npm_registry>(l);
}

}  // namespace larder
