#include "storage/package_collector.hpp"

#include "storage/collector_notes.hpp"
#include "storage/digest.hpp"
#include "storage/error.hpp"

#include <algorithm>

namespace larder {

namespace {

using std::chrono::system_clock;

constexpr std::size_t longest_readme = 200'000;
constexpr std::size_t longest_line = 4'000;
constexpr std::size_t longest_list = 5'000;
/// A download that ends short without saying so shows in its digest alone.
constexpr int download_attempts = 2;

/// What an old document may be answered for: everything but the registry's own
/// word and the operator's.
bool is_registry_failure(const caf::error& failure) {
  auto code = code_of(failure);
  return code != ec::not_found && code != ec::configuration
         && code != ec::not_supported;
}

/// At the end of a character.
void cut(std::string& text, std::size_t limit) {
  if (text.size() <= limit)
    return;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80)
    --limit;
  text.resize(limit);
}

caf::error wrong_digest(const registry_release& release,
                        std::string_view archive) {
  auto& expected = release.digests.front();
  auto got = digest_of(expected.algorithm, archive).value_or("");
  return fail(ec::invalid_request,
              without_login(release.document.archive.url)
                  + " is not what its registry describes: expected "
                  + expected.algorithm + " " + to_hex(expected.digest)
                  + ", got " + to_hex(got) + " of "
                  + std::to_string(archive.size()) + " bytes; it is not kept");
}

}  // namespace

std::shared_ptr<registry_gate> registry_gates::of(const std::string& address) {
  std::lock_guard guard{mutex_};
  auto& gate = gates_[address];
  if (!gate)
    gate = std::make_shared<registry_gate>(
        rate_, static_cast<unsigned>(std::max(1.0, rate_)));
  return gate;
}

/// One question on its way.
struct package_collector::run {
  const collect_request& request;
  system_clock::time_point now;
  /// Kept, of the version asked for, its archive verified.
  std::optional<package> known = std::nullopt;
  collector_notes notes = {};
  std::uint64_t bytes = 0;

  /// The registry was asked, and answered, less long ago.
  bool known_for_less_than(std::chrono::milliseconds limit) const {
    if (!known)
      return false;
    auto asked = parse_rfc3339(known->collected_at);
    auto note = notes.versions.find(known->version);
    if (note != notes.versions.end())
      asked = std::max(asked, note->second.checked);
    return now - asked < limit;
  }
  collect_reply reply(collect_outcome outcome, std::string document,
                      caf::error failure = {}) const {
    return {outcome, std::move(document), std::move(failure), notes.print(),
            bytes};
  }
};

package_collector::package_collector(config::registry_settings settings,
                                     std::uint64_t max_document_bytes,
                                     collector_world world)
    : settings_(std::move(settings)), max_document_bytes_(max_document_bytes),
      world_(std::move(world)) {}

registry* package_collector::registry_of(const std::string& ecosystem) {
  auto found = registries_.find(ecosystem);
  if (found == registries_.end())
    found =
        registries_
            .emplace(ecosystem,
                     make_registry(ecosystem, {settings_.max_metadata_bytes,
                                               settings_.max_archive_bytes}))
            .first;
  return found->second.get();
}

retry_limits package_collector::retries() const {
  retry_limits limits;
  limits.timeout = settings_.request_timeout;
  return limits;
}

archive_limits package_collector::unpacking() const {
  archive_limits limits;
  limits.bytes = settings_.max_unpacked_bytes;
  limits.entries = settings_.max_archive_entries;
  limits.depth = settings_.max_path_depth;
  limits.kept_file_bytes = settings_.max_file_bytes;
  return limits;
}

// A registry's answer must not end a worker, even where it was not foreseen.
collect_reply package_collector::collect(const collect_request& request) {
  try {
    return answer(request);
  } catch (const std::exception& e) {
    return {collect_outcome::failed,
            {},
            fail(ec::internal,
                 request.package.name + " could not be collected: " + e.what()),
            request.state,
            0};
  }
}

