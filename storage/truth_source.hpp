// Where a node's truth comes from: PostgreSQL, or the embedded store where no
// database is configured. It opens the sessions of both.
//
// Used by node.cpp. Thread rule: open_store() and open_outbox() from any
// thread; what they return follows truth_store.hpp.
#pragma once

#include "config/settings.hpp"
#include "storage/outbox.hpp"
#include "storage/truth_store.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace larder {

class truth_source {
 public:
  virtual ~truth_source() = default;

  /// What the tier is called: "postgres" or "embedded".
  virtual std::string_view name() const = 0;
  /// Whether other nodes can have the same.
  virtual bool is_shared() const = 0;
  /// So many sessions are of use to readers and writers together.
  virtual std::uint32_t sessions() const = 0;
  virtual std::unique_ptr<truth_store> open_store() = 0;
  virtual std::unique_ptr<outbox> open_outbox() = 0;

  /// PostgreSQL if it has a URL: connects with the first call of a session.
  /// Else the embedded store, in `embedded` under node.data_dir, which is
  /// opened now: fails as embedded_database::open() does.
  static caf::expected<std::shared_ptr<truth_source>>
  open(const config::settings& settings);
};

}  // namespace larder
