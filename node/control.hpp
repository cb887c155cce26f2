// The control actor: operators' messages (`larder.control.…`) and the NATS
// service protocol (`$SRV.…`, ADR-32), JSON both ways.
#pragma once

#include "actors/handles.hpp"
#include "actors/package_handles.hpp"
#include "actors/statistics.hpp"
#include "config/settings.hpp"
#include "node/call.hpp"
#include "storage/kv_contents.hpp"
#include "storage/read_view.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace larder {

using control_actor = caf::typed_actor<
    // Answer it, now or later, once or (warm) several times.
    caf::reacts_to<call_ptr>>;

struct control_context {
  std::shared_ptr<hot_tier> memory;
  std::vector<shard_actor> shards;
  warm_actor warm;
  std::shared_ptr<const kv_contents> shared_contents;
  cold_actor cold;
  statistics_actor statistics;
  sampler_actor sampler;
  config::settings settings;
  /// Asks the package store, where it takes long; null: no packages are kept.
  package_worker_actor packages;
  /// The source of truth, as a tier.
  std::string truth;
  std::string node_id;
  /// RFC 3339.
  std::string started;
  time_point started_at;
  /// The same as /readyz says.
  std::function<bool()> ready;
};

class control_state {
 public:
  using pointer = control_actor::stateful_pointer<control_state>;
  static inline const char* name = "control";

  explicit control_state(pointer self) : self_(self) {}
  void start(control_context context);
  void serve(call_ptr c);

 private:
  using operation = void (control_state::*)(call_ptr, const nlohmann::json&);
  static operation find(std::string_view name);

  void ping(call_ptr c, const nlohmann::json& request);
  void stats(call_ptr c, const nlohmann::json& request);
  void info(call_ptr c, const nlohmann::json& request);
  void warm(call_ptr c, const nlohmann::json& request);
  void clear(call_ptr c, const nlohmann::json& request);
  // See control_checks.cpp.
  void held(call_ptr c, const nlohmann::json& request);
  void held_in_jetstream(call_ptr c, std::vector<key> keys);
  void truth(call_ptr c, const nlohmann::json& request);
  // See control_packages.cpp.
  void packages_check(call_ptr c, const nlohmann::json& request);
  void packages_backup(call_ptr c, const nlohmann::json& request);
  void ask_packages(
      call_ptr c,
      std::function<caf::expected<std::string>(package_store&)> question);
  void later(call_ptr c, const nlohmann::json& request);

  void service(call_ptr c);
  void with_statistics(call_ptr c,
                       std::function<void(const node_statistics&)> then);
  void answer(const call_ptr& c, const nlohmann::ordered_json& body);
  void refuse(const call_ptr& c, const caf::error& why);

  pointer self_;
  control_context context_;
  /// What the front door sees.
  std::unique_ptr<read_view> view_;
  std::mt19937_64 random_{std::random_device{}()};
};

control_actor::behavior_type control(control_state::pointer self,
                                     control_context context);

}  // namespace larder
