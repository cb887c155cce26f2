// Collects one package: finds the release in the registry's index, downloads
// its archive, checks the digest, unpacks it in memory, and makes the document.
// Remembers of the registry what the state says (validators, that a package is
// missing), so that most questions cost a conditional request or none.
//
// Used by collector workers, one each. Thread rule: one thread; blocks on the
// network. `gates` are shared. No call throws.
#pragma once

#include "config/settings.hpp"
#include "storage/collect_request.hpp"
#include "storage/registry.hpp"
#include "storage/registry_addresses.hpp"
#include "storage/registry_client.hpp"
#include "storage/registry_gate.hpp"
#include "storage/snippets.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace larder {

/// One gate a registry, for all threads.
class registry_gates {
 public:
  explicit registry_gates(double rate) : rate_(rate) {}
  std::shared_ptr<registry_gate> of(const std::string& address);

 private:
  double rate_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<registry_gate>> gates_;
};

/// What the collector reaches the world by; scripted in tests.
struct collector_world {
  http_get get;
  registry_patience time;
  registry_surroundings surroundings;
  std::shared_ptr<registry_gates> gates;
  std::function<std::chrono::system_clock::time_point()> clock;
};

class package_collector {
 public:
  package_collector(config::registry_settings settings,
                    std::uint64_t max_document_bytes, collector_world world);

  collect_reply collect(const collect_request& request);

 private:
  struct run;
  collect_reply answer(const collect_request& request);
  registry* registry_of(const std::string& ecosystem);
  caf::expected<std::string> download(registry_client& client,
                                      registry_release& release);
  caf::expected<package> read(registry& from, registry_release release,
                              std::string_view archive);
  collect_reply failed(run& r, caf::error failure);
  collect_reply answer(run& r, registry_release release);
  retry_limits retries() const;
  archive_limits unpacking() const;

  config::registry_settings settings_;
  std::uint64_t max_document_bytes_;
  collector_world world_;
  std::map<std::string, std::unique_ptr<registry>> registries_;
};

/// A worker's, over the network; `stop` ends what it waits for.
std::unique_ptr<package_collector> make_package_collector(
    const config::registry_settings& settings, std::uint64_t max_document_bytes,
    std::string_view version, std::shared_ptr<registry_gates> gates,
    std::shared_ptr<const std::atomic<bool>> stop);

/// Makes the document fit into `bytes` as JSON: less of the readme, fewer
/// snippets, fewer versions.
void shrink_to(package& document, std::size_t bytes);

}  // namespace larder
