#include "storage/embedded_outbox.hpp"

#include "storage/embedded_moment.hpp"

#include <unordered_map>
#include <utility>

namespace larder {

using embedded::moment;

embedded_outbox::embedded_outbox(std::shared_ptr<embedded_database> database)
    : database_(std::move(database)) {}

caf::expected<bool> embedded_outbox::hold_lease(const std::string& name,
                                                const std::string& holder,
                                                std::chrono::milliseconds ttl) {
  return database_->hold_lease(name, holder, ttl);
}

caf::expected<void> embedded_outbox::release_lease(const std::string& name,
                                                   const std::string& holder) {
  database_->release_lease(name, holder);
  return caf::unit;
}

caf::expected<outbox_batch> embedded_outbox::unpublished(std::uint32_t limit) {
  auto taken = database_->unpublished(limit);
  auto at = moment::of(*database_, std::move(taken.at));
  if (!at)
    return at.error();
  outbox_batch batch;
  batch.epoch = at->epoch();
  batch.more = taken.more;
  std::string bytes;
  auto known =
      at->rocks().get(embedded::state, "publication", bytes, &at->at());
  if (!known)
    return known.error();
  auto upto = embedded::decode_publication(bytes);
  if (!upto)
    return embedded::damaged("how far publication has come");
  batch.upto = *upto;
  std::unordered_map<key, lookup, key_hash, key_equal> values;
  for (auto id : taken.ids) {
    auto found =
        at->rocks().get(embedded::outbox,
                        embedded::encode_number(static_cast<std::uint64_t>(id)),
                        bytes, &at->at());
    if (!found)
      return found.error();
    auto entry = *found ? embedded::decode_outbox(bytes) : std::nullopt;
    if (!entry)
      return embedded::damaged("the outbox");
    auto i = values.find(entry->key);
    if (i == values.end()) {
      auto value = at->look_up(entry->key);
      if (!value)
        return value.error();
      i = values.emplace(entry->key, std::move(*value)).first;
    }
    batch.rows.push_back({id,
                          std::move(entry->key),
                          {id, entry->version, batch.epoch},
                          entry->deleted,
                          i->second.value,
                          i->second.info});
  }
  return batch;
}

caf::expected<void>
embedded_outbox::published(std::span<const std::int64_t> ids,
                           const publication& upto) {
  return database_->published(ids, upto);
}

caf::expected<void> embedded_outbox::renew_bucket(std::uint32_t from) {
  return database_->renew_bucket(from);
}

caf::expected<larder::epoch>
embedded_outbox::raise_epoch(const larder::epoch& from) {
  return database_->raise_epoch(from);
}

caf::expected<std::uint64_t> embedded_outbox::backlog() {
  return database_->backlog();
}

}  // namespace larder
