// The bodies of requests for packages: every rule that one of them may break is
// found here, and told in a sentence that names the member.
//
// Used by the package gateway, and of it the lines by cli/packages_import.cpp.
// Thread rule: values.
#pragma once

#include "config/settings.hpp"

#include <caf/error.hpp>
#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// Documents, one a line, byte for byte as they come from a file; lines without
/// any are passed over.
struct package_lines {
  std::vector<std::string> documents;
  /// Where each stood, from 1 on.
  std::vector<std::size_t> lines;
};
package_lines package_lines_in(std::string_view text);

/// The members of a JSON object, as they are wanted. The first that is missing
/// or of another kind is kept as the failure; what follows is empty.
class request_fields {
 public:
  request_fields(std::string_view body, const config::limit_settings& limits);
  ~request_fields();

  /// Fails if it is absent or empty.
  std::string text(const char* name);
  /// Empty if it is absent or null.
  std::string optional_text(const char* name);
  bool flag(const char* name);
  std::uint32_t number(const char* name, std::uint32_t if_absent,
                       std::uint32_t least, std::uint32_t most);
  std::vector<std::string> texts(const char* name, std::size_t most);
  /// One of two words, the first if it is absent.
  bool is_second(const char* name, const char* first, const char* second);
  /// {"ecosystem", "name"} under `name`; false if it is absent or null.
  bool key(const char* name, std::string& ecosystem, std::string& of);

  void refuse(caf::error why);
  /// None: all were right.
  const caf::error& failure() const { return failure_; }

 private:
  const nlohmann::json* find(const char* name) const;
  void wrong(const char* name, const char* expected);

  std::unique_ptr<nlohmann::json> body_;
  caf::error failure_;
};

}  // namespace larder
