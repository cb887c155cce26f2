// A read of many keys on its way: gathers one answer a key and replies once all
// are there, in the order of the request.
//
// Used by the gateway. One thread at a time.
#pragma once

#include "actors/messages.hpp"
#include "node/call.hpp"
#include "storage/read_view.hpp"

#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

class many_read {
 public:
  /// `keys` as the client gave them, those included that are none.
  many_read(call_ptr c, std::vector<caf::expected<key>> keys,
            std::uint64_t max_reply_bytes);

  /// Takes what memory can vouch for; returns the places of the keys that must
  /// be asked for.
  std::vector<std::size_t> take_from_memory(read_view& memory, std::int64_t now,
                                            std::int64_t min_revision);

  const key& key_at(std::size_t place) const { return *keys_[place]; }
  void found(std::size_t place, answer a);
  void failed(std::size_t place, const caf::error& why);

  /// After the last request has been sent: replies if nothing is outstanding.
  void asked_all() { part_done(); }

 private:
  struct slot {
    answer found;
    caf::error failure;
  };

  void part_done();
  std::string body() const;

  call_ptr call_;
  std::vector<caf::expected<key>> keys_;
  std::vector<slot> slots_;
  std::uint64_t max_reply_bytes_;
  // One more until asked_all.
  std::size_t outstanding_ = 1;
};

}  // namespace larder
