// A history of writes that a seed decides alone, and what a package store must
// hold after any part of it. Used by the program that writes such histories
// (package_writer.cpp) and by the tests that kill it or cut its power.
//
// Thread rule: values.
#pragma once

#include "storage/error.hpp"
#include "storage/package.hpp"
#include "storage/package_store.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <string>

namespace larder {

struct package_operation {
  bool remove = false;
  package_key key;
  std::string version;
  /// Of a removal: empty.
  std::string document;
};

/// The `number`-th of the history: mostly stores, of new packages, new
/// versions and old ones again; one in eight removes.
inline package_operation operation_of(std::uint64_t seed,
                                      std::uint64_t number) {
  std::mt19937_64 random{seed * 1'000'003 + number};
  auto below = [&](std::uint64_t n) { return random() % n; };
  package_operation o;
  o.key = {below(3) == 0 ? "cargo" : "npm", "p" + std::to_string(below(40))};
  o.remove = below(8) == 0;
  if (o.remove)
    return o;
  package p;
  p.ecosystem = o.key.ecosystem;
  p.name = o.key.name;
  o.version = p.version = std::to_string(below(4)) + ".0.0";
  p.description = "written as number " + std::to_string(number);
  p.tags = {"t" + std::to_string(below(5)), "all"};
  p.readme = std::string(below(20'000), 'r');
  for (auto i = below(4); i > 0; --i)
    p.snippets.push_back({"readme", "", "", 0, "", "line(" + p.version + ")"});
  o.document = to_json(p);
  return o;
}

class package_model {
 public:
  using documents = std::map<std::string, std::string>;

  void apply(const package_operation& o) {
    auto& versions = packages_[o.key];
    if (o.remove)
      versions.clear();
    else
      versions[o.version] = o.document;
  }

  /// What of this the store does not hold, or holds otherwise; empty: nothing.
  /// `other` is a second state that the package of the write in flight may be
  /// in: all of that write, or nothing.
  std::string differs(const package_store& store,
                      const package_model& other) const {
    for (auto& [key, versions] : packages_)
      if (auto difference = differs(store, key, versions);
          !difference.empty()) {
        auto there = other.packages_.find(key);
        auto before =
            there == other.packages_.end() ? documents{} : there->second;
        if (!differs(store, key, before).empty())
          return difference;
      }
    return {};
  }

 private:
  static std::string differs(const package_store& store, const package_key& key,
                             const documents& expected) {
    auto name = key.ecosystem + "/" + key.name;
    auto versions = store.versions(key.ecosystem, key.name);
    if (!versions)
      return name + ": " + message_of(versions.error());
    if (versions->size() != expected.size())
      return name + " has " + std::to_string(versions->size())
             + " versions instead of " + std::to_string(expected.size());
    for (auto& [version, document] : expected) {
      auto found = store.get(key.ecosystem, key.name, version);
      if (!found)
        return name + ": " + message_of(found.error());
      if (found->document != document)
        return name + " " + version + " is not the document that was written";
    }
    return {};
  }

  std::map<package_key, documents> packages_;
};

}  // namespace larder
