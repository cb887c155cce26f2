#include "storage/package_records.hpp"

#include "storage/ordered_key.hpp"
#include "storage/utf8.hpp"

#include <algorithm>
#include <utility>

namespace larder::package_records {

namespace {

constexpr char separator = '\0';

std::string join(std::string_view a, std::string_view b) {
  std::string key;
  key.reserve(a.size() + 1 + b.size());
  key.append(a).push_back(separator);
  return key.append(b);
}

std::string lettered(char letter, std::string_view rest) {
  std::string key(1, letter);
  return key.append(rest);
}

void put(std::string& to, std::int64_t number) {
  ordered_key::append_u64(to, static_cast<std::uint64_t>(number));
}

void put(std::string& to, std::string_view text) {
  ordered_key::append_u32(to, static_cast<std::uint32_t>(text.size()));
  to.append(text);
}

/// Takes values off a record; after the first that is not there, nothing more.
class record_reader {
 public:
  explicit record_reader(std::string_view record) : rest_(record) {}

  template <class Number>
  record_reader& take(Number& number) {
    std::make_unsigned_t<Number> read = 0;
    good_ = good_ && ordered_key::take(rest_, read);
    number = static_cast<Number>(read);
    return *this;
  }

  record_reader& take(std::string& text) {
    std::uint32_t size = 0;
    take(size);
    good_ = good_ && size <= rest_.size();
    if (good_) {
      text = rest_.substr(0, size);
      rest_.remove_prefix(size);
    }
    return *this;
  }

