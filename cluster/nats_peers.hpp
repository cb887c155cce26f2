// Peers over NATS: `larder.control.all.held`, and `larder.node.{id}.` before a
// client's own request. A node asks itself the same way, so that what clients
// see is what is checked.
//
// Spawned by node/. See cluster/peers.hpp for the contract and
// storage/nats_client.hpp for the thread rule.
#pragma once

#include "cluster/peers.hpp"
#include "cluster/subjects.hpp"
#include "storage/nats_client.hpp"

#include <memory>
#include <string>

namespace larder {

class nats_peers_core;

class nats_peers final : public peers {
 public:
  explicit nats_peers(std::shared_ptr<nats::client> client,
                      collection_subjects collection = {});
  ~nats_peers() override;

  void holdings(std::vector<key> keys, std::uint32_t sample,
                std::chrono::milliseconds patience,
                on<std::vector<node_holdings>> done) override;
  void read(const std::string& node, const key& k,
            std::chrono::milliseconds timeout, on<answer_mark> done) override;

 private:
  std::shared_ptr<nats_peers_core> core_;
  nats::subscription inbox_;
};

/// What a reply to a get says. Fails if it is an error other than
/// `not_found`.
caf::expected<answer_mark> mark_of(const nats::message& reply);

}  // namespace larder
