// Follows which keys a JetStream bucket holds, by the subjects alone of what
// is written there (values are not sent), so that a node need not ask the
// bucket for what nobody has put there yet.
//
// Used by node/ (made and stopped) and by the shards (asked). What the bucket
// drops by itself stays in the set until the next reading: a key that is said
// to be there may be gone, never the other way round but for a moment.
//
// Thread rule: any thread.
#pragma once

#include "storage/kv_contents.hpp"
#include "storage/nats_client.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

namespace larder {

class jetstream_reader;

class bucket_contents : public kv_contents,
                        public std::enable_shared_from_this<bucket_contents> {
 public:
  /// More keys than this are not kept track of: nothing is known then.
  static constexpr std::size_t most_keys = 1'000'000;

  bucket_contents(std::shared_ptr<nats::client> client, std::string bucket);
  ~bucket_contents() override;

  /// Begins to read, again if it did already: after the bucket was cleared.
  void read();

  /// Nothing is known after this.
  void stop();

  bool lacks(const key& k) const override;
  void expect(const key& k) override;

 private:
  void heard(std::uint64_t number, std::string_view subject);
  void opened(std::uint64_t number, std::uint64_t pending);
  void lost(std::uint64_t number);
  void forget();

  const std::shared_ptr<nats::client> client_;
  const std::string bucket_;
  const std::string prefix_;
  mutable std::mutex mutex_;
  std::shared_ptr<jetstream_reader> reader_;
  /// Of the current reading; what comes from an earlier one is not heard.
  std::uint64_t number_ = 0;
  bool stopped_ = false;
  /// What was there when the reading began is here once `received_` is as much
  /// as `pending_`.
  bool opened_ = false;
  std::uint64_t pending_ = 0;
  std::uint64_t received_ = 0;
  std::unordered_set<std::size_t> keys_;
};

}  // namespace larder
