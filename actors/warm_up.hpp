// The warm-up actor: reads the source of truth page by page, and puts what it
// reads into memory and JetStream, one page at a time. Lives for one warm-up.
#pragma once

#include "actors/handles.hpp"
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
  void next_page();
  void keep(const std::vector<artifact_ptr>& page);
  void part_done();
  void finish(const caf::error& why);

  pointer self_;
  warm_up_job job_;
  std::uint64_t read_ = 0;
  std::optional<key> last_;
  bool last_page_ = false;
  std::size_t outstanding_ = 0;
  time_point began_;
  std::uint32_t generation_ = 0;
  std::uint32_t bucket_generation_ = 0;
};

caf::behavior warm_up(warm_up_state::pointer self, warm_up_job job);

}  // namespace larder