collect_reply package_collector::answer(const collect_request& request) {
  run r{request, world_.clock()};
  auto address = address_of(request.package.ecosystem, request.package.name,
                            settings_, world_.surroundings);
  if (!address)
    return {collect_outcome::failed, {}, address.error(), request.state, 0};
  auto& version = request.version;
  r.notes = collector_notes::parse(request.state, address->url);
  if (!request.known.empty())
    if (auto known = parse_package(request.known);
        known && known->archive.verified
        && (version.empty() || known->version == version))
      r.known = std::move(*known);
  for (auto& missing : {std::string{}, version})
    if (auto found = r.notes.missing.find(missing);
        found != r.notes.missing.end() && r.now < found->second)
      return r.reply(
          collect_outcome::failed, {},
          fail(ec::not_found,
               request.package.ecosystem + " package \"" + request.package.name
                   + (missing.empty() ? "\" was" : "\" " + missing + " was")
                   + " not in its registry a short while ago; it is asked "
                     "again after "
                   + rfc3339(found->second)));
  registry_query query{request.package.name, version, {}};
  if (r.known) {
    auto note = r.notes.versions.find(r.known->version);
    // Without a version the newest is meant, which another one was not.
    if (note != r.notes.versions.end()
        && (!version.empty() || note->second.newest)) {
      if (r.now - note->second.checked < settings_.fresh_for)
        return r.reply(collect_outcome::unchanged, request.known);
      query.known = note->second.known;
    }
  }
  registry_client client{world_.get,
                         world_.gates->of(address->url),
                         world_.time,
                         retries(),
                         request.deadline,
                         address->url,
                         address->authorization};
  auto& from = *registry_of(request.package.ecosystem);
  auto release = from.find(client, *address, query);
  r.bytes = client.wire_bytes();
  if (!release)
    return failed(r, std::move(release.error()));
  if (!*release) {
    r.notes.versions[r.known->version].checked = r.now;
    return r.reply(collect_outcome::unchanged, request.known);
  }
  auto& found = **release;
  if (found.digests.empty())
    return failed(r,
                  fail(ec::invalid_request,
                       "the registry names no digest for "
                           + request.package.name + " " + found.document.version
                           + ", so that its archive cannot be verified; it "
                             "is not collected"));
  // The same archive again: only what the index says may have changed.
  if (r.known && r.known->version == found.document.version
      && r.known->archive.digest == found.digests.front().text)
    return answer(r, std::move(found));
  auto archive = download(client, found);
  r.bytes = client.wire_bytes();
  if (!archive)
    return failed(r, std::move(archive.error()));
  collector_notes::note note{found.known, r.now, found.newest};
  auto document = read(from, std::move(found), *archive);
  if (!document)
    return failed(r, std::move(document.error()));
  document->collected_at = rfc3339(r.now);
  shrink_to(*document, max_document_bytes_);
  if (auto ok = check_package(*document); !ok)
    return failed(r, std::move(ok.error()));
  r.notes.keep(document->version, std::move(note));
  return r.reply(collect_outcome::collected, to_json(*document));
}

collect_reply package_collector::answer(run& r, registry_release release) {
  auto document = *r.known;
  document.versions = std::move(release.document.versions);
  document.deprecated = std::move(release.document.deprecated);
  r.notes.keep(document.version, {release.known, r.now, release.newest});
  shrink_to(document, max_document_bytes_);
  if (document == *r.known)
    return r.reply(collect_outcome::unchanged, r.request.known);
  document.collected_at = rfc3339(r.now);
  return r.reply(collect_outcome::collected, to_json(document));
}

collect_reply package_collector::failed(run& r, caf::error failure) {
  if (code_of(failure) == ec::not_found) {
    r.notes.keep_missing(r.request.version, r.now + settings_.missing_for,
                         r.now);
    return r.reply(collect_outcome::failed, {}, std::move(failure));
  }
  if (is_registry_failure(failure)
      && r.known_for_less_than(settings_.stale_for))
    return r.reply(collect_outcome::stale, r.request.known, std::move(failure));
  return r.reply(collect_outcome::failed, {}, std::move(failure));
}

