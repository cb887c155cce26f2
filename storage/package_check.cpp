#include "storage/package_check.hpp"

#include "storage/error.hpp"
#include "storage/package_version.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace larder {

using namespace package_records;

namespace {

constexpr std::size_t most_problems = 100;

std::string shown(std::string_view key) {
  std::string name{key};
  std::replace(name.begin(), name.end(), '\0', '/');
  return name;
}

}  // namespace

package_checker::package_checker(const package_store::parts& store)
    : store_(store), at_(store.db->snapshot()), words_(store.index, at_) {}

void package_checker::wrong(std::string_view head, const std::string& what) {
  found_.problem_count += 1;
  if (found_.problems.size() < most_problems)
    found_.problems.push_back(shown(head) + ": " + what);
}

caf::expected<package_check>
package_checker::run(const package_progress& progress) {
  if (auto ok = forwards(progress); !ok)
    return std::move(ok.error());
  if (auto ok = backwards(); !ok)
    return std::move(ok.error());
  auto words = words_.finish(most_problems);
  if (!words)
    return std::move(words.error());
  for (auto& problem : *words)
    wrong("search index", problem);
  for (auto& [ecosystem, counted] : counts_) {
    if (counted == ecosystem_counters{})
      continue;
    auto value = store_.detail(counters_key(ecosystem), &at_);
    if (!value)
      return std::move(value.error());
    if (!*value || decode_counters(**value) != counted)
      wrong(ecosystem, "its counters are not what was counted");
  }
  return std::move(found_);
}

// -- from each document
// ---------------------------------------------------------

