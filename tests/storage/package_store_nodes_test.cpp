// Several stores that tell each other their changes, as nodes do; and readers
// beside a writer.
#include "tests/storage/package_store_fixture.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <random>
#include <thread>

using namespace larder;

namespace {

/// Three nodes whose clocks disagree, and the messages between them.
struct cluster_of_stores {
  struct node {
    std::unique_ptr<package_store> store;
    std::int64_t now = 0;
  };

  explicit cluster_of_stores(std::uint64_t seed) : random{seed} {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      package_store_options o;
      o.directory = directory / ("node-" + std::to_string(i));
      o.least_free_bytes = o.reserve_bytes = 0;
      o.sync = false;
      o.clock = [&n = nodes[i]] { return n.now; };
      auto opened = package_store::open(o);
      EXPECT_TRUE(opened) << message_of(opened.error());
      nodes[i].store = std::move(*opened);
      // So coarse that nodes often give the same revision.
      nodes[i].now = 1'000 + static_cast<std::int64_t>(random() % 3);
    }
  }

  void write(node& n) {
    if (random() % 3 == 0)
      n.now += 1;
    auto name = "p" + std::to_string(random() % 3);
    if (random() % 4 == 0) {
      ASSERT_TRUE(n.store->remove("npm", name));
      return;
    }
    auto p = make_package("npm", name, std::to_string(random() % 3) + ".0.0",
                          "text " + std::to_string(random() % 1'000));
    p.tags = {"t" + std::to_string(random() % 3)};
    p.snippets.resize(random() % 3, {"readme", "", "", 0, "", "x"});
    ASSERT_TRUE(n.store->store(to_json(p)));
  }

  /// What the node has not told yet goes to all others, some of it twice.
  void tell(node& from) {
    auto pending = from.store->pending_changes(100);
    ASSERT_TRUE(pending);
    for (auto& change : *pending) {
      package_update update{change, {}};
      if (!change.removed) {
        auto found = from.store->get("npm", change.key.name, change.version);
        ASSERT_TRUE(found);
        if (!found->document)
          continue;
        update.change.revision = found->revision;
        update.document = *found->document;
      }
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (&nodes[i] != &from)
          for (auto copies = 1 + random() % 2; copies > 0; --copies)
            under_way.push_back({i, update});
    }
    ASSERT_TRUE(from.store->mark_published(*pending));
  }

  void deliver_one() {
    auto at = under_way.begin()
              + static_cast<std::ptrdiff_t>(random() % under_way.size());
    auto [to, update] = std::move(*at);
    under_way.erase(at);
    auto outcomes = nodes[to].store->apply_many(std::array{update}, {});
    ASSERT_TRUE(outcomes);
    ASSERT_TRUE(outcomes->front()) << message_of(outcomes->front().error());
  }

  /// Documents and revisions, tags and snippets: all that readers see.
  std::string state(const node& n) {
    std::string seen;
    auto revisions = n.store->revisions(100, {});
    for (auto& item : revisions->items) {
      seen += item.key.name + " -" + std::to_string(item.removed_at);
      for (auto& kept : item.versions)
        seen += " " + kept.version + ":" + std::to_string(kept.revision) + " "
                + *n.store->get("npm", item.key.name, kept.version)->document;
      seen += "\n";
    }
    for (auto* tag : {"t0", "t1", "t2"}) {
      auto page = n.store->search_by_tags({{tag}});
      for (auto& item : page->items)
        seen += std::string{tag} + " " + item.key.name + "\n";
    }
    return seen;
  }

  temporary_directory directory;
  std::mt19937_64 random;
  std::array<node, 3> nodes;
  std::vector<std::pair<std::size_t, package_update>> under_way;
};

struct PackageStoreNodesTest : package_store_fixture {};

}  // namespace

TEST(PackageStoreNodeTest, NodesThatHaveToldEachOtherAllAgree) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    cluster_of_stores cluster{seed};
    for (int step = 0; step < 250; ++step) {
      auto& node = cluster.nodes[cluster.random() % 3];
      switch (cluster.random() % 4) {
      case 0:
        cluster.write(node);
        break;
      case 1:
        cluster.tell(node);
        break;
      default:
        if (!cluster.under_way.empty())
          cluster.deliver_one();
      }
    }
    for (auto& node : cluster.nodes)
      cluster.tell(node);
    while (!cluster.under_way.empty())
      cluster.deliver_one();
    auto expected = cluster.state(cluster.nodes[0]);
    EXPECT_NE(expected, "");
    for (auto& node : cluster.nodes) {
      EXPECT_EQ(cluster.state(node), expected);
      auto checked = node.store->check();
      ASSERT_TRUE(checked);
      EXPECT_EQ(checked->problems, std::vector<std::string>{});
    }
  }
}

// A reader sees all of a write or nothing of it, whatever it asks for.
TEST_F(PackageStoreNodesTest, ReadersBesideAWriterSeeWholePackages) {
  std::atomic<bool> done{false};
  std::atomic<int> reads{0}, wrong{0};
  auto reader = [&] {
    while (!done || reads < 200) {
      auto found = store->get("npm", "x");
      auto snippets = store->snippets("npm", "x");
      auto one = store->get("npm", "x", "1.0.0");
      auto hits = store->search({"parcels"});
      auto tagged = store->search_by_tags({{"web"}});
      auto there = found && found->document;
      auto gone = !snippets && code_of(snippets.error()) == ec::not_found;
      wrong += !found || !one || !hits || !tagged;
      wrong += there && !parse_package(*found->document);
      // Of one version all snippets say the same.
      wrong += !gone && !snippets;
      if (snippets)
        for (auto& s : *snippets)
          wrong += s.code != snippets->front().code
                   || std::to_string(snippets->size()) != s.title;
      wrong += hits && tagged && hits->hits.size() > 1;
      reads += 1;
    }
  };
  std::thread first{reader}, second{reader};
  std::mt19937_64 random{3};
  for (int i = 0; i < 400; ++i) {
    now += 1;
    if (random() % 10 == 0) {
      EXPECT_TRUE(store->remove("npm", "x"));
      continue;
    }
    auto p = make_package("npm", "x", std::to_string(random() % 3) + ".0.0",
                          "sends parcels");
    p.tags = {"web"};
    auto count = 1 + random() % 5;
    for (std::size_t n = 0; n < count; ++n)
      p.snippets.push_back({"readme", "", "", 0, std::to_string(count),
                            "number " + std::to_string(i)});
    put(p);
  }
  done = true;
  first.join();
  second.join();
  EXPECT_EQ(wrong, 0);
  expect_clean();
}
