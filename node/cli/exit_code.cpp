#include "node/cli/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace larder::cli {

int exit_code_of(const caf::error& err) {
  switch (code_of(err)) {
  case ec::none:
    return exit_done;
  case ec::not_found:
    return exit_not_found;
  case ec::invalid_request:
  case ec::too_large:
    return exit_usage;
  case ec::revision_conflict:
  case ec::busy:
  case ec::deadline_exceeded:
    return exit_try_again;
  case ec::internal:
  case ec::not_supported:
  case ec::unavailable:
    return exit_unavailable;
  case ec::configuration:
    return exit_configuration;
  }
  return exit_unavailable;
}

int worse_of(int one, int other) {
  auto rank = [](int code) {
    switch (code) {
    case exit_done:
      return 0;
    case exit_not_found:
      return 1;
    case exit_try_again:
      return 2;
    case exit_unavailable:
      return 3;
    default:
      return 4;
    }
  };
  return rank(one) >= rank(other) ? one : other;
}

int report(const caf::error& err, bool json) {
  if (!err)
    return exit_done;
  if (json) {
    nlohmann::json body{{"error", name_of(code_of(err))},
                        {"message", message_of(err)}};
    if (auto current = current_revision_of(err); current >= 0)
      body["revision"] = current;
    // Names and messages may hold what a caller typed, valid UTF-8 or not.
    auto text =
        body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    std::fprintf(stderr, "larder: %s\n", message_of(err).c_str());
  }
  return exit_code_of(err);
}

ec ec_named(std::string_view name, int status) {
  for (auto i = static_cast<int>(ec::invalid_request);
       i <= static_cast<int>(ec::deadline_exceeded); ++i)
    if (name_of(static_cast<ec>(i)) == name)
      return static_cast<ec>(i);
  for (auto i = static_cast<int>(ec::invalid_request);
       i <= static_cast<int>(ec::deadline_exceeded); ++i)
    if (status_of(static_cast<ec>(i)) == status)
      return static_cast<ec>(i);
  return status >= 400 && status < 500 ? ec::invalid_request : ec::internal;
}

}  // namespace larder::cli
