#include "node/logging.hpp"

#include "storage/error.hpp"
#include "storage/json.hpp"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>

namespace larder {

namespace {

constexpr const char* level_names = "trace, debug, info, warn, error, off";

std::optional<spdlog::level::level_enum> level_named(std::string_view name) {
  using namespace spdlog::level;
  if (name == "trace")
    return trace;
  if (name == "debug")
    return debug;
  if (name == "info")
    return info;
  if (name == "warn")
    return warn;
  if (name == "error")
    return err;
  if (name == "off")
    return off;
  return std::nullopt;
}

std::string_view name_of_level(spdlog::level::level_enum level) {
  using namespace spdlog::level;
  switch (level) {
  case trace:
    return "trace";
  case debug:
    return "debug";
  case info:
    return "info";
  case warn:
    return "warn";
  case off:
    return "off";
  default:
    return "error";
  }
}

std::string utc_time(spdlog::log_clock::time_point at) {
  using namespace std::chrono;
  auto whole = floor<seconds>(at);
  auto millis = duration_cast<milliseconds>(at - whole).count();
  auto since = spdlog::log_clock::to_time_t(whole);
  std::tm utc{};
  gmtime_r(&since, &utc);
  char text[40];
  auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return std::string{text, size} + "."
         + std::to_string(1'000 + millis).substr(1) + "Z";
}

// One JSON object a line; a pattern could not escape the message.
class json_formatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& from,
              spdlog::memory_buf_t& to) override {
    std::string line{R"({"time":")"};
    line += utc_time(from.time);
    line += R"(","level":")";
    line += name_of_level(from.level);
    line += R"(","message":)";
    append_json_string(line, {from.payload.data(), from.payload.size()});
    line += "}\n";
    to.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }
};

}  // namespace

caf::expected<void> start_logging(const config::log_settings& settings) {
  auto level = level_named(settings.level);
  if (!level)
    return fail(ec::configuration, "log.level is \"" + settings.level
                                       + "\"; expected one of " + level_names);
  std::shared_ptr<spdlog::logger> logger;
  if (settings.format == "json") {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    logger = std::make_shared<spdlog::logger>("larder", sink);
    logger->set_formatter(std::make_unique<json_formatter>());
  } else if (settings.format == "text") {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    logger = std::make_shared<spdlog::logger>("larder", sink);
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-5l%$ %v");
  } else {
    return fail(ec::configuration, "log.format is \"" + settings.format
                                       + "\"; expected text or json");
  }
  logger->set_level(*level);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  return caf::unit;
}

caf::expected<void> set_log_level(std::string_view level) {
  auto wanted = level_named(level);
  if (!wanted)
    return fail(ec::invalid_request,
                "there is no log level \"" + std::string{level}
                    + "\"; expected one of " + level_names);
  spdlog::default_logger()->set_level(*wanted);
  return caf::unit;
}

std::string log_level() {
  return std::string{name_of_level(spdlog::default_logger()->level())};
}

}  // namespace larder
