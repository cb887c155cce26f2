#include "actors/collector.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <utility>

namespace larder {

namespace {

using pointer = collector_actor::stateful_pointer<collector_state>;

void dispatch(pointer self);

void count(collector_stats& stats, const collect_reply& reply) {
  stats.bytes += reply.bytes;
  switch (reply.outcome) {
  case collect_outcome::collected:
    ++stats.collected;
    break;
  case collect_outcome::unchanged:
    ++stats.unchanged;
    break;
  case collect_outcome::stale:
    ++stats.stale;
    break;
  case collect_outcome::failed:
    ++stats.failed;
    break;
  }
}

void finish(pointer self, const collector_state::flight_key& key,
            const collect_worker_actor& worker, const collect_reply& reply) {
  auto& state = self->state;
  count(state.stats, reply);
  auto flight = state.flights.extract(key);
  for (auto& promise : flight.mapped().waiting)
    promise.deliver(reply);
  state.idle.push_back(worker);
  dispatch(self);
}

void dispatch(pointer self) {
  auto& state = self->state;
  while (!state.idle.empty() && !state.queue.empty()) {
    auto worker = std::move(state.idle.back());
    state.idle.pop_back();
    auto key = std::move(state.queue.front());
    state.queue.pop_front();
    self->request(worker, caf::infinite, collect_atom::value,
                  state.flights.at(key).request)
        .then(
            [self, key, worker](const collect_reply& reply) {
              finish(self, key, worker, reply);
            },
            [self, key, worker](caf::error& err) {
              collect_reply reply;
              reply.failure = std::move(err);
              finish(self, key, worker, reply);
            });
  }
}

caf::result<collect_reply> collect(pointer self, collect_request& request) {
  auto& state = self->state;
  ++state.stats.asked;
  collector_state::flight_key key{request.package.ecosystem,
                                  request.package.name, request.version};
  auto found = state.flights.find(key);
  if (found != state.flights.end()) {
    ++state.stats.joined;
    auto promise = self->make_response_promise<collect_reply>();
    found->second.waiting.push_back(promise);
    return promise;
  }
  if (state.queue.size() >= state.context.max_waiting)
    return fail(ec::busy, std::to_string(state.queue.size())
                              + " packages wait to be collected; try again "
                                "later");
  // Not before here: once there is a promise, an error has to go through it.
  auto promise = self->make_response_promise<collect_reply>();
  auto& flight = state.flights[key];
  flight.request = std::move(request);
  flight.waiting.push_back(promise);
  state.queue.push_back(std::move(key));
  dispatch(self);
  return promise;
}

}  // namespace

collector_actor::behavior_type
collector(collector_actor::stateful_pointer<collector_state> self,
          collector_context context) {
  self->state.idle = context.workers;
  self->state.context = std::move(context);
  return {
      [self](collect_atom, collect_request& request) {
        return collect(self, request);
      },
      [self](stats_atom) {
        auto stats = self->state.stats;
        stats.waiting = self->state.queue.size();
        return stats;
      },
  };
}

collect_worker_actor::behavior_type collect_worker(
    collect_worker_actor::stateful_pointer<collect_worker_state> self,
    collect_function collect) {
  self->state.collect = std::move(collect);
  return {
      [self](collect_atom, const collect_request& request) {
        return self->state.collect(request);
      },
  };
}

}  // namespace larder
