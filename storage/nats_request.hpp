// A request as it came over NATS: a look into what was read from the socket, or
// a copy of its own.
//
// Made by storage/nats_loop.cpp, carried by node/call.hpp.
//
// Thread rule: movable values; one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

namespace larder::nats {

class request {
 public:
  /// No request: every accessor answers empty.
  request() = default;

  /// A look at texts that somebody else keeps. `header` is the whole block.
  request(std::string_view subject, std::string_view reply,
          std::string_view header, std::string_view data)
      : subject_(subject), reply_(reply), header_(header), data_(data) {}

  std::string_view subject() const { return subject_; }
  /// Empty if the sender wants no answer.
  std::string_view reply() const { return reply_; }
  std::string_view data() const { return data_; }
  bool has_headers() const { return !header_.empty(); }
  /// The first header of that name (case counts), or nothing.
  std::optional<std::string_view> header(std::string_view name) const;

  /// A copy that keeps its own texts, in one block.
  request kept() const;

 private:
  std::string_view subject_;
  std::string_view reply_;
  std::string_view header_;
  std::string_view data_;
  std::unique_ptr<char[]> own_;
};

}  // namespace larder::nats
