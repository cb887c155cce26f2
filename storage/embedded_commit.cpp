#include "storage/embedded_commit.hpp"

#include "storage/embedded_text.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"
#include "storage/utf8.hpp"

#include <algorithm>
#include <utility>

namespace larder {

using namespace embedded;

namespace {

constexpr std::uint32_t metadata_depth = 64;

caf::error check(const write_request& w) {
  auto refuse = [](const char* what) {
    return fail(ec::invalid_request, std::string{what}
                                         + " holds a NUL or bytes that are not "
                                           "UTF-8, which are no text");
  };
  if (!is_utf8_text(w.key.type) || !is_utf8_text(w.key.id))
    return refuse("the key");
  if (w.content && !is_utf8_text(*w.content))
    return refuse("the value");
  if (w.tags && !std::all_of(w.tags->begin(), w.tags->end(), is_utf8_text))
    return refuse("a tag");
  if (w.metadata)
    if (auto ok = check_json_object(*w.metadata, metadata_depth); !ok)
      return fail(ec::invalid_request, "the metadata is not a JSON object: "
                                           + message_of(ok.error()));
  return {};
}

caf::error damaged(const key& k) {
  return fail(ec::internal, "what the embedded store has of \"" + k.type
                                + "\" \"" + k.id
                                + "\" is damaged: put its directory back from "
                                  "a copy");
}

}  // namespace

embedded_commit::embedded_commit(const rocks_database& rocks,
                                 const search_index& index,
                                 std::int64_t revision, std::int64_t now,
                                 larder::epoch epoch)
    : rocks_(rocks), index_(index), revision_(revision), now_(now),
      epoch_(std::move(epoch)) {}

caf::expected<embedded_commit::touched*> embedded_commit::load(const key& k) {
  if (auto i = keys_.find(k); i != keys_.end())
    return &i->second;
  touched t;
  std::string bytes;
  auto name = encode(key_view{k});
  auto known = rocks_.get(revisions, name, bytes);
  if (!known)
    return known.error();
  if (*known) {
    auto row = decode_revision(bytes);
    if (!row)
      return damaged(k);
    t.row = t.row_before = *row;
    if (!row->deleted) {
      auto found = rocks_.get(values, name, bytes);
      if (!found)
        return found.error();
      if (*found)
        t.value_before = decode_value(bytes);
      if (!t.value_before)
        return damaged(k);
      t.value = t.value_before;
    }
  }
  return &keys_.emplace(k, std::move(t)).first->second;
}

caf::expected<version_info> embedded_commit::apply(const write_request& w) {
  if (auto err = check(w))
    return err;
  auto loaded = load(w.key);
  if (!loaded)
    return loaded.error();
  auto& t = **loaded;
  auto current = t.value ? t.row.revision : 0;
  if (w.expected_revision && *w.expected_revision != current)
    return conflict(current, current == 0
                                 ? "there is no such key; expected revision "
                                       + std::to_string(*w.expected_revision)
                                 : "the current revision is "
                                       + std::to_string(current) + ", expected "
                                       + std::to_string(*w.expected_revision));
  if (!w.content && !t.value)
    return fail(ec::not_found, "no artifact of type \"" + w.key.type
                                   + "\" has the id \"" + w.key.id
                                   + "\": there is nothing to delete");
  t.changed = true;
  t.row.revision = ++revision_;
  t.row.version += w.content ? 1 : 0;
  t.row.deleted = !w.content;
  t.row.changed_at = now_;
  if (w.content) {
    if (!t.value)
      t.value.emplace();
    t.value->revision = t.row.revision;
    t.value->version = t.row.version;
    t.value->content = *w.content;
    if (w.metadata)
      t.value->metadata = *w.metadata;
    if (w.tags)
      t.value->tags = *w.tags;
  } else {
    t.value.reset();
  }
  added_.push_back(t.row.revision);
  entries_.push_back({w.key, t.row.version, !w.content});
  return version_info{t.row.revision, t.row.version, epoch_};
}

bool embedded_commit::finish(rocks_batch& batch) {
  search_update words{index_};
  for (auto& [k, t] : keys_) {
    if (!t.changed)
      continue;
    auto name = encode(key_view{k});
    if (t.row_before.revision > 0)
      batch.erase(changes,
                  change_key(t.row_before.changed_at, t.row_before.revision));
    batch.put(changes, change_key(t.row.changed_at, t.row.revision), name);
    batch.put(revisions, name, encode(t.row));
    if (t.value)
      batch.put(values, name, encode(*t.value));
    else if (t.value_before)
      batch.erase(values, name);
    if (!t.value)
      batch.erase(embedded::usage, name);
    std::optional<search_document> before, after;
    if (t.value_before)
      before = document_of(k, *t.value_before);
    if (t.value)
      after = document_of(k, *t.value);
    words.change(before ? &*before : nullptr, after ? &*after : nullptr);
  }
  for (std::size_t i = 0; i < added_.size(); ++i)
    batch.put(embedded::outbox,
              encode_number(static_cast<std::uint64_t>(added_[i])),
              encode(entries_[i]));
  return static_cast<bool>(words.finish(batch));
}

}  // namespace larder
