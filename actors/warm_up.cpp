#include "actors/warm_up.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

constexpr std::uint64_t page_size = 512;
// One that the shards take, and one that is read meanwhile.
constexpr std::size_t most_pages = 2;
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
  auto want = std::min(page_size, job_.limit - asked_);
  asked_ += want;
  ++pages_;
  scanning_ = true;
  page_start start{self_->clock().now(), job_.memory->freshness->generation,
                   job_.memory->freshness->bucket_generation};
  self_
      ->request(job_.cold, patience, scan_atom::value, job_.type,
                static_cast<std::uint32_t>(want), last_)
      .then(
          [this, want, start](const std::vector<artifact_ptr>& page) {
            scanning_ = false;
            all_read_ = page.size() < want || asked_ >= job_.limit;
            if (!page.empty())
              last_ = key{std::string{page.back()->type()},
                          std::string{page.back()->id()}};
            if (!all_read_ && pages_ < most_pages)
              next_page();
            keep(page, start);
          },
          [this](const caf::error& why) { finish(why); });
}

void warm_up_state::keep(const std::vector<artifact_ptr>& page,
                         const page_start& start) {
  std::vector<std::vector<artifact_ptr>> by_shard(job_.shards.size());
  for (auto& value : page)
    by_shard[shard_of(value->name(), by_shard.size())].push_back(value);
  auto left = std::make_shared<std::size_t>(by_shard.size());
  auto part_done = [this, left, values = page.size()] {
    if (--*left == 0)
      page_kept(values);
  };
  for (std::size_t i = 0; i < by_shard.size(); ++i)
    self_
        ->request(job_.shards[i], patience, install_atom::value,
                  std::move(by_shard[i]), start.began, start.generation)
        .then([part_done](std::uint64_t) { part_done(); },
              [part_done](const caf::error&) { part_done(); });
  share(page, start);
}

// JetStream is the nodes' shared tier, not a condition, and nobody waits.
void warm_up_state::share(const std::vector<artifact_ptr>& page,
                          const page_start& start) {
  if (!job_.shared_contents || start.bucket_generation == 0)
    return;
  for (auto& value : page) {
    key k{std::string{value->type()}, std::string{value->id()}};
    if (!job_.shared_contents->lacks(k))
      continue;
    shared_fill fill{
        std::move(k), value, value->info(), 0, false, start.bucket_generation,
        true};
    caf::anon_send(job_.warm, write_atom::value, std::move(fill));
  }
}

void warm_up_state::page_kept(std::uint64_t values) {
  --pages_;
  kept_ += values;
  if (pages_ == 0 && all_read_)
    return finish({});
  job_.progress(kept_, false, {});
  if (!all_read_ && !scanning_)
    next_page();
}

void warm_up_state::finish(const caf::error& why) {
  job_.progress(kept_, true, why);
  self_->quit();
}

}  // namespace larder
