// One message as it came from NATS, owned, and the header lines of one to be
// sent.
//
// Used by storage/, cluster/ and node/; nats.h is not seen here.
//
// Thread rule: movable values; one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::nats {

struct header {
  std::string name;
  std::string value;
};
using headers = std::vector<header>;

class message {
 public:
  /// No message: every accessor answers empty.
  message() = default;
  /// Takes over a natsMsg.
  explicit message(void* raw) : raw_(raw) {}

  std::string_view subject() const;
  /// Empty if the sender wants no answer.
  std::string_view reply() const;
  std::string_view data() const;
  /// The first header of that name (case counts), or nothing.
  std::optional<std::string_view> header(const char* name) const;
  /// NATS' own status (100, 404, 503 …) of a message that carries one; else 0.
  int status() const;
  /// The text that goes with the status.
  std::string_view description() const;
  /// The server says that nobody listens on the subject of the request.
  bool is_no_responders() const;
  explicit operator bool() const { return raw_ != nullptr; }

 private:
  struct drop {
    void operator()(void* raw) const;
  };
  std::unique_ptr<void, drop> raw_;
};

}  // namespace larder::nats
