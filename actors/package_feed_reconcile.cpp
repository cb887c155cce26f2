// After a gap in the log: the feed compares all packages, page by page, with
// the database or, where there is none that answers, with every other node, and
// takes what is newer there. The place in the log is kept only when that is
// done.
#include "actors/package_feed.hpp"
#include "actors/package_worker.hpp"
#include "actors/port.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

constexpr std::chrono::milliseconds patience{500};
constexpr std::uint32_t page_size = 500;

}  // namespace

void package_feed_state::reconcile() {
  reconciling_ = true;
  whole_ = true;
  if (context_.database)
    return reconcile_with({std::string{}});
  reconcile_with_nodes();
}

void package_feed_state::reconcile_with_nodes() {
  using names = std::vector<std::string>;
  ask<names>(
      self_,
      [this](auto answered) { context_.peers->nodes(patience, answered); },
      [this](caf::expected<names> nodes) {
        if (!nodes)
          return reconciled(false);
        std::erase(*nodes, context_.node);
        nodes_compared_ = !nodes->empty();
        reconcile_with(std::move(*nodes));
      });
}

void package_feed_state::reconcile_with(std::vector<std::string> nodes) {
  sources_ = std::move(nodes);
  next_source();
}

void package_feed_state::next_source() {
  if (sources_.empty())
    return reconciled(whole_);
  source_ = std::move(sources_.back());
  sources_.pop_back();
  after_.reset();
  next_page();
}

void package_feed_state::next_page() {
  auto then = [this](caf::expected<package_revision_page> page) {
    if (page)
      return compare(*page);
    // Once, however often the database is asked.
    if (!source_.empty() || !nodes_compared_)
      spdlog::warn("packages: cannot compare with {}: {}; trying again",
                   source_.empty() ? "the database" : "node " + source_,
                   message_of(page.error()));
    whole_ = false;
    // Nodes that are away may have told the database alone: it is asked again.
    // But most of what it has the others have too.
    if (source_.empty() && !nodes_compared_)
      return reconcile_with_nodes();
    if (!source_.empty())
      nodes_compared_ = false;
    next_source();
  };
  if (source_.empty())
    return ask<package_revision_page>(
        self_,
        in_database<package_revision_page>(
            context_.database,
            [after = after_](package_database& d) {
              return d.revisions(page_size, after);
            }),
        then);
  ask<package_revision_page>(
      self_,
      [this](auto answered) {
        context_.peers->revisions(source_, page_size, after_, context_.timeout,
                                  answered);
      },
      then);
}

void package_feed_state::compare(const package_revision_page& page) {
  auto b = std::make_shared<batch>();
  for (auto& item : page.items) {
    if (item.removed_at > 0)
      b->events.push_back({{item.key, "", item.removed_at, true}, source_});
    for (auto& kept : item.versions)
      b->events.push_back(
          {{item.key, kept.version, kept.revision, false}, source_});
  }
  b->done = [this, next = page.next](bool applied) {
    // The store failed; there is no use in going on.
    if (!applied) {
      nodes_compared_ = false;
      return reconciled(false);
    }
    if (!next)
      return next_source();
    after_ = next;
    next_page();
  };
  settle(std::move(b));
}

void package_feed_state::reconciled(bool whole) {
  reconciling_ = false;
  if (!whole)
    return;  // the next poll begins again
  must_reconcile_ = nodes_compared_ = false;
  keep_place();
}

}  // namespace larder
