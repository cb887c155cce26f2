#include "actors/warm_up.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

constexpr std::uint64_t page_size = 256;
constexpr std::chrono::seconds patience{10};

}  // namespace

caf::behavior warm_up(warm_up_state::pointer self, warm_up_job job) {
  self->state.start(std::move(job));
  return {[](done_atom) {}};
}

void warm_up_state::start(warm_up_job job) {
  job_ = std::move(job);
  next_page();
}

void warm_up_state::next_page() {
  auto want = std::min(page_size, job_.limit - read_);
  began_ = self_->clock().now();
  generation_ = job_.memory->freshness->generation;
  bucket_generation_ = job_.memory->freshness->bucket_generation;
  self_
      ->request(job_.cold, patience, scan_atom::value, job_.type,
                static_cast<std::uint32_t>(want), last_)
      .then(
          [this, want](const std::vector<artifact_ptr>& page) {
            last_page_ = page.size() < want;
            read_ += page.size();
            keep(page);
          },
          [this](const caf::error& why) { finish(why); });
}

void warm_up_state::keep(const std::vector<artifact_ptr>& page) {
  if (page.empty())
    return finish({});
  auto& last = *page.back();
  last_ = key{std::string{last.type()}, std::string{last.id()}};
  std::vector<std::vector<artifact_ptr>> by_shard(job_.shards.size());
  for (auto& value : page)
    by_shard[shard_of(value->name(), by_shard.size())].push_back(value);
  outstanding_ = page.size() + by_shard.size();

  for (std::size_t i = 0; i < by_shard.size(); ++i)
    self_
        ->request(job_.shards[i], patience, install_atom::value,
                  std::move(by_shard[i]), began_, generation_)
        .then([this](std::uint64_t) { part_done(); },
              [this](const caf::error&) { part_done(); });
  // JetStream is the nodes' shared tier, not a condition: what it does not take
  // now it gets with the first miss.
  for (auto& value : page)
    self_
        ->request(
            job_.warm, patience, write_atom::value,
            shared_fill{{std::string{value->type()}, std::string{value->id()}},
                        value,
                        value->info(),
                        {},
                        false,
                        bucket_generation_})
        .then([this](bool) { part_done(); },
              [this](const caf::error&) { part_done(); });
}

void warm_up_state::part_done() {
  if (--outstanding_ > 0)
    return;
  if (last_page_ || read_ >= job_.limit)
    return finish({});
  job_.progress(read_, false, {});
  next_page();
}

void warm_up_state::finish(const caf::error& why) {
  job_.progress(read_, true, why);
  self_->quit();
}

}  // namespace larder
