#include "actors/cold_worker.hpp"

#include <utility>

namespace larder {

namespace {

/// The store's answer as a message.
template <class T>
caf::result<T> reply(caf::expected<T> answer) {
  if (!answer)
    return answer.error();
  return std::move(*answer);
}

caf::result<std::vector<write_outcome>>
outcomes(caf::expected<std::vector<caf::expected<version_info>>> written) {
  if (!written)
    return written.error();
  std::vector<write_outcome> result;
  result.reserve(written->size());
  for (auto& one : *written)
    result.push_back(one ? write_outcome{*one, {}}
                         : write_outcome{{}, one.error()});
  return result;
}

}  // namespace

cold_worker_actor::behavior_type
cold_worker(cold_worker_actor::stateful_pointer<cold_worker_state> self,
            std::shared_ptr<std::unique_ptr<truth_store>> store) {
  self->state.store = std::move(*store);
  auto& truth = *self->state.store;
  return {
      [&truth](get_atom, const std::vector<key>& keys) {
        return reply(truth.get(keys));
      },
      [&truth](verify_atom, const std::vector<key>& keys) {
        return reply(truth.revisions(keys));
      },
      [&truth](write_atom, const std::vector<write_request>& requests) {
        return outcomes(truth.write(requests));
      },
      [&truth](list_atom, const std::string& type, std::uint32_t limit,
               const std::string& after) {
        return reply(truth.list(type, limit, after));
      },
      [&truth](scan_atom, const std::optional<std::string>& type,
               std::uint32_t limit, const std::optional<key>& after) {
        return reply(truth.scan(type, limit, after));
      },
      [&truth](search_atom, const artifact_query& query) {
        return reply(truth.search(query));
      },
      [&truth](index_atom, std::uint32_t limit) {
        return reply(truth.index(limit));
      },
      [&truth](usage_atom,
               const std::vector<usage>& reads) -> caf::result<done_atom> {
        if (auto done = truth.count_usage(reads); !done)
          return done.error();
        return done_atom::value;
      },
  };
}

}  // namespace larder