caf::expected<std::string>
package_collector::download(registry_client& client,
                            registry_release& release) {
  auto& expected = release.digests.front();
  auto& archive = release.document.archive;
  registry_request request;
  request.url = archive.url;
  request.accept = "*/*";
  request.max_bytes = settings_.max_archive_bytes;
  request.as_it_is = true;
  for (int i = 1;; ++i) {
    auto answer = client.get(request);
    if (!answer)
      return answer.error();
    if (digest_of(expected.algorithm, answer->body) == expected.digest) {
      archive.url = without_login(archive.url);
      archive.algorithm = expected.algorithm;
      archive.digest = expected.text;
      archive.bytes = answer->body.size();
      archive.verified = true;
      return std::move(answer->body);
    }
    if (i >= download_attempts)
      return wrong_digest(release, answer->body);
  }
}

caf::expected<package> package_collector::read(registry& from,
                                               registry_release release,
                                               std::string_view archive) {
  auto files = from.open(archive, unpacking());
  if (!files)
    return files.error();
  auto& document = release.document;
  auto origin = from.describe(*files, document);
  snippet_limits limits;
  limits.of_a_kind = std::max<std::size_t>(1, settings_.max_snippets / 4);
  document.snippets = snippets_of(*files, document.readme, origin, limits);
  return std::move(document);
}

void shrink_to(package& document, std::size_t bytes) {
  cut(document.readme, longest_readme);
  auto& needs = document.dependencies;
  // One odd name in a manifest is no reason to refuse the package.
  std::erase_if(needs, [&](auto& d) {
    return !check_package_key(document.ecosystem, d.name);
  });
  if (needs.size() > longest_list)
    needs.resize(longest_list);
  for (auto& need : needs)
    cut(need.requirement, 256);
  auto& versions = document.versions;
  std::erase_if(versions, [](auto& v) { return !check_package_version(v); });
  if (versions.size() > longest_list)
    versions.erase(versions.begin(), versions.end() - longest_list);
  for (auto text : {&document.description, &document.homepage,
                    &document.repository, &document.deprecated})
    cut(*text, longest_line);
  for (auto list : {&document.licenses, &document.keywords, &document.tags}) {
    if (list->size() > 256)
      list->resize(256);
    for (auto& text : *list)
      cut(text, 256);
  }
  auto fits = [&] { return to_json(document).size() <= bytes; };
  while (!fits()) {
    // The last snippets matter least: they stand deepest in the archive.
    if (document.snippets.size() > 20)
      document.snippets.resize(document.snippets.size() * 3 / 4);
    else if (document.versions.size() > 200)
      document.versions.erase(document.versions.begin(),
                              document.versions.end() - 200);
    else if (document.readme.size() > 1'000)
      cut(document.readme, document.readme.size() / 2);
    else if (!document.snippets.empty())
      document.snippets.pop_back();
    else if (!document.dependencies.empty())
      document.dependencies.resize(document.dependencies.size() / 2);
    else
      return;
  }
}

std::unique_ptr<package_collector> make_package_collector(
    const config::registry_settings& settings, std::uint64_t max_document_bytes,
    std::string_view version, std::shared_ptr<registry_gates> gates,
    std::shared_ptr<const std::atomic<bool>> stop) {
  registry_http::limits limits;
  limits.connect_timeout = settings.connect_timeout;
  auto agent = settings.user_agent.empty() ? "larder/" + std::string{version}
                                           : settings.user_agent;
  auto http = std::make_shared<registry_http>(std::move(agent), stop, limits);
  collector_world world;
  world.get = [http](const http_request& request) {
    return http->get(request);
  };
  world.time = real_patience(stop);
  world.surroundings = real_surroundings();
  world.gates = std::move(gates);
  world.clock = [] { return system_clock::now(); };
  return std::make_unique<package_collector>(settings, max_document_bytes,
                                             std::move(world));
}

}  // namespace larder
