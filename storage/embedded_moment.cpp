#include "storage/embedded_moment.hpp"

#include "storage/error.hpp"

#include <algorithm>

namespace larder::embedded {

caf::error damaged(const std::string& what) {
  return fail(ec::internal, what
                                + " in the embedded store is damaged: put its "
                                  "directory back from a copy");
}

caf::expected<moment> moment::of(const embedded_database& database) {
  return of(database, database.rocks().snapshot());
}

caf::expected<moment> moment::of(const embedded_database& database,
                                 rocks_snapshot at) {
  auto epoch = database.epoch_at(at);
  if (!epoch)
    return epoch.error();
  return moment{database, std::move(at), *epoch};
}

caf::expected<revision_row> moment::revision_of(const key& k) const {
  std::string bytes;
  auto known = rocks().get(revisions, encode(key_view{k}), bytes, &at_);
  if (!known)
    return known.error();
  if (!*known)
    return revision_row{};
  auto row = decode_revision(bytes);
  if (!row)
    return damaged("the revision of \"" + k.id + "\"");
  return *row;
}

caf::expected<lookup> moment::look_up(const key& k) const {
  std::string bytes;
  auto found = rocks().get(values, encode(key_view{k}), bytes, &at_);
  if (!found)
    return found.error();
  if (!*found) {
    auto row = revision_of(k);
    if (!row)
      return row.error();
    return lookup{nullptr, info_of(*row)};
  }
  auto value = decode_value(bytes);
  if (!value)
    return damaged("the value of \"" + k.id + "\"");
  version_info info{value->revision, value->version, epoch_};
  return lookup{artifact::make(k, value->content, info), info};
}

caf::expected<std::pair<fingerprint, artifact_ptr>>
moment::fingerprint_of(const key& k) const {
  auto row = revision_of(k);
  if (!row)
    return row.error();
  fingerprint f{k, info_of(*row), false, {}, {}};
  if (row->revision > 0)
    f.age = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::nanoseconds{
            std::max<std::int64_t>(0, database_.now() - row->changed_at)});
  if (row->deleted)
    return std::pair{std::move(f), artifact_ptr{}};
  auto found = look_up(k);
  if (!found)
    return found.error();
  f.present = found->value != nullptr;
  return std::pair{std::move(f), std::move(found->value)};
}

}  // namespace larder::embedded
