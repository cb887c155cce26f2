#include "storage/embedded_records.hpp"

#include "storage/ordered_key.hpp"

namespace larder::embedded {

namespace {

using ordered_key::append;
using ordered_key::take;

void append_text(std::string& to, std::string_view text) {
  append(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}

bool take_text(std::string_view& from, std::string& text) {
  std::uint32_t size = 0;
  if (!take(from, size) || from.size() < size)
    return false;
  text = from.substr(0, size);
  from.remove_prefix(size);
  return true;
}

/// Signed numbers of ours are never negative.
template <class Signed>
void append_signed(std::string& to, Signed number) {
  append(to, static_cast<std::make_unsigned_t<Signed>>(number));
}

template <class Signed>
bool take_signed(std::string_view& from, Signed& number) {
  std::make_unsigned_t<Signed> read = 0;
  if (!take(from, read))
    return false;
  number = static_cast<Signed>(read);
  return true;
}

bool take_flag(std::string_view& from, bool& flag) {
  std::uint8_t byte = 0;
  if (!take(from, byte) || byte > 1)
    return false;
  flag = byte == 1;
  return true;
}

}  // namespace

std::vector<std::string> family_names() {
  return {"state",   "revisions", "values", "outbox",
          "changes", "usage",     "search"};
}

std::string encode(key_view k) {
  auto bytes = prefix_of(k.type);
  bytes += k.id;
  return bytes;
}

std::string prefix_of(std::string_view type) {
  std::string bytes{type};
  bytes += '\0';
  return bytes;
}

key decode_key(std::string_view bytes) {
  auto end = bytes.find('\0');
  return {std::string{bytes.substr(0, end)},
          std::string{bytes.substr(std::min(end, bytes.size() - 1) + 1)}};
}

std::string encode_number(std::uint64_t number) {
  std::string bytes;
  append(bytes, number);
  return bytes;
}

std::uint64_t decode_number(std::string_view bytes) {
  std::uint64_t number = 0;
  take(bytes, number);
  return number;
}

std::string encode(const revision_row& row) {
  std::string bytes;
  append_signed(bytes, row.revision);
  append_signed(bytes, row.version);
  append(bytes, static_cast<std::uint8_t>(row.deleted));
  append_signed(bytes, row.changed_at);
  return bytes;
}

std::optional<revision_row> decode_revision(std::string_view bytes) {
  revision_row row;
  if (take_signed(bytes, row.revision) && take_signed(bytes, row.version)
      && take_flag(bytes, row.deleted) && take_signed(bytes, row.changed_at))
    return row;
  return {};
}

std::string encode(const value_row& row) {
  std::string bytes;
  bytes.reserve(row.content.size() + row.metadata.size() + 64);
  append_signed(bytes, row.revision);
  append_signed(bytes, row.version);
  append_text(bytes, row.metadata);
  append(bytes, static_cast<std::uint32_t>(row.tags.size()));
  for (auto& tag : row.tags)
    append_text(bytes, tag);
  bytes += row.content;
  return bytes;
}

std::optional<value_row> decode_value(std::string_view bytes) {
  value_row row;
  std::uint32_t tags = 0;
  if (!take_signed(bytes, row.revision) || !take_signed(bytes, row.version)
      || !take_text(bytes, row.metadata) || !take(bytes, tags)
      || tags > bytes.size())
    return {};
  row.tags.resize(tags);
  for (auto& tag : row.tags)
    if (!take_text(bytes, tag))
      return {};
  row.content = bytes;
  return row;
}

std::string encode(const outbox_entry& entry) {
  std::string bytes;
  append_signed(bytes, entry.version);
  append(bytes, static_cast<std::uint8_t>(entry.deleted));
  bytes += encode(key_view{entry.key});
  return bytes;
}

std::optional<outbox_entry> decode_outbox(std::string_view bytes) {
  outbox_entry entry;
  if (!take_signed(bytes, entry.version) || !take_flag(bytes, entry.deleted)
      || bytes.find('\0') == std::string_view::npos)
    return {};
  entry.key = decode_key(bytes);
  return entry;
}

std::string encode(const publication& upto) {
  std::string bytes;
  append(bytes, upto.log_sequence);
  append(bytes, upto.bucket_generation);
  append(bytes, upto.bucket_mark);
  bytes += upto.message_id;
  return bytes;
}

std::optional<publication> decode_publication(std::string_view bytes) {
  publication upto;
  if (!take(bytes, upto.log_sequence) || !take(bytes, upto.bucket_generation)
      || !take(bytes, upto.bucket_mark))
    return {};
  upto.message_id = bytes;
  return upto;
}

std::string change_key(std::int64_t changed_at, std::int64_t revision) {
  std::string bytes;
  append_signed(bytes, changed_at);
  append_signed(bytes, revision);
  return bytes;
}

}  // namespace larder::embedded
