#include "node/memory_mget.hpp"

#include "storage/json.hpp"

#include <array>
#include <charconv>

namespace larder {

namespace {

// Deeper ones are given as strings, to spare the parsers of the reply.
constexpr std::uint32_t max_spliced_depth = 512;
// What NATS and the headers add.
constexpr std::size_t frame_bytes = 1'024;
// A buffer that one large reply has made is not kept.
constexpr std::size_t kept_bytes = 1 << 20;

void append_number(std::string& out, std::string_view name,
                   std::int64_t value) {
  std::array<char, 24> digits{};
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(name).append(digits.data(), end.ptr);
}

/// Reads the one shape of a body that is not worth a parser.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_(text) {}

  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// A string of printable ASCII without escapes.
  bool take_text(std::string_view& out) {
    if (!take('"'))
      return false;
    std::size_t n = 0;
    while (n < rest_.size() && rest_[n] >= 0x20 && rest_[n] < 0x7F
           && rest_[n] != '"' && rest_[n] != '\\')
      ++n;
    if (n == rest_.size() || rest_[n] != '"')
      return false;
    out = rest_.substr(0, n);
    rest_.remove_prefix(n + 1);
    return true;
  }

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  void skip_blanks() {
    while (!rest_.empty()
           && (rest_.front() == ' ' || rest_.front() == '\n'
               || rest_.front() == '\t' || rest_.front() == '\r'))
      rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

/// `{"type":…,"id":…}` in either order.
bool take_key(scanner& in, key_view& out) {
  std::string_view name;
  std::string_view type;
  std::string_view id;
  if (!in.take('{'))
    return false;
  for (int field = 0; field < 2; ++field) {
    std::string_view value;
    if ((field > 0 && !in.take(',')) || !in.take_text(name) || !in.take(':')
        || !in.take_text(value) || value.empty())
      return false;
    if (name == "type" && type.empty() && value.size() <= max_type_bytes)
      type = value;
    else if (name == "id" && id.empty() && value.size() <= max_id_bytes)
      id = value;
    else
      return false;
  }
  out = {type, id};
  return in.take('}');
}

}  // namespace

bool is_spliceable(const artifact& value) {
  using note = artifact::json_note;
  auto known = value.json().load(std::memory_order_relaxed);
  if (known == note::unknown) {
    known = check_json(value.content(), max_spliced_depth) ? note::is_json
                                                           : note::is_not;
    value.json().store(known, std::memory_order_relaxed);
  }
  return known == note::is_json;
}

void append_item(std::string& out, const artifact& value, tier from) {
  out += "{\"type\":";
  append_json_string(out, value.type());
  out += ",\"id\":";
  append_json_string(out, value.id());
  append_number(out, ",\"status\":200,\"revision\":", value.revision());
  append_number(out, ",\"version\":", value.version());
  out.append(",\"tier\":\"").append(name_of(from)).append("\",\"content\":");
  // As it is, byte for byte; what another program wrote and is no JSON, as a
  // string.
  if (is_spliceable(value))
    out += value.content();
  else
    append_json_string(out, value.content());
}

bool plain_keys(std::string_view body, std::size_t most,
                std::vector<key_view>& out) {
  out.clear();
  scanner in{body};
  std::string_view name;
  if (!in.take('{') || !in.take_text(name) || name != "keys" || !in.take(':')
      || !in.take('['))
    return false;
  do {
    key_view k{{}, {}};
    if (out.size() == most || !take_key(in, k))
      return false;
    out.push_back(k);
  } while (in.take(','));
  return in.take(']') && in.take('}') && in.at_end();
}

std::optional<std::string_view>
memory_mget::answer(std::string_view body, read_view& memory, std::int64_t now,
                    std::uint64_t max_reply_bytes) {
  if (!plain_keys(body, most_keys, keys_))
    return std::nullopt;
  if (text_.capacity() > kept_bytes)
    text_ = {};
  text_ = "{\"results\":[";
  for (const auto& k : keys_) {
    const auto* found = memory.find(k, now);
    if (found == nullptr
        || text_.size() + found->content().size() > max_reply_bytes)
      return std::nullopt;
    append_item(text_, *found, tier::memory);
    text_ += "},";
  }
  text_.back() = ']';
  text_ += '}';
  if (text_.size() + frame_bytes > max_reply_bytes)
    return std::nullopt;
  return text_;
}

}  // namespace larder
