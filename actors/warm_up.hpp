// The warm-up actor: reads the source of truth page by page into memory, the
// next page while the shards take the last one, and lets JetStream have what it
// lacks, later. Lives for one warm-up.
#pragma once

#include "actors/handles.hpp"
#include "storage/kv_contents.hpp"
#include "storage/read_view.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder {

struct warm_up_job {
  std::shared_ptr<hot_tier> memory;
  std::vector<shard_actor> shards;
  warm_actor warm;
  /// What JetStream lacks; null: not known, so it is left as it is.
  std::shared_ptr<const kv_contents> shared_contents;
  cold_actor cold;
  /// Of one type, if given.
  std::optional<std::string> type;
  std::uint64_t limit = 0;
  /// Called after each page with how many values were read so far; at the end
  /// with `done`, and why it ended if it failed.
  std::function<void(std::uint64_t read, bool done, const caf::error& why)>
      progress;
};

class warm_up_state {
 public:
  using pointer = caf::stateful_actor<warm_up_state>*;
  static inline const char* name = "warm_up";

  explicit warm_up_state(pointer self) : self_(self) {}
  void start(warm_up_job job);

 private:
  /// What is known when a page is asked for.
  struct page_start {
    time_point began;
    std::uint32_t generation = 0;
    std::uint32_t bucket_generation = 0;
  };

  void next_page();
  void keep(const std::vector<artifact_ptr>& page, const page_start& start);
  void share(const std::vector<artifact_ptr>& page, const page_start& start);
  void page_kept(std::uint64_t values);
  void finish(const caf::error& why);

  pointer self_;
  warm_up_job job_;
  std::uint64_t asked_ = 0;
  std::uint64_t kept_ = 0;
  std::optional<key> last_;
  bool scanning_ = false;
  bool all_read_ = false;
  /// Asked for and not yet in memory.
  std::size_t pages_ = 0;
};

caf::behavior warm_up(warm_up_state::pointer self, warm_up_job job);

}  // namespace larder
