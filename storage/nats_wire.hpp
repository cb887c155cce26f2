// The NATS client protocol as bytes: what a server sends taken apart without a
// copy, what a client sends put together with one.
//
// Used by storage/nats_loop.cpp.
//
// Thread rule: functions of their arguments; a byte_queue belongs to one
// thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace larder::nats {

/// One thing that a server says. Views are into the text it was read from.
struct frame {
  enum class kind { message, ping, pong, info, ok, error, unknown };
  kind what = kind::unknown;
  /// Of a message: the subscription, and its parts. The header is the whole
  /// block from "NATS/1.0" to the empty line.
  std::uint64_t sid = 0;
  std::string_view subject;
  std::string_view reply;
  std::string_view header;
  std::string_view data;
  /// Of info and error: what follows the word.
  std::string_view text;
};

/// It was not the protocol.
inline constexpr std::size_t malformed = ~std::size_t{0};

/// The bytes that the frame at the start of `in` takes; 0 if it is not all
/// there yet; or `malformed`.
std::size_t read_frame(std::string_view in, frame& out);

/// Bytes that are added at one end and taken at the other.
class byte_queue {
 public:
  std::string_view bytes() const { return {data_.get() + begin_, size()}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  /// Room for `n` bytes at the end; `added` says how many it was.
  char* room(std::size_t n) {
    if (capacity_ - end_ < n)
      make_room(n);
    return data_.get() + end_;
  }
  void added(std::size_t n) { end_ += n; }
  void add(std::string_view text);

  /// What room() would give without a copy.
  std::size_t free_room() const { return capacity_ - end_; }

  void taken(std::size_t n) {
    begin_ += n;
    if (begin_ == end_)
      begin_ = end_ = 0;
  }
  void clear() { begin_ = end_ = 0; }

  /// Gives back what a burst has made it take, once it is empty.
  void shrink(std::size_t most);

 private:
  void make_room(std::size_t n);

  std::unique_ptr<char[]> data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

/// Adds a message with the `header` block, which ends with an empty line, or
/// none.
void write_publish(byte_queue& to, std::string_view subject,
                   std::string_view header, std::string_view data);

}  // namespace larder::nats
