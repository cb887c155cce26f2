#include "storage/error.hpp"

#include <caf/atom.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <array>
#include <utility>

namespace larder {

namespace {

constexpr auto category = caf::atom("larder");

struct row {
  std::string_view name;
  int status;
  std::string_view sentence;
};

constexpr std::array<row, 11> rows{{
    {"none", 200, "no error"},
    {"invalid_request", 400, "the request breaks the contract"},
    {"not_found", 404, "no such key"},
    {"revision_conflict", 409, "another revision is current"},
    {"too_large", 413, "over the size limit"},
    {"busy", 429, "the node has too much to do; retry later"},
    {"internal", 500, "internal error"},
    {"not_supported", 501, "not supported"},
    {"unavailable", 503, "a tier cannot be reached; retry later"},
    {"deadline_exceeded", 504, "the deadline passed first"},
    {"configuration", 500, "the configuration is wrong"},
}};

const row& row_of(ec code) {
  auto i = static_cast<std::size_t>(code);
  return rows[i < rows.size() ? i : static_cast<std::size_t>(ec::internal)];
}

}  // namespace

std::string_view name_of(ec code) {
  return row_of(code).name;
}

int status_of(ec code) {
  return row_of(code).status;
}

caf::error make_error(ec code) {
  return {static_cast<std::uint8_t>(code), category};
}

caf::error fail(ec code, std::string message) {
  return {static_cast<std::uint8_t>(code), category,
          caf::make_message(std::move(message))};
}

caf::error conflict(std::int64_t current, std::string message) {
  return {static_cast<std::uint8_t>(ec::revision_conflict), category,
          caf::make_message(std::move(message), current)};
}

ec code_of(const caf::error& err) {
  if (!err)
    return ec::none;
  if (err.category() == category)
    return static_cast<ec>(err.code());
  if (err == caf::sec::request_timeout)
    return ec::deadline_exceeded;
  return ec::internal;
}

std::string message_of(const caf::error& err) {
  if (err.category() == category && !err.context().empty()
      && err.context().match_element<std::string>(0))
    return err.context().get_as<std::string>(0);
  if (err && err.category() != category && code_of(err) == ec::internal)
    return "internal error (code " + std::to_string(err.code()) + ")";
  return std::string{row_of(code_of(err)).sentence};
}

std::int64_t current_revision_of(const caf::error& err) {
  if (err.category() == category && err.context().size() > 1
      && err.context().match_element<std::int64_t>(1))
    return err.context().get_as<std::int64_t>(1);
  return -1;
}

}  // namespace larder
