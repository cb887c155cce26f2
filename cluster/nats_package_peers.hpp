// The other nodes over NATS, asked by the subjects that only one node answers.
//
// Made by node/ and handed to the feed of packages. See package_peers.hpp for
// the contract and the thread rule.
#pragma once

#include "cluster/package_peers.hpp"
#include "cluster/package_subjects.hpp"
#include "storage/nats_client.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace larder {

/// Of requests from one node to another.
inline constexpr const char* peer_header = "Larder-Peer";

class nats_package_peers final : public package_peers {
 public:
  explicit nats_package_peers(std::shared_ptr<nats::client> client,
                              package_subjects subjects = {});

  void nodes(std::chrono::milliseconds patience,
             on<std::vector<std::string>> done) override;
  void get(const std::string& node, const package_key& key,
           const std::string& version, std::chrono::milliseconds timeout,
           on<package_lookup> done) override;
  void revisions(const std::string& node, std::uint32_t limit,
                 const std::optional<package_key>& after,
                 std::chrono::milliseconds timeout,
                 on<package_revision_page> done) override;

 private:
  const std::shared_ptr<nats::client> client_;
  const package_subjects subjects_;
};

/// A page as nodes send it to each other.
std::string to_body(const package_revision_page& page);
/// Fails with `unavailable` for what is no such page.
caf::expected<package_revision_page> revision_page_in(std::string_view body);

}  // namespace larder
