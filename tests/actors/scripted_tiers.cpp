#include "tests/actors/scripted_tiers.hpp"

namespace larder::test {

namespace {

caf::error unscripted() {
  return fail(ec::not_supported, "no test asks for this");
}

/// Notes the request in `to`; answered later.
template <class Reply, class Self, class What>
caf::result<Reply> note(Self* self, std::deque<asked<What, Reply>>& to,
                        What what) {
  auto reply = self->template make_response_promise<Reply>();
  to.push_back({std::move(what), reply});
  return reply;
}

}  // namespace

cold_actor scripted_cold::spawn(caf::actor_system& system) {
  return system.spawn([this](cold_actor::pointer self)
                          -> cold_actor::behavior_type {
    return {
        [=, this](get_atom, const key& k, time_point deadline) {
          return note<lookup>(self, reads, read_question{k, true, deadline});
        },
        [=, this](verify_atom, const key& k, time_point deadline) {
          return note<lookup>(self, reads, read_question{k, false, deadline});
        },
        [=, this](write_atom, const write_request& request) {
          return note<version_info>(self, writes, request);
        },
        [](list_atom, const std::string&, std::uint32_t, const std::string&)
            -> caf::result<std::vector<list_item>> { return unscripted(); },
        [](scan_atom, const std::optional<std::string>&, std::uint32_t,
           const std::optional<key>&)
            -> caf::result<std::vector<artifact_ptr>> { return unscripted(); },
        [](search_atom, const artifact_query&)
            -> caf::result<artifact_matches> { return unscripted(); },
        [this](usage_atom, const std::vector<usage>& reads) {
          used.insert(used.end(), reads.begin(), reads.end());
        },
        [](flush_atom) {},
        [](sweep_atom) {},
        [](index_atom) {},
        [](stats_atom) { return cold_stats{}; },
    };
  });
}

warm_actor scripted_warm::spawn(caf::actor_system& system) {
  return system.spawn(
      [this](warm_actor::pointer self) -> warm_actor::behavior_type {
        return {
            [=, this](get_atom, const key& k) {
              return note<kv_entry>(self, gets, k);
            },
            [=, this](write_atom, const shared_fill& fill) {
              return note<bool>(self, writes, fill);
            },
            [this](lease_atom, const key&) {
              ++leases_asked;
              return grants_leases;
            },
            [this](release_atom, const key&) { ++leases_released; },
            [](clear_atom, const std::optional<std::string>&) {
              return done_atom::value;
            },
            [](const continuation&) {},
            [](stats_atom) { return warm_stats{}; },
        };
      });
}

shard_actor scripted_shard::spawn(caf::actor_system& system) {
  return system.spawn([this](shard_actor::pointer self)
                          -> shard_actor::behavior_type {
    return {
        [](get_atom, const key&, const read_options&) -> caf::result<answer> {
          return unscripted();
        },
        [](write_atom, const write_request&) -> caf::result<version_info> {
          return unscripted();
        },
        [=, this](apply_atom, const change_notice& change) {
          return note<done_atom>(self, changes, change);
        },
        [](hear_atom, const change_notice&) {},
        [](install_atom, const std::vector<artifact_ptr>&, time_point,
           std::uint32_t) { return std::uint64_t{0}; },
        [](clear_atom, const std::optional<std::string>&) {
          return std::uint64_t{0};
        },
        [=, this](epoch_atom) { return note<done_atom>(self, epochs, true); },
        [](sweep_atom) {},
        [](const continuation&) {},
        [](stats_atom) { return shard_stats{}; },
    };
  });
}

relay_actor scripted_relay::spawn(caf::actor_system& system) {
  return system.spawn(
      [this](relay_actor::pointer) -> relay_actor::behavior_type {
        return {
            [](wake_atom) {},
            [](fence_atom, const std::string&) {},
            [](poll_atom, std::uint64_t) {},
            [](const continuation&) {},
            [this](epoch_atom, const epoch& from) { ended.push_back(from); },
            [](stop_atom) { return done_atom::value; },
            [](stats_atom) { return relay_stats{}; },
        };
      });
}

cold_worker_actor scripted_worker::spawn(caf::actor_system& system) {
  return system.spawn([this](cold_worker_actor::pointer self)
                          -> cold_worker_actor::behavior_type {
    return {
        [=, this](get_atom, const std::vector<key>& keys) {
          return note<std::vector<lookup>>(self, reads,
                                           keys_question{keys, true});
        },
        [=, this](verify_atom, const std::vector<key>& keys) {
          return note<std::vector<lookup>>(self, reads,
                                           keys_question{keys, false});
        },
        [=, this](write_atom, const std::vector<write_request>& requests) {
          return note<std::vector<write_outcome>>(self, writes, requests);
        },
        [=, this](list_atom, const std::string& type, std::uint32_t,
                  const std::string&) {
          return note<std::vector<list_item>>(self, lists, type);
        },
        [](scan_atom, const std::optional<std::string>&, std::uint32_t,
           const std::optional<key>&)
            -> caf::result<std::vector<artifact_ptr>> { return unscripted(); },
        [=, this](search_atom, const artifact_query& query) {
          return note<artifact_matches>(self, searches, query.words);
        },
        [this](index_atom, std::uint32_t) {
          ++indexed;
          return more_to_index;
        },
        [=, this](usage_atom, const std::vector<usage>& reads) {
          return note<done_atom>(self, used, reads);
        },
    };
  });
}

}  // namespace larder::test
