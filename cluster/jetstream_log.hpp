// The change log on a JetStream stream: file storage, kept for as long as the
// settings say, read by an ordered push consumer of our own.
//
// Spawned by node/ and handed to the invalidation and relay actors. See
// cluster/change_log.hpp for the contract.
//
// Give it a client that nobody else uses: a slow subscriber elsewhere on the
// same connection would cost it its records. What ends a reading: a gap in the
// consumer's sequence, two heartbeats (1.4 s) without a word, a disconnect.
//
// Thread rule: as in storage/kv_store.hpp; `on_record` and `on_lost` of one
// reader never overlap. After `stop`, or a new `read`, has returned, the old
// reader's functions neither run nor will run, unless one of them made the
// call.
#pragma once

#include "cluster/change_log.hpp"
#include "cluster/subjects.hpp"
#include "config/settings.hpp"
#include "storage/nats_client.hpp"

#include <memory>
#include <string>
#include <vector>

namespace larder {

class jetstream_log_core;

/// What of the log's stream one reader of it needs.
struct log_scope {
  collection_subjects collection;
  /// Captured by the stream beside the collection's subjects.
  std::vector<std::string> also;
  /// Only records of this subject are read; empty: all.
  std::string filter;
};

class jetstream_log : public change_log {
 public:
  jetstream_log(std::shared_ptr<nats::client> client,
                config::coherence_settings settings, log_scope scope = {});
  ~jetstream_log() override;

  void publish(std::string subject, std::string msg_id, std::string payload,
               std::chrono::milliseconds timeout,
               on<std::uint64_t> done) override;
  void info(std::chrono::milliseconds timeout, on<log_info> done) override;
  void at(std::uint64_t sequence, std::chrono::milliseconds timeout,
          on<std::optional<log_identity>> done) override;
  void read(log_start start, reader to) override;
  void stop() override;

 private:
  std::shared_ptr<jetstream_log_core> core_;
};

}  // namespace larder