caf::expected<void>
package_checker::forwards(const package_progress& progress) {
  auto total = store_.db->sizes(summaries).keys;
  std::uint64_t done = 0;
  caf::expected<void> outcome{caf::unit};
  auto ok = store_.db->each(
      documents, {}, {},
      [&](std::string_view key, std::string_view value) {
        // A head is directly before its versions: no name holds a byte below
        // the one that separates them.
        auto prefix = versions_prefix(head_);
        if (!head_.empty() && key.starts_with(prefix)) {
          outcome = check_version(head_, key.substr(prefix.size()), value);
        } else {
          outcome = close_package();
          if (outcome)
            outcome = check_head(std::string{key}, value);
          if (progress && ++done % 1'000 == 0)
            progress(done, std::max(done, total));
        }
        return static_cast<bool>(outcome);
      },
      &at_);
  if (ok && outcome)
    outcome = close_package();
  if (progress)
    progress(done, done);
  return ok ? outcome : ok;
}

caf::expected<void> package_checker::check_head(const std::string& head,
                                                std::string_view value) {
  head_ = head;
  others_ = 0;
  readable_ = false;
  json_ = value;
  auto meta = take_meta(json_);
  if (!parse_head(head))
    wrong(head, "is a version of no package");
  else if (!meta)
    wrong(head, "its record is damaged");
  else
    readable_ = true;
  if (!readable_)
    return caf::unit;
  meta_ = std::move(*meta);
  if (meta_.present)
    return caf::unit;
  found_.tombstones += 1;
  if (!json_.empty() || meta_.removed != meta_.revision)
    wrong(head, "its removal is damaged");
  auto noted = store_.detail(removal_key(meta_.removed, head), &at_);
  if (!noted)
    return std::move(noted.error());
  if (!*noted)
    wrong(head, "its removal would never be forgotten");
  return caf::unit;
}

caf::expected<void> package_checker::check_version(const std::string& head,
                                                   std::string_view version,
                                                   std::string_view value) {
  auto name = head + "@" + std::string{version};
  std::string json{value};
  auto meta = take_meta(json);
  auto p = meta ? parse_package(json, no_limits)
                : caf::expected<package>{make_error(ec::internal)};
  if (!readable_)
    return caf::unit;
  if (!meta || !meta->present || !p)
    wrong(name, "its record is damaged");
  else if (!meta_.present)
    wrong(name, "is there although the package was removed");
  else if (meta->version != version || p->version != version
           || head_key(p->ecosystem, p->name) != head)
    wrong(name, "is the document of something else");
  else if (meta->revision <= meta_.removed)
    wrong(name, "is older than the package's removal");
  else if (!is_preferred(p->ecosystem, meta_.version, version))
    wrong(name, "is to be answered before " + meta_.version);
  others_ += 1;
  if (auto where = parse_head(head)) {
    auto& counted = counts_[where->ecosystem];
    counted.versions += 1;
    counted.bytes += static_cast<std::int64_t>(json.size());
  }
  found_.versions += 1;
  return caf::unit;
}

caf::expected<void> package_checker::close_package() {
  if (!std::exchange(readable_, false) || !meta_.present)
    return caf::unit;
  found_.packages += 1;
  found_.versions += 1;
  auto p = parse_package(json_, no_limits);
  if (!p) {
    wrong(head_, "its document is damaged: " + message_of(p.error()));
    return caf::unit;
  }
  if (head_key(p->ecosystem, p->name) != head_ || p->version != meta_.version)
    wrong(head_, "is the document of something else");
  if (meta_.revision <= meta_.removed)
    wrong(head_, "is older than its removal");
  return check_live(*p);
}

caf::expected<void> package_checker::check_live(const package& p) {
  auto expected = summary_of(p, json_.size(), meta_.revision, others_ + 1);
  auto& counted = counts_[parse_head(head_)->ecosystem];
  counted.packages += 1;
  counted.versions += 1;
  counted.snippets += expected.snippets;
  counted.bytes += static_cast<std::int64_t>(json_.size());
  found_.snippets += expected.snippets;

  std::string value;
  auto there = store_.db->get(summaries, head_, value, &at_);
  if (!there)
    return std::move(there.error());
  if (!*there)
    wrong(head_, "is not in lists");
  else if (decode_summary(value) != expected)
    wrong(head_, "its line in lists is not what its document says");
  for (auto& tag : expected.tags) {
    auto noted = store_.detail(tag_key(tag, head_), &at_);
    if (!noted)
      return std::move(noted.error());
    if (!*noted)
      wrong(head_, "is not found by its tag \"" + tag + "\"");
  }
  for (std::uint32_t i = 0; i < expected.snippets; ++i) {
    auto kept = store_.detail(snippet_key(head_, i), &at_);
    if (!kept)
      return std::move(kept.error());
    if (!*kept || decode_snippet(**kept) != p.snippets[i])
      wrong(head_, "its snippet " + std::to_string(i)
                       + " is not what its document says");
  }
  return words_.expect(searchable(head_, p));
}

// -- back to a document
// ---------------------------------------------------------

caf::expected<void> package_checker::backwards() {
  caf::expected<void> outcome{caf::unit};
  auto ok = store_.db->each(
      summaries, {}, {},
      [&](std::string_view key, std::string_view) {
        auto kept = store_.document(key, &at_);
        if (!kept && code_of(kept.error()) != ec::internal)
          outcome = std::move(kept.error());
        else if (kept && (!*kept || !(*kept)->meta.present))
          wrong(key, "is in lists, but there is no such package");
        return static_cast<bool>(outcome);
      },
      &at_);
  if (!ok || !outcome)
    return ok ? outcome : ok;
  ok = store_.db->each(
      details, {}, {},
      [&](std::string_view key, std::string_view value) {
        outcome = check_detail(key, value);
        return static_cast<bool>(outcome);
      },
      &at_);
  return ok ? outcome : ok;
}

caf::expected<void> package_checker::check_detail(std::string_view key,
                                                  std::string_view value) {
  auto letter = key.front();
  auto rest = key.substr(1);
  auto summary = [&](std::string_view head) {
    auto record = store_.summary(head, &at_);
    // What is damaged has been told already.
    if (!record && code_of(record.error()) == ec::internal)
      record = std::optional<summary_record>{};
    return record;
  };
  if (letter == 't') {
    auto end = std::min(rest.find('\0'), rest.size());
    auto tag = std::string{rest.substr(0, end)};
    auto head = rest.substr(std::min(end + 1, rest.size()));
    auto record = summary(head);
    if (!record)
      return std::move(record.error());
    if (!*record
        || !std::binary_search((*record)->tags.begin(), (*record)->tags.end(),
                               tag))
      wrong(head, "is found by the tag \"" + tag + "\", which it has not");
  } else if (letter == 's') {
    auto head =
        rest.substr(0, rest.size() - std::min<std::size_t>(rest.size(), 5));
    auto record = summary(head);
    if (!record)
      return std::move(record.error());
    if (!*record || snippet_key(head, (*record)->snippets) <= key)
      wrong(head, "has a snippet that is in no document");
  } else if (letter == 'x') {
    auto revision = decode_revision(rest.substr(0, 8));
    auto head = rest.substr(std::min<std::size_t>(8, rest.size()));
    std::string kept;
    auto there = store_.db->get(documents, head, kept, &at_);
    if (!there)
      return std::move(there.error());
    auto meta = *there ? read_meta(kept) : std::nullopt;
    if (!revision || !*there || (meta && meta->removed < *revision))
      wrong(head, "was removed, but its record does not know");
  } else if (letter == 'n') {
    auto counted = counts_.find(std::string{rest});
    if (counted == counts_.end())
      wrong(rest, "has counters, but no packages");
  } else if (letter == 'o') {
    if (!decode_revision(value))
      wrong(rest, "its note for the other nodes is damaged");
  } else if (letter != 'c' && letter != 'm') {
    wrong(key, "is nothing that belongs here");
  }
  return caf::unit;
}

}  // namespace larder
