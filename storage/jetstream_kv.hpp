// The shared tier on a JetStream key-value bucket: raw values that every KV
// client can read, with our version in headers beside them.
//
// Spawned by node/ and handed to the warm actor. See storage/kv_store.hpp for
// the contract and the thread rule.
//
// The bucket is bound as it is, made when it is missing, and made again when it
// vanishes (a memory bucket goes with its server). Deletion markers of any
// client (DEL and PURGE) read as no value.
#pragma once

#include "config/settings.hpp"
#include "storage/kv_store.hpp"
#include "storage/nats_client.hpp"

#include <memory>

namespace larder {

/// The bucket beside that of the values, where nodes lease the right to fill a
/// key: what a node that died holds goes by itself, soon enough for another to
/// take over within 2 s.
config::bucket_settings fills_of(const config::bucket_settings& values);

class jetstream_kv_core;

class jetstream_kv : public kv_store {
 public:
  jetstream_kv(std::shared_ptr<nats::client> client,
               config::bucket_settings bucket);
  ~jetstream_kv() override;

  void get(const key& key, std::chrono::milliseconds timeout,
           on_get done) override;
  void put(kv_put entry, std::chrono::milliseconds timeout,
           on_put done) override;
  void purge(const key& key, std::chrono::milliseconds timeout,
             on_done done) override;
  void clear(std::optional<std::string> type, std::chrono::milliseconds timeout,
             on_done done) override;

  /// Completes once the bucket is there, or with why not within 2 s. For
  /// start-up and readiness; the other calls do not need it.
  void ready(on_done done);

 private:
  std::shared_ptr<jetstream_kv_core> core_;
  nats::subscription watch_;
};

}  // namespace larder
