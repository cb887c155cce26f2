// Three nodes under random writes and failures, all drawn from a seed. When all
// is whole again, every node has what was acknowledged last, and no more.
#include "tests/actors/package_world.hpp"
#include "tests/support/random.hpp"

#include <cstdlib>
#include <map>
#include <sstream>

namespace larder::test {

namespace {

constexpr int steps = 80;

/// Name, version, revision: of all that is there.
using contents = std::map<std::string, std::map<std::string, std::int64_t>>;

std::string shown(const contents& all) {
  std::ostringstream out;
  for (auto& [name, versions] : all)
    for (auto& [version, revision] : versions)
      out << name << " " << version << " " << revision << "\n";
  return out.str();
}

class PackageFeedConvergesTest
    : public package_world,
      public testing::WithParamInterface<std::uint64_t> {
 protected:
  PackageFeedConvergesTest()
      : package_world(GetParam()), random_(GetParam()),
        with_database_(GetParam() % 2 == 0) {}

  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  std::string some_name() { return std::string(1, 'a' + random_.below(5)); }
  std::string some_version() { return one_in(2) ? "1.0.0" : "2.0.0"; }
  package_node& some_node() { return *live_[random_.below(live_.size())]; }

  void bring_up(const std::string& name) {
    live_.push_back(&start(name, with_database_));
    std::erase(stopped_, name);
  }

  void write() {
    auto name = some_name();
    auto& node = some_node();
    if (one_in(5)) {
      if (auto gone = remove(node, name); gone && gone->applied)
        expected_.erase(name);
      return;
    }
    auto version = some_version();
    auto revision =
        store(node, document(name, std::to_string(random_.below(1'000'000)),
                             version));
    if (revision > 0)
      expected_[name][version] = revision;
  }

  void fail_something() {
    switch (random_.below(9)) {
    case 0:
      bucket_->down = !bucket_->down;
      break;
    case 1:
      log_->down = !log_->down;
      break;
    case 2:
      log_->lose_readers();
      break;
    case 3:
      database_->down = !database_->down;
      break;
    case 4: {
      auto& node = some_node();
      node.writing.down = !node.writing.down;
      break;
    }
    case 5:
      bucket_->entries.clear();
      break;
    case 6:
      // The nodes alone cannot make up for a log of which one that is away had
      // told the last.
      if (!with_database_)
        break;
      if (one_in(2)) {
        log_->forget_all();
      } else {
        log_->make_anew();
        log_->lose_readers();
      }
      break;
    case 7:
      if (live_.size() > 1) {
        auto at =
            live_.begin() + static_cast<long>(random_.below(live_.size()));
        stopped_.push_back((*at)->name);
        stop(**at);
        live_.erase(at);
      }
      break;
    case 8:
      if (!stopped_.empty())
        bring_up(stopped_.back());
      break;
    }
  }

  void heal() {
    bucket_->down = log_->down = database_->down = false;
    while (!stopped_.empty())
      bring_up(std::string{stopped_.back()});
    for (auto* node : live_)
      node->writing.down = false;
    run_for(20s);
  }

  contents on_disk_of(package_node& node) {
    contents found;
    auto page = node.shelf->get()->revisions(1'000, {});
    for (auto& item : page->items)
      for (auto& kept : item.versions)
        found[item.key.name][kept.version] = kept.revision;
    return found;
  }

  prng random_;
  bool with_database_;
  std::vector<package_node*> live_;
  std::vector<std::string> stopped_;
  contents expected_;
};

std::uint64_t seeds() {
  auto* more = std::getenv("LARDER_LONG");
  return more != nullptr && *more != '\0' ? 500 : 24;
}

}  // namespace

TEST_P(PackageFeedConvergesTest, AllNodesHaveWhatWasAcknowledgedLast) {
  for (auto name : {"a", "b", "c"})
    bring_up(name);
  for (int i = 0; i < steps; ++i) {
    if (one_in(3))
      fail_something();
    else
      write();
    if (one_in(3))
      run_for(std::chrono::milliseconds{random_.below(1'500)});
  }
  heal();
  for (auto* node : live_) {
    EXPECT_EQ(shown(on_disk_of(*node)), shown(expected_)) << node->name;
    // Readers are told the same.
    for (auto name : {"a", "b", "c", "d", "e"})
      EXPECT_EQ(get(*node, name).operator bool(), expected_.contains(name))
          << name << " on " << node->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PackageFeedConvergesTest,
                         testing::Range<std::uint64_t>(1, 1 + seeds()));

}  // namespace larder::test
