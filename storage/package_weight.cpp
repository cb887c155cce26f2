#include "storage/package_weight.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

namespace larder {

namespace {

/// Sections of Debian whose packages are for programs, or parts of others.
constexpr std::string_view for_programs[]{
    "cli-mono", "debug",         "doc",  "gnustep",      "golang",
    "haskell",  "introspection", "java", "javascript",   "kernel",
    "libdevel", "libs",          "lisp", "localization", "ocaml",
    "oldlibs",  "perl",          "php",  "python",       "ruby",
    "rust",     "tasks",         "zope"};
static_assert(std::is_sorted(std::begin(for_programs), std::end(for_programs)));

bool is_for_programs(const package& p) {
  return p.ecosystem == "debian" && p.keywords.size() == 1
         && std::binary_search(std::begin(for_programs), std::end(for_programs),
                               p.keywords[0]);
}

}  // namespace

double package_weight(const package& p) {
  // A package that a thousand use is twice as likely meant as one that nobody
  // does.
  auto weight = std::min(
      1.0, 0.5 + 0.05 * std::log2(1.0 + static_cast<double>(p.used_by)));
  if (is_for_programs(p))
    weight = std::min(weight, 0.5) * 0.6;
  if (!p.deprecated.empty())
    weight *= 0.6;
  return weight;
}

}  // namespace larder
