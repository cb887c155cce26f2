// The wire to one NATS server: TCP, then TLS over it where that is asked for.
// Never blocks once it is made.
//
// Used by storage/nats_loop.cpp; the only file beside its source that knows
// OpenSSL's TLS.
//
// Thread rule: one thread at a time.
#pragma once

#include "config/settings.hpp"
#include "storage/nats_login.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace larder::nats {

class wire_socket {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// What to wait for, and until when. The descriptor `interrupt` ends a wait
  /// early when it becomes readable and `stop()` says so.
  struct patience {
    time_point until;
    int interrupt = -1;
    std::function<bool()> stop = [] { return false; };
  };

  /// No wire.
  wire_socket();
  ~wire_socket();
  wire_socket(wire_socket&&) noexcept;
  wire_socket& operator=(wire_socket&&) noexcept;

  /// Tries every address of the host. Fails with `unavailable`.
  static caf::expected<wire_socket> connect(const server_address& to,
                                            const patience& wait);

  /// From here on everything is encrypted, and the server has proved that it is
  /// `host`. Fails with `configuration` for a file that cannot be used, else
  /// with `unavailable`.
  caf::expected<void> start_tls(const config::nats_settings& settings,
                                const std::string& host, const patience& wait);

  /// Bytes read or written; 0: not now; negative: the wire is gone.
  std::ptrdiff_t read(char* to, std::size_t most);
  std::ptrdiff_t write(std::string_view data);

  /// Whether a read would find something that the kernel no longer shows.
  bool has_more() const;

  /// Waits until it can be read (or written). False when patience has ended.
  bool wait(bool to_write, const patience& wait) const;

  int descriptor() const;
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace larder::nats
