// Checking, repairing and copying a package store.
#include "storage/error.hpp"
#include "storage/ordered_key.hpp"
#include "storage/package_batch.hpp"
#include "storage/package_check.hpp"
#include "storage/package_store_parts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace larder {

using namespace package_records;
namespace fs = std::filesystem;

caf::expected<package_check>
package_store::check(const package_progress& progress) const {
  if (auto ok = parts_->db->verify(); !ok)
    return std::move(ok.error());
  return package_checker{*parts_}.run(progress);
}

// Not one batch, since the store may be of any size. A note that it is under
// way comes first and goes last, so that whoever opens the store after a crash
// begins again.
caf::expected<void> package_store::reindex(const package_progress& progress) {
  package_batch batch{*parts_};
  {
    rocks_batch first;
    first.put(details, unfinished_key, {});
    for (char letter : {'n', 's', 't'}) {
      std::string begin(1, letter);
      first.erase_range(details, begin, ordered_key::end_of_prefix(begin));
    }
    // Names are UTF-8, which has no such byte.
    first.erase_range(summaries, {}, "\xFF");
    parts_->index.clear(first);
    if (auto ok = parts_->db->write(first); !ok)
      return ok;
  }
  auto total = parts_->db->sizes(documents).keys;
  std::uint64_t done = 0;
  auto at = parts_->db->snapshot();
  caf::error broken;
  std::string head;
  std::optional<package> top;
  std::string ecosystem;
  std::uint64_t bytes = 0;
  std::int64_t revision = 0;
  std::uint32_t versions = 0;
  auto close_package = [&]() -> caf::expected<void> {
    if (!top)
      return caf::unit;
    auto summary = summary_of(*top, bytes, revision, versions);
    batch.add_details(head, *top, summary);
    batch.count(ecosystem, {1, versions, summary.snippets, 0});
    top.reset();
    if (batch.bytes() < (8u << 20))
      return caf::unit;
    return batch.commit();
  };
  auto ok = parts_->db->each(
      documents, {}, {},
      [&](std::string_view key, std::string_view value) {
        std::string json{value};
        auto meta = take_meta(json);
        auto prefix = versions_prefix(head);
        if (!head.empty() && key.starts_with(prefix)) {
          versions += 1;
          if (meta)
            batch.count(ecosystem,
                        {0, 0, 0, static_cast<std::int64_t>(json.size())});
          return true;
        }
        if (auto closed = close_package(); !closed) {
          broken = std::move(closed.error());
          return false;
        }
        if (progress && ++done % 1'000 == 0)
          progress(done, std::max(done, total));
        head = key;
        ecosystem = head.substr(0, head.find('\0'));
        if (!meta || !meta->present)
          return true;
        auto p = parse_package(json, no_limits);
        // check() tells; the rest of the store can be found again.
        if (!p)
          return true;
        top = std::move(*p);
        bytes = json.size();
        revision = meta->revision;
        versions = 1;
        batch.count(ecosystem, {0, 0, 0, static_cast<std::int64_t>(bytes)});
        return true;
      },
      &at);
  if (!ok)
    return ok;
  if (broken)
    return broken;
  if (auto closed = close_package(); !closed)
    return closed;
  if (auto written = batch.commit(); !written)
    return written;
  if (progress)
    progress(done, done);
  rocks_batch last;
  last.erase(details, unfinished_key);
  last.put(details, rules_key, rules);
  return parts_->db->write(last);
}

caf::expected<void> package_store::backup(const std::string& directory) const {
  std::error_code ignored;
  if (fs::exists(directory, ignored))
    return fail(ec::invalid_request,
                directory + " exists already; expected another name");
  return parts_->db->checkpoint(directory);
}

caf::expected<void> package_store::restore(const std::string& backup,
                                           const std::string& to) {
  auto says = [](const std::string& what, const std::error_code& why) {
    return fail(ec::unavailable, what + ": " + why.message());
  };
  std::error_code why;
  if (!fs::exists(fs::path{backup} / "CURRENT", why))
    return fail(ec::invalid_request,
                backup + " holds no backup of a package store");
  auto replaced = to + ".replaced", copy = to + ".restoring";
  if (fs::exists(replaced, why))
    return fail(ec::invalid_request,
                replaced
                    + " is there from an earlier restore; remove it, or "
                      "move it away");
  package_store_options options;
  options.least_free_bytes = 0;
  options.reserve_bytes = 0;
  if (fs::exists(fs::path{to} / "CURRENT", why)) {
    // The lock tells whether a node has it open. A store that is too damaged
    // to open is what a backup is for.
    options.directory = to;
    if (auto open = package_store::open(options);
        !open
        && message_of(open.error()).find("is open already")
               != std::string::npos)
      return std::move(open.error());
  }
  fs::remove_all(copy, why);
  fs::create_directories(fs::path{to}.parent_path(), why);
  fs::copy(backup, copy, fs::copy_options::recursive, why);
  if (why)
    return says("copying " + backup + " to " + copy, why);
  {
    options.directory = copy;
    auto open = package_store::open(options);
    if (!open)
      return std::move(open.error());
  }
  // The old store goes only when the copy cannot be lost any more.
  if (auto fd = ::open(copy.c_str(), O_RDONLY | O_DIRECTORY); fd >= 0) {
    auto failed = ::syncfs(fd) != 0;
    ::close(fd);
    if (failed)
      return says("syncing " + copy, std::make_error_code(std::errc::io_error));
  }
  if (fs::exists(to, why)) {
    fs::rename(to, replaced, why);
    if (why)
      return says("moving " + to + " to " + replaced, why);
  }
  fs::rename(copy, to, why);
  if (why)
    return says("moving " + copy + " to " + to, why);
  return caf::unit;
}

}  // namespace larder
