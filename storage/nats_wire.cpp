#include "storage/nats_wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace larder::nats {

namespace {

// Longer than any line that a server sends: INFO with many cluster URLs is a
// few KiB.
constexpr std::size_t max_line_bytes = 1 << 20;
// What a server can be configured to take at most (64 MiB), and headers.
constexpr std::size_t max_message_bytes = 80 << 20;

constexpr std::string_view line_end = "\r\n";

/// Splits off the next word of a line; words are apart by blanks or tabs.
std::string_view next_word(std::string_view& line) {
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  std::size_t from = 0;
  while (from < line.size() && blank(line[from]))
    ++from;
  auto to = from;
  while (to < line.size() && !blank(line[to]))
    ++to;
  auto word = line.substr(from, to - from);
  line.remove_prefix(to);
  return word;
}

bool number(std::string_view word, std::uint64_t& out) {
  out = 0;
  if (word.empty() || word.size() > 18)
    return false;
  for (char c : word) {
    if (c < '0' || c > '9')
      return false;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

/// "subject sid [reply] [header bytes] total bytes", and the payload.
std::size_t read_message(std::string_view in, std::size_t line_bytes,
                         std::string_view line, bool with_header, frame& out) {
  // subject, sid, reply, and one or two sizes
  std::array<std::string_view, 5> words;
  std::size_t n = 0;
  for (; n < words.size(); ++n) {
    words[n] = next_word(line);
    if (words[n].empty())
      break;
  }
  std::size_t sizes = with_header ? 2 : 1;
  if (n != 2 + sizes && n != 3 + sizes)
    return malformed;
  std::uint64_t header_bytes = 0;
  std::uint64_t total = 0;
  if (!number(words[1], out.sid) || !number(words[n - 1], total)
      || (with_header && !number(words[n - 2], header_bytes))
      || header_bytes > total || total > max_message_bytes)
    return malformed;
  auto whole = line_bytes + total + line_end.size();
  if (in.size() < whole)
    return 0;
  if (in.substr(line_bytes + total, line_end.size()) != line_end)
    return malformed;
  out.what = frame::kind::message;
  out.subject = words[0];
  out.reply = n == 3 + sizes ? words[2] : std::string_view{};
  out.header = in.substr(line_bytes, header_bytes);
  out.data = in.substr(line_bytes + header_bytes, total - header_bytes);
  return whole;
}

/// Whether `line` begins with the upper-case `word`, in any case, as a word.
bool begins_with_word(std::string_view line, std::string_view word) {
  if (line.size() < word.size())
    return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    auto c = line[i];
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
    if (c != word[i])
      return false;
  }
  return line.size() == word.size() || line[word.size()] == ' '
         || line[word.size()] == '\t';
}

}  // namespace

std::size_t read_frame(std::string_view in, frame& out) {
  const auto* found =
      static_cast<const char*>(std::memchr(in.data(), '\n', in.size()));
  if (found == nullptr)
    return in.size() > max_line_bytes ? malformed : 0;
  auto line_bytes = static_cast<std::size_t>(found - in.data()) + 1;
  auto line = in.substr(0, line_bytes - 1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.starts_with("MSG "))
    return read_message(in, line_bytes, line.substr(4), false, out);
  if (line.starts_with("HMSG "))
    return read_message(in, line_bytes, line.substr(5), true, out);
  struct word {
    std::string_view text;
    frame::kind kind;
  };
  static constexpr std::array<word, 5> words{{{"PING", frame::kind::ping},
                                              {"PONG", frame::kind::pong},
                                              {"INFO", frame::kind::info},
                                              {"+OK", frame::kind::ok},
                                              {"-ERR", frame::kind::error}}};
  out = {};
  for (const auto& w : words)
    if (begins_with_word(line, w.text)) {
      out.what = w.kind;
      out.text = line.substr(std::min(line.size(), w.text.size() + 1));
    }
  return line_bytes;
}

void byte_queue::add(std::string_view text) {
  if (!text.empty())
    std::memcpy(room(text.size()), text.data(), text.size());
  added(text.size());
}

void byte_queue::make_room(std::size_t n) {
  auto used = size();
  if (capacity_ - used >= n && begin_ >= used) {
    std::memcpy(data_.get(), data_.get() + begin_, used);
  } else {
    auto larger = std::max(std::size_t{1} << 16, 2 * (used + n));
    std::unique_ptr<char[]> fresh{new char[larger]};
    if (used > 0)
      std::memcpy(fresh.get(), data_.get() + begin_, used);
    data_ = std::move(fresh);
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = used;
}

void byte_queue::shrink(std::size_t most) {
  if (!empty() || capacity_ <= most)
    return;
  data_.reset();
  begin_ = end_ = capacity_ = 0;
}

void write_publish(byte_queue& to, std::string_view subject,
                   std::string_view header, std::string_view data) {
  // "HPUB ", two sizes with a blank each, three line ends.
  constexpr std::size_t frame_bytes = 5 + 2 * 21 + 3 * 2;
  auto* const begin =
      to.room(frame_bytes + subject.size() + header.size() + data.size());
  auto* at = begin;
  auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  auto put_number = [&at](std::size_t value) {
    *at++ = ' ';
    at = std::to_chars(at, at + 20, value).ptr;
  };
  if (header.empty()) {
    put("PUB ");
    put(subject);
  } else {
    put("HPUB ");
    put(subject);
    put_number(header.size());
  }
  put_number(header.size() + data.size());
  put(line_end);
  if (!header.empty())
    put(header);
  if (!data.empty())
    put(data);
  put(line_end);
  to.added(static_cast<std::size_t>(at - begin));
}

}  // namespace larder::nats