  bool good() const { return good_; }
  bool complete() const { return good_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

template <class T>
std::optional<T> if_complete(const record_reader& r, T value) {
  return r.complete() ? std::optional{std::move(value)} : std::nullopt;
}

/// Up to `most` bytes, cut between characters.
std::string beginning(const std::string& text, std::size_t most) {
  if (text.size() <= most)
    return text;
  std::size_t end = 0;
  for (auto next = end; next <= most;
       next += std::max<std::size_t>(utf8_length(text, next), 1))
    end = next;
  return text.substr(0, end);
}

}  // namespace

// -- keys
// -----------------------------------------------------------------------

std::string head_key(std::string_view ecosystem, std::string_view name) {
  return join(ecosystem, name);
}

std::string version_key(std::string_view head, std::string_view version) {
  return join(head, version);
}

std::string versions_prefix(std::string_view head) {
  return join(head, {});
}

std::optional<package_key> parse_head(std::string_view head) {
  auto at = head.find(separator);
  if (at == head.npos || head.find(separator, at + 1) != head.npos)
    return {};
  return package_key{std::string{head.substr(0, at)},
                     std::string{head.substr(at + 1)}};
}

std::string collector_key(std::string_view head) {
  return lettered('c', head);
}

std::string counters_key(std::string_view ecosystem) {
  return lettered('n', ecosystem);
}

std::string snippet_key(std::string_view head, std::uint32_t number) {
  auto key = lettered('s', versions_prefix(head));
  ordered_key::append_u32(key, number);
  return key;
}

std::string tag_prefix(std::string_view tag) {
  return lettered('t', join(tag, {}));
}

std::string tag_key(std::string_view tag, std::string_view head) {
  return lettered('t', join(tag, head));
}

std::string removal_key(std::int64_t revision, std::string_view head) {
  std::string key = "x";
  put(key, revision);
  return key.append(head);
}

std::string pending_put_key(std::string_view head, std::string_view version) {
  return lettered('o', version_key(head, version));
}

std::string pending_removal_key(std::string_view head) {
  return lettered('o', head) + '\1';
}

std::optional<std::string> parse_after(std::string_view after) {
  if (after.empty())
    return std::string{};
  auto slash = after.find('/');
  if (slash == after.npos
      || !check_package_key(after.substr(0, slash), after.substr(slash + 1)))
    return {};
  return head_key(after.substr(0, slash), after.substr(slash + 1));
}

// -- documents
// ------------------------------------------------------------------

namespace {
constexpr std::size_t fixed_trailer = 3 * 8 + 2 + 1;
constexpr char is_document = 'D', is_removal = 'R';
}  // namespace

void append_meta(std::string& value, const document_meta& meta) {
  value.append(meta.version);
  put(value, meta.revision);
  put(value, meta.stored_at);
  put(value, meta.removed);
  ordered_key::append_u16(value,
                          static_cast<std::uint16_t>(meta.version.size()));
  value.push_back(meta.present ? is_document : is_removal);
}

std::optional<document_meta> read_meta(std::string_view value) {
  if (value.size() < fixed_trailer)
    return {};
  document_meta meta;
  std::uint16_t version_size = 0;
  auto kind = value.back();
  record_reader r{value.substr(value.size() - fixed_trailer)};
  r.take(meta.revision).take(meta.stored_at).take(meta.removed);
  r.take(version_size);
  value.remove_suffix(fixed_trailer);
  if ((kind != is_document && kind != is_removal)
      || version_size > value.size())
    return {};
  meta.present = kind == is_document;
  meta.version = value.substr(value.size() - version_size);
  return meta;
}

std::size_t trailer_bytes(const document_meta& meta) {
  return fixed_trailer + meta.version.size();
}

std::optional<document_meta> take_meta(std::string& value) {
  auto meta = read_meta(value);
  if (meta)
    value.resize(value.size() - trailer_bytes(*meta));
  return meta;
}

// -- the other values
// -----------------------------------------------------------

std::string encode(const summary_record& s) {
  std::string out;
  put(out, s.version);
  put(out, s.description);
  put(out, s.deprecated);
  put(out, s.revision);
  ordered_key::append_u64(out, s.bytes);
  ordered_key::append_u32(out, s.versions);
  ordered_key::append_u32(out, s.snippets);
  for (auto& tag : s.tags)
    put(out, tag);
  return out;
}

std::optional<summary_record> decode_summary(std::string_view value) {
  summary_record s;
  record_reader r{value};
  r.take(s.version).take(s.description).take(s.deprecated).take(s.revision);
  r.take(s.bytes).take(s.versions).take(s.snippets);
  while (r.good() && !r.rest().empty())
    r.take(s.tags.emplace_back());
  return if_complete(r, std::move(s));
}

std::string encode(const package_snippet& s) {
  std::string out;
  put(out, s.kind);
  put(out, s.language);
  put(out, s.path);
  ordered_key::append_u32(out, s.line);
  put(out, s.title);
  put(out, s.code);
  return out;
}

std::optional<package_snippet> decode_snippet(std::string_view value) {
  package_snippet s;
  record_reader r{value};
  r.take(s.kind).take(s.language).take(s.path).take(s.line).take(s.title);
  r.take(s.code);
  return if_complete(r, std::move(s));
}

ecosystem_counters&
ecosystem_counters::operator+=(const ecosystem_counters& by) {
  packages += by.packages;
  versions += by.versions;
  snippets += by.snippets;
  bytes += by.bytes;
  return *this;
}

std::string encode(const ecosystem_counters& c) {
  std::string out;
  for (auto number : {c.packages, c.versions, c.snippets, c.bytes})
    put(out, number);
  return out;
}

std::optional<ecosystem_counters> decode_counters(std::string_view value) {
  ecosystem_counters c;
  record_reader r{value};
  r.take(c.packages).take(c.versions).take(c.snippets).take(c.bytes);
  return if_complete(r, c);
}

std::string encode(const package_log_position& p) {
  std::string out;
  ordered_key::append_u64(out, p.sequence);
  put(out, p.log_created);
  return out.append(p.message_id);
}

std::optional<package_log_position> decode_position(std::string_view value) {
  package_log_position p;
  std::uint64_t created = 0;
  if (!ordered_key::take(value, p.sequence)
      || !ordered_key::take(value, created))
    return {};
  p.log_created = static_cast<std::int64_t>(created);
  p.message_id = value;
  return p;
}

std::string encode_revision(std::int64_t revision) {
  std::string out;
  put(out, revision);
  return out;
}

std::optional<std::int64_t> decode_revision(std::string_view value) {
  std::int64_t revision = 0;
  record_reader r{value};
  r.take(revision);
  return if_complete(r, revision);
}

// -- what a document says to them
// -----------------------------------------------

std::string plain_tag(std::string_view tag) {
  auto begin = tag.find_first_not_of(' ');
  if (begin == tag.npos)
    return {};
  tag = tag.substr(begin, tag.find_last_not_of(' ') + 1 - begin);
  std::string plain{tag};
  for (char& c : plain) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return {};
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  }
  return plain.size() <= 128 ? plain : std::string{};
}

std::vector<std::string> tags_of(const package& p) {
  std::vector<std::string> tags;
  for (auto* list : {&p.tags, &p.keywords})
    for (auto& tag : *list)
      if (auto plain = plain_tag(tag); !plain.empty())
        tags.push_back(std::move(plain));
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return tags;
}

summary_record summary_of(const package& p, std::size_t bytes,
                          std::int64_t revision, std::uint32_t versions) {
  summary_record s;
  s.version = p.version;
  s.description = beginning(p.description, 1000);
  s.deprecated = beginning(p.deprecated, 1000);
  s.revision = revision;
  s.bytes = bytes;
  s.versions = versions;
  s.snippets = static_cast<std::uint32_t>(p.snippets.size());
  s.tags = tags_of(p);
  return s;
}

package_summary to_summary(package_key key, summary_record r) {
  return {std::move(key),
          std::move(r.version),
          std::move(r.description),
          r.revision,
          r.bytes,
          r.versions,
          r.snippets,
          std::move(r.deprecated)};
}

}  // namespace larder::package_records
