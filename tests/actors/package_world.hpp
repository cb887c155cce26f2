// Several nodes' packages planes on the deterministic scheduler: real stores in
// memory, and what the nodes share as plain objects (package_servers.hpp).
//
// Used by the tests of the packages actors. Thread rule: one thread.
#pragma once

#include "actors/package_feed.hpp"
#include "actors/package_relay.hpp"
#include "actors/package_worker.hpp"
#include "actors/packages.hpp"
#include "actors/warm.hpp"
#include "storage/package_records.hpp"
#include "tests/actors/package_servers.hpp"
#include "tests/storage/package_store_fixture.hpp"
#include "tests/support/actor_fixture.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace larder::test {

using namespace std::chrono_literals;

/// What stands between the actors and a thread of the store.
struct worker_gate {
  package_worker_actor behind;
  bool down = false;
  bool held = false;
  std::vector<package_job> waiting;
};

inline package_worker_actor::behavior_type
gated_worker(package_worker_actor::pointer self, worker_gate* gate) {
  return {[self, gate](package_job& job) {
            if (gate->down)
              job.run(nullptr, taken_away(), self->clock().now());
            else if (gate->held)
              gate->waiting.push_back(std::move(job));
            else
              caf::anon_send(gate->behind, std::move(job));
          },
          [](get_atom, const package_question&) -> caf::result<std::string> {
            return taken_away();
          },
          [gate](open_atom a) { caf::anon_send(gate->behind, a); },
          [gate](sweep_atom a) { caf::anon_send(gate->behind, a); }};
}

struct package_node {
  std::string name;
  std::shared_ptr<package_shelf> shelf;
  package_worker_actor worker;
  worker_gate reading;
  worker_gate writing;
  package_worker_actor gets;
  package_worker_actor writes;
  package_database_actor database;
  warm_actor warm;
  std::shared_ptr<node_log> log;
  packages_actor packages;
  package_relay_actor relay;
  package_feed_actor feed;
  std::shared_ptr<std::atomic<std::size_t>> backlog =
      std::make_shared<std::atomic<std::size_t>>(0);
  bool answers = true;
  /// It tells other nodes what it has.
  bool tells = true;
};

/// Asks the stores of the other nodes straight away.
class node_peers final : public package_peers {
 public:
  explicit node_peers(std::vector<std::unique_ptr<package_node>>& nodes)
      : nodes_(nodes) {}

  void nodes(std::chrono::milliseconds,
             on<std::vector<std::string>> done) override {
    std::vector<std::string> names;
    for (auto& n : nodes_)
      if (n->answers)
        names.push_back(n->name);
    done(std::move(names));
  }
  void get(const std::string& node, const package_key& key,
           const std::string& version, std::chrono::milliseconds,
           on<package_lookup> done) override {
    auto* n = find(node);
    if (n == nullptr)
      return done(taken_away());
    done(n->shelf->get()->get(key.ecosystem, key.name, version));
  }
  void revisions(const std::string& node, std::uint32_t limit,
                 const std::optional<package_key>& after,
                 std::chrono::milliseconds,
                 on<package_revision_page> done) override {
    auto* n = find(node);
    if (n == nullptr || !n->tells)
      return done(taken_away());
    done(n->shelf->get()->revisions(limit, after));
  }

 private:
  package_node* find(const std::string& name) {
    for (auto& n : nodes_)
      if (n->name == name && n->answers && n->shelf->get())
        return n.get();
    return nullptr;
  }
  std::vector<std::unique_ptr<package_node>>& nodes_;
};

class package_world : public actor_fixture {
 protected:
  package_world() = default;
  /// Actors take turns in an order drawn from `seed`.
  explicit package_world(std::uint64_t seed) : actor_fixture(seed) {}
  // RocksDB, whose directory goes next, must be closed by then.
  ~package_world() override {
    for (auto& n : nodes_)
      stop(*n);
  }

