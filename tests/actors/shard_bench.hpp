// One shard between scripted tiers: what stands above it (a reader of the read
// view, callers) and below it (JetStream, the source of truth) is the test.
//
// Used by the shard's tests. Thread rule: one thread.
#pragma once

#include "actors/shard.hpp"
#include "storage/read_view.hpp"
#include "tests/actors/scripted_tiers.hpp"
#include "tests/support/actor_fixture.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace larder::test {

using namespace std::chrono_literals;

class shard_bench : public actor_fixture {
 protected:
  shard_bench();
  ~shard_bench() override { view.offline(); }

  /// With other settings than the usual ones, before the first call.
  void start(const std::function<void(shard_context&)>& change = {});

  // -- what a caller does ----------------------------------------------------

  pending<answer> get(read_options options = {});
  pending<answer> get_at_least(std::int64_t revision);
  pending<version_info> put(std::string content);
  pending<version_info> remove();
  /// What the front door would answer from memory; "" for nothing.
  std::string in_view(std::int64_t min_revision = 0);

  // -- what the invalidation actor does --------------------------------------

  /// Memory needs no proof for so long, counted from now.
  void fence(std::chrono::milliseconds for_so_long = 2s);
  void change_to(std::int64_t revision, bool deleted = false);
  void invalidate() { change_to(0); }
  /// As another node tells that committed it; the log does not, yet.
  void hear_of(std::int64_t revision, artifact_ptr value = nullptr);
  void begin_epoch(std::string_view name);
  std::uint64_t install(artifact_ptr value, time_point began,
                        std::uint32_t generation);
  shard_stats stats();

  // -- what the tiers hold ---------------------------------------------------

  version_info version(std::int64_t revision) const;
  artifact_ptr value(std::int64_t revision, std::string content = {}) const;
  lookup truth(std::int64_t revision) const;
  kv_entry shared(std::int64_t revision, std::uint64_t sequence = 1) const;
  /// Puts the revision into memory by way of the source of truth.
  void hold(std::int64_t revision);
  /// Answers the next read of the source of truth.
  void truth_answers(std::int64_t revision);

  key k{"framework", "phoenix"};
  epoch now_epoch{"one"};
  std::shared_ptr<hot_tier> tier = std::make_shared<hot_tier>();
  scripted_cold cold;
  scripted_warm warm;
  /// What it has told the other nodes.
  std::vector<change_notice> told;
  shard_actor subject;
  read_view view{tier};
};

}  // namespace larder::test
