#include "tests/support/faulty_store.hpp"

namespace larder::test {

namespace {

caf::error not_reached() {
  return fail(ec::unavailable, "the store cannot be reached");
}

caf::error unknown() {
  return fail(ec::unavailable, "connection lost; the outcome is unknown");
}

}  // namespace

template <class T, class F>
caf::expected<T> store_link::call(const char* what, bool is_write, F at_store) {
  auto& c = conditions;
  auto& r = world_.random();
  auto refuse = r.chance(c.refuse);
  auto hang = r.chance(c.hang);
  auto doubt = r.chance(c.doubt) && is_write;
  auto committed = r.chance(0.5);
  auto slow = r.chance(c.slow);
  auto takes = r.between(c.fastest, slow ? c.slowest_of_all : c.slowest);
  auto before = r.between(0ns, takes);
  auto note = [&](const char* outcome) {
    world_.note("store " + std::to_string(where_.node) + ": " + what + outcome);
  };
  if (!world_.alive(where_))
    return not_reached();
  if (!c.reachable || refuse) {
    world_.block(where_, c.fastest);
    note(": not reached");
    return not_reached();
  }
  if (hang || takes > c.timeout) {
    world_.block(where_, c.timeout);
    note(": timed out");
    return fail(ec::deadline_exceeded, "the store's time-out passed");
  }
  // There, done at one moment, and back: anything can happen in between.
  if (!world_.block(where_, before) || !c.reachable)
    return not_reached();
  if (doubt && !committed) {
    note(": lost during the commit, not committed");
    return unknown();
  }
  caf::expected<T> result = at_store();
  note(doubt    ? ": lost during the commit, committed"
       : result ? ": done"
                : ": failed");
  // The process may end before it hears of it.
  if (!world_.block(where_, takes - before) || !c.reachable || doubt)
    return is_write ? unknown() : not_reached();
  return result;
}

caf::expected<std::vector<lookup>>
faulty_store::get(std::span<const key> keys) {
  return link_->call<std::vector<lookup>>("get", false,
                                          [&] { return (*store_)->get(keys); });
}

caf::expected<std::vector<lookup>>
faulty_store::revisions(std::span<const key> keys) {
  return link_->call<std::vector<lookup>>(
      "revisions", false, [&] { return (*store_)->revisions(keys); });
}

caf::expected<std::vector<caf::expected<version_info>>>
faulty_store::write(std::span<const write_request> requests) {
  return link_->call<store_link::written>("write", true, [&] {
    auto result = (*store_)->write(requests);
    if (result && link_->on_write)
      link_->on_write(requests, *result);
    return result;
  });
}

caf::expected<std::vector<list_item>>
faulty_store::list(const std::string& type, std::uint32_t limit,
                   const std::string& after) {
  return link_->call<std::vector<list_item>>(
      "list", false, [&] { return (*store_)->list(type, limit, after); });
}

caf::expected<std::vector<artifact_ptr>>
faulty_store::scan(const std::optional<std::string>& type, std::uint32_t limit,
                   const std::optional<key>& after) {
  return link_->call<std::vector<artifact_ptr>>(
      "scan", false, [&] { return (*store_)->scan(type, limit, after); });
}

caf::expected<artifact_matches>
faulty_store::search(const artifact_query& query) {
  return link_->call<artifact_matches>(
      "search", false, [&] { return (*store_)->search(query); });
}

caf::expected<bool> faulty_store::index(std::uint32_t limit) {
  // No reader is any wiser by it: not worth a place in every history.
  return *store_ ? (*store_)->index(limit) : caf::expected<bool>{not_reached()};
}

caf::expected<void> faulty_store::count_usage(std::span<const usage> reads) {
  return link_->call<void>("count usage", false,
                           [&] { return (*store_)->count_usage(reads); });
}

caf::expected<std::vector<fingerprint>>
faulty_store::fingerprints(std::span<const key> keys) {
  return link_->call<std::vector<fingerprint>>(
      "fingerprints", false, [&] { return (*store_)->fingerprints(keys); });
}

caf::expected<std::vector<fingerprint>>
faulty_store::changed_within(std::chrono::milliseconds ago,
                             std::uint32_t limit) {
  return link_->call<std::vector<fingerprint>>("changed within", false, [&] {
    return (*store_)->changed_within(ago, limit);
  });
}

caf::expected<std::vector<fingerprint>>
faulty_store::survey(const std::optional<std::string>& type,
                     std::uint32_t limit, const std::optional<key>& after) {
  return link_->call<std::vector<fingerprint>>(
      "survey", false, [&] { return (*store_)->survey(type, limit, after); });
}

caf::expected<bool> faulty_outbox::hold_lease(const std::string& name,
                                              const std::string& holder,
                                              std::chrono::milliseconds ttl) {
  return link_->call<bool>("hold lease", true, [&] {
    return (*outbox_)->hold_lease(name, holder, ttl);
  });
}

caf::expected<void> faulty_outbox::release_lease(const std::string& name,
                                                 const std::string& holder) {
  return link_->call<void>("release lease", true, [&] {
    return (*outbox_)->release_lease(name, holder);
  });
}

caf::expected<outbox_batch> faulty_outbox::unpublished(std::uint32_t limit) {
  return link_->call<outbox_batch>(
      "unpublished", false, [&] { return (*outbox_)->unpublished(limit); });
}

caf::expected<void> faulty_outbox::published(std::span<const std::int64_t> ids,
                                             const publication& upto) {
  return link_->call<void>("published", true,
                           [&] { return (*outbox_)->published(ids, upto); });
}

caf::expected<void> faulty_outbox::renew_bucket(std::uint32_t from) {
  return link_->call<void>("renew bucket", true,
                           [&] { return (*outbox_)->renew_bucket(from); });
}

caf::expected<larder::epoch>
faulty_outbox::raise_epoch(const larder::epoch& from) {
  return link_->call<larder::epoch>(
      "raise epoch", true, [&] { return (*outbox_)->raise_epoch(from); });
}

caf::expected<std::uint64_t> faulty_outbox::backlog() {
  return link_->call<std::uint64_t>("backlog", false,
                                    [&] { return (*outbox_)->backlog(); });
}

}  // namespace larder::test
