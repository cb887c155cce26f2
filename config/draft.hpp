// Settings while they are put together: the values so far, where each came
// from, and what was wrong. Used inside config/ alone.
//
// Thread rule: one thread at a time.
#pragma once

#include "config/setting.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

class draft {
 public:
  /// Sets the value that `text` stands for, over any earlier one; `where` says
  /// who asked ("larder.yaml:12"). A text that cannot be is a problem.
  void set(const setting& s, std::string_view text, std::string where);

  /// Notes a problem; several are reported together.
  void complain(std::string problem);

  /// Whether anybody set it, be it to its default.
  bool is_set(std::string_view name) const;

  /// Who set it: " (larder.yaml:12)", for the end of a sentence; empty for a
  /// default.
  std::string origin(std::string_view name) const;

  /// The effective value, as it may be shown, after its name and before its
  /// origin: "memory.ttl is 30m (larder.yaml:12)".
  std::string describe(std::string_view name) const;

  bool is_good() const { return problems_.empty(); }

  /// Every problem, one a line.
  std::string problems() const;

  settings values;

 private:
  std::map<std::string, std::string, std::less<>> origins_;
  std::vector<std::string> problems_;
};

}  // namespace larder::config