  /// A node, or one that is started again on the same disk.
  package_node& start(const std::string& name, bool with_database = false) {
    auto& n = *nodes_.emplace_back(std::make_unique<package_node>());
    n.name = name;
    n.shelf = std::make_shared<package_shelf>(
        [this, name]() -> caf::expected<std::unique_ptr<package_store>> {
          if (closed_)
            return fail(ec::unavailable, "the disk is full");
          package_store_options options;
          options.directory = directory_ / name;
          options.limits = limits_;
          options.sync = false;
          options.least_free_bytes = 0;
          options.reserve_bytes = reserve_;
          options.clock = [this] { return ++clock_; };
          return package_store::open(std::move(options));
        });
    n.worker = own(sys().spawn(package_worker, n.shelf));
    n.reading.behind = n.writing.behind = n.worker;
    n.gets = own(sys().spawn(gated_worker, &n.reading));
    n.writes = own(sys().spawn(gated_worker, &n.writing));
    if (with_database)
      n.database =
          own(sys().spawn(package_database_worker,
                          std::make_shared<std::unique_ptr<package_database>>(
                              std::make_unique<shared_database>(database_)),
                          1h));
    n.warm = own(sys().spawn(warm, warm_context{bucket_, nullptr, name, 1s}));
    n.log = std::make_shared<node_log>(log_);
    package_tiers tiers;
    tiers.store = n.gets;
    tiers.writes = n.writes;
    tiers.database = n.database;
    tiers.warm = n.warm;
    tiers.log = n.log;
    tiers.node = name;
    n.relay = own(sys().spawn(package_relay, package_relay_context{tiers}));
    packages_context serving;
    serving.workers = {n.gets, n.gets, n.writes, n.worker};
    serving.warm = n.warm;
    serving.database = n.database;
    serving.collector = collector_;
    serving.relay = n.relay;
    serving.limits = limits_;
    n.packages = own(sys().spawn(packages, serving));
    package_feed_context following{tiers};
    following.packages = n.packages;
    following.peers = std::make_shared<node_peers>(nodes_);
    following.backlog = n.backlog;
    n.feed = own(sys().spawn(package_feed, following));
    run_for(1500ms);
    return n;
  }

  /// The process is gone; its disk stays.
  void stop(package_node& n) {
    n.log->stop();
    n.answers = false;
    auto end = [](auto& a) {
      if (a)
        caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
      a = nullptr;
    };
    end(n.feed), end(n.packages), end(n.relay), end(n.warm), end(n.database),
        end(n.worker), end(n.gets), end(n.writes);
    n.reading.behind = n.writing.behind = nullptr;
    run();
    n.shelf.reset();
  }

  /// What a stopped node's disk has of the package cannot be read any more.
  void damage(const std::string& node, const std::string& name) {
    damage_packages(directory_ / node, [&](auto&, rocks_batch& batch) {
      batch.put(package_records::documents,
                package_records::head_key("npm", name), "{");
    });
  }

  static std::string document(const std::string& name,
                              const std::string& description,
                              const std::string& version = "1.0.0") {
    return to_json(make_package("npm", name, version, description));
  }

  std::int64_t store(package_node& n, const std::string& text) {
    auto out = request(n.packages, 1min, write_atom::value,
                       std::vector<std::string>{text}, now() + 1min);
    if (!out || out->front().failure)
      return -1;
    return out->front().written.revision;
  }
  caf::expected<package_written> remove(package_node& n,
                                        const std::string& name) {
    return request(n.packages, 1min, remove_atom::value,
                   package_key{"npm", name}, now() + 1min);
  }
  static package_read read_of(const std::string& name) {
    package_read q;
    q.key = {"npm", name};
    return q;
  }
  caf::expected<package_found> get(package_node& n, const std::string& name) {
    return request(n.packages, 1min, get_atom::value, read_of(name));
  }
  template <class T>
  static ec failure(const caf::expected<T>& answer) {
    return answer ? ec::none : code_of(answer.error());
  }
  /// "tier: description", or the error's name.
  std::string told(package_node& n, const std::string& name) {
    auto found = get(n, name);
    if (!found)
      return std::string{name_of(code_of(found.error()))};
    auto p = parse_package(found->document);
    return std::string{name_of(found->tier)} + ": "
           + (p ? p->description : "no package");
  }
  /// What the node's own disk has.
  std::string on_disk(package_node& n, const std::string& name,
                      const std::string& version = "") {
    auto found = n.shelf->get()->get("npm", name, version);
    if (!found || !found->document)
      return "nothing";
    auto p = parse_package(*found->document);
    return p ? p->description : "no package";
  }

  temporary_directory directory_;
  /// Of nodes started from now on.
  package_limits limits_;
  /// Stores cannot be opened.
  bool closed_ = false;
  /// Of stores opened from now on: nothing is written when less space is left.
  std::uint64_t reserve_ = 0;
  /// Of all nodes: no two look at it at the same time.
  std::int64_t clock_ = 1'000'000;
  std::shared_ptr<shared_bucket> bucket_ = std::make_shared<shared_bucket>();
  std::shared_ptr<log_server> log_ = std::make_shared<log_server>();
  std::shared_ptr<database_server> database_ =
      std::make_shared<database_server>();
  collector_actor collector_;
  std::vector<std::unique_ptr<package_node>> nodes_;
};

}  // namespace larder::test
