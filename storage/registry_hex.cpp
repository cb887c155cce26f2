// Hex: the HTTP API for the package and its release, which names the checksum
// of the whole tarball; in it contents.tar.gz with the files, metadata.config,
// and CHECKSUM over both.
#include "storage/digest.hpp"
#include "storage/error.hpp"
#include "storage/package_version.hpp"
#include "storage/registry.hpp"
#include "storage/registry_json.hpp"

#include <algorithm>
#include <cctype>

namespace larder {

namespace {

using nlohmann::json;

constexpr auto accept = "application/json";

std::string retirement_of(const json& release) {
  auto& retirement = object_of(release, "retirement");
  if (!retirement.is_object())
    return {};
  auto reason = text_of(retirement, "reason");
  auto message = text_of(retirement, "message");
  if (reason.empty() && message.empty())
    return "retired";
  return message.empty() ? reason
                         : reason + (reason.empty() ? "" : ": ") + message;
}

/// What a release of the API says beyond the package.
void describe_release(const json& answer, package& document) {
  document.deprecated = retirement_of(answer);
  for (auto& [name, need] : object_of(answer, "requirements").items()) {
    auto optional = need.is_object() && need.contains("optional")
                    && need["optional"].is_boolean()
                    && need["optional"].get<bool>();
    document.dependencies.push_back(
        {name, text_of(need, "requirement"), optional ? "optional" : "normal"});
  }
}

void describe_package(const json& answer, package& document) {
  auto& meta = object_of(answer, "meta");
  document.description = text_of(meta, "description");
  document.licenses = texts_of(list_of(meta, "licenses"));
  for (auto& [title, link] : object_of(meta, "links").items()) {
    if (!link.is_string())
      continue;
    auto name = title;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    auto& to = name.find("git") != std::string::npos || name == "source"
                   ? document.repository
                   : document.homepage;
    if (to.empty())
      to = link.get<std::string>();
  }
}

class hex_registry : public registry {
 public:
  using registry::registry;

  caf::expected<std::optional<registry_release>>
  find(registry_client& client, const registry_address& at,
       const registry_query& query) override {
    if (query.name.empty() || !is_plain(query.name, "_"))
      return fail(ec::invalid_request,
                  "\"" + query.name + "\" cannot be the name of a hex package");
    auto url = at.url + "/packages/" + url_escaped(query.name);
    auto answer =
        client.get({url, accept, limits_.document_bytes, query.known});
    if (!answer)
      return answer.error();
    if (answer->status == 304)
      return std::optional<registry_release>{};
    auto index = parse_document(answer->body, without_login(url));
    if (!index)
      return index.error();
    registry_release release;
    release.known = {answer->etag, answer->last_modified};
    auto& document = release.document;
    document.ecosystem = "hex";
    document.name = query.name;
    std::string highest;
    for (auto& item : list_of(*index, "releases"))
      if (auto version = text_of(item, "version"); !version.empty()) {
        if (highest.empty() || is_preferred("hex", version, highest))
          highest = version;
        document.versions.push_back(version);
      }
    auto newest = text_of(*index, "latest_stable_version");
    if (newest.empty())
      newest = highest;
    auto wanted = query.version.empty() ? newest : query.version;
    if (wanted.empty()
        || std::find(document.versions.begin(), document.versions.end(), wanted)
               == document.versions.end())
      return no_such_version(document, query.version);
    document.version = wanted;
    release.newest = wanted == newest;
    describe_package(*index, document);
    if (auto err = read_release(client, url, release))
      return err;
    document.archive.url = (at.archives.empty() ? at.url : at.archives)
                           + "/tarballs/" + url_escaped(query.name) + "-"
                           + url_escaped(wanted) + ".tar";
    return std::optional<registry_release>{std::move(release)};
  }

  caf::expected<unpacked_archive> open(std::string_view archive,
                                       const archive_limits& limits) override {
    auto outer_limits = limits;
    // It is not compressed: nothing in it is larger than itself.
    outer_limits.bytes = std::min<std::uint64_t>(limits.bytes, archive.size());
    outer_limits.kept_file_bytes = outer_limits.kept_bytes = outer_limits.bytes;
    auto outer =
        unpack(archive, outer_limits, [](std::string_view) { return true; });
    if (!outer)
      return outer.error();
    auto contents = outer->find("contents.tar.gz");
    auto metadata = outer->find("metadata.config");
    auto version = outer->find("VERSION");
    auto checksum = outer->find("CHECKSUM");
    if (contents == nullptr || metadata == nullptr || version == nullptr
        || checksum == nullptr)
      return fail(ec::invalid_request,
                  "the archive is refused: it is no hex tarball; expected "
                  "VERSION, CHECKSUM, metadata.config and contents.tar.gz");
    auto inner = digest_of("sha256", version->content + metadata->content
                                         + contents->content);
    auto named = checksum->content.substr(
        0, checksum->content.find_last_not_of(" \r\n") + 1);
    if (from_hex(named) != inner)
      return fail(ec::invalid_request,
                  "the archive is refused: its CHECKSUM is not that of what is "
                  "in it");
    return unpack(contents->content, limits, is_wanted_file);
  }

  readme_origin describe(const unpacked_archive& files,
                         package& document) override {
    return take_readme(files, {}, document);
  }

 private:
  caf::error read_release(registry_client& client, const std::string& url,
                          registry_release& release) {
    auto from = url + "/releases/" + url_escaped(release.document.version);
    auto answer = client.get({from, accept, limits_.document_bytes, {}});
    if (!answer)
      return answer.error();
    auto about = parse_document(answer->body, without_login(from));
    if (!about)
      return about.error();
    describe_release(*about, release.document);
    auto sum = text_of(*about, "checksum");
    if (auto raw = from_hex(sum); raw && raw->size() == 32)
      release.digests.push_back({"sha256", *raw, sum});
    return {};
  }
};

}  // namespace

std::unique_ptr<registry> make_hex_registry(registry_limits l) {
  return std::make_unique<hex_registry>(l);
}

}  // namespace larder
