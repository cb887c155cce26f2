// What a collector remembers of one package between questions, as the package
// store keeps it: the validators of the index by version, when it was asked
// last, and which versions are missing.
//
// Used by package_collector. Thread rule: values. No call throws.
#pragma once

#include "storage/registry_client.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace larder {

struct collector_notes {
  using time_point = std::chrono::system_clock::time_point;

  struct note {
    validators known;
    /// The registry was asked last.
    time_point checked;
    /// It was what is answered when no version is asked for.
    bool newest = false;
  };

  /// Of the registry at that address alone.
  std::string address;
  /// By version.
  std::map<std::string, note> versions;
  /// By version, empty for the package: until when.
  std::map<std::string, time_point> missing;

  /// Nothing, if it is not readable or of another registry.
  static collector_notes parse(std::string_view state,
                               std::string_view address);
  std::string print() const;

  /// The oldest make way, so that the notes stay small.
  void keep(const std::string& version, note n);
  void keep_missing(const std::string& version, time_point until,
                    time_point now);
};

/// "2026-11-21T08:00:00Z".
std::string rfc3339(std::chrono::system_clock::time_point t);
/// Nothing like a time is the beginning of 1970.
std::chrono::system_clock::time_point parse_rfc3339(const std::string& text);

}  // namespace larder
